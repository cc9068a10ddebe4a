"""What goes wrong at the service and with the account."""

import random

from unstuck.lab.faults.fault import Change, Fault, at_once
from unstuck.lab.state import Claimed, Down, Login, State

HOUR_S = 3_600.0


def _down(how: Down, *, green: float = 0.5) -> Change:
    """``green``: chance that the status page says nothing of it (a green page is only one weak sign)."""

    def change(state: State, dice: random.Random) -> None:
        state.service.down = how
        state.service.status_green = dice.random() < green
        state.service.others_late = True

    return change


def _login(how: Login) -> Change:
    def change(state: State, dice: random.Random) -> None:
        state.service.login = how
        state.person.knows_login = True

    return change


def _claimed(how: Claimed) -> Change:
    def change(state: State, dice: random.Random) -> None:
        state.service.claimed = how

    return change


def _late(state: State, dice: random.Random) -> None:
    state.service.shows_late_s = dice.uniform(5.0, 12.0) * HOUR_S


FAULTS = (
    Fault("service_fails", "server.outage", "The service answers 500", at_once(_down(Down.FAULT))),
    Fault("service_unavailable", "server.outage", "The service answers 503", at_once(_down(Down.UNAVAILABLE))),
    Fault(
        "service_hangs", "server.outage", "The service takes requests and never answers", at_once(_down(Down.TIMEOUT))
    ),
    Fault(
        "wrong_answers",
        "server.outage",
        "The service answers with a page of its proxy, and its status page is green",
        at_once(_down(Down.GARBAGE, green=1.0)),
    ),
    Fault(
        "maintenance",
        "server.outage",
        "The service is in maintenance, and says so",
        at_once(_down(Down.MAINTENANCE, green=0.0)),
    ),
    Fault(
        "password_changed", "server.login_expired", "The password was changed", at_once(_login(Login.PASSWORD_CHANGED))
    ),
    Fault(
        "second_factor", "server.login_expired", "A second factor was switched on", at_once(_login(Login.SECOND_FACTOR))
    ),
    Fault(
        "login_revoked", "server.login_expired", "The app's login was ended elsewhere", at_once(_login(Login.REVOKED))
    ),
    Fault(
        "removed_from_account",
        "server.account_problem",
        "The tracker was removed from the account",
        at_once(_claimed(Claimed.RELEASED)),
        form="removed",
    ),
    Fault(
        "other_account",
        "server.account_problem",
        "The app is signed in to another account than the tracker's",
        at_once(_claimed(Claimed.OTHER)),
        form="elsewhere",
    ),
    Fault("shown_late", "server.delay", "All has arrived, and the service shows it hours later", at_once(_late)),
)
