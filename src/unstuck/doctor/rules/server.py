"""Rules about the service and the account, as far as the phone and an export show them."""

from collections.abc import Mapping
from datetime import timedelta

from unstuck.doctor.case import Case, as_time
from unstuck.doctor.rules.outcome import UNKNOWN, Outcome, Rule, either, no, times, yes
from unstuck.model.evidence import Fact
from unstuck.model.worded import Number, worded

SERVER_ERRORS = 2
"""A single 5xx is repeated and forgotten."""

LOGIN_REFUSALS = 2
"""A single 401 is how an app learns that it must renew its token; a refused renewal counts at once."""

UNANSWERED = frozenset({"dns", "tls", "timeout", "unreadable"})
"""Errors of an app that got no answer, or none that it could read."""

FRESH = timedelta(minutes=30)
"""Minutes this near the end of the evidence have arrived: two expected sync rhythms."""


def service_errors(case: Case) -> Outcome:
    """5xx answers in the app's own log lines."""
    answers = case.of_app("app.http")
    errors = [fact for fact in answers if 500 <= (fact.number("status") or 0) < 600]
    good = _good(answers)
    errors = _still(case, errors, good)
    if len(errors) >= SERVER_ERRORS:
        return yes(
            worded(
                "the service answered {number}, {times}",
                number=int(errors[-1].number("status") or 0),
                times=times(len(errors), "time"),
            ),
            errors,
        )
    good = _newest(case, good)
    return no("the service answered well", good) if good else UNKNOWN


def service_unreadable(case: Case) -> Outcome:
    """Errors of the app's parser, unless a good answer follows."""
    errors = [fact for fact in case.of_app("app.error") if fact.text("kind") == "unreadable"]
    good = _good(case.of_app("app.http"))
    errors = _still(case, errors, good)
    if errors:
        return yes(
            worded("the app could not read what the service answered ({times})", times=times(len(errors), "time")),
            errors,
        )
    good = _newest(case, good)
    return no("the service's answers could be read", good) if good else UNKNOWN


def login_refused(case: Case) -> Outcome:
    """401 answers and refused tokens, unless a good answer follows."""
    answers = case.of_app("app.http")
    refused = [fact for fact in answers if fact.number("status") == 401]
    tokens = [fact for fact in case.of_app("app.error") if fact.text("kind") == "auth"]
    good = _good(answers)
    refused = _still(case, sorted([*refused, *tokens], key=_stamp), good)
    if len(refused) >= LOGIN_REFUSALS or any(fact in refused for fact in tokens):
        return yes(worded("the service turned the login away ({times})", times=times(len(refused), "time")), refused)
    return no("the service accepted the login", good[-1:]) if good else UNKNOWN


def account_refused(case: Case) -> Outcome:
    """403 and 410 answers and account errors."""
    answers = case.of_app("app.http")
    refused = [fact for fact in answers if fact.number("status") in (403, 410)]
    refused += [fact for fact in case.of_app("app.error") if fact.text("kind") == "account"]
    good = _good(answers)
    refused = _still(case, sorted(refused, key=_stamp), good)
    if refused:
        status = refused[-1].number("status")
        if not status:
            return yes("the service refuses the account", refused)
        return yes(worded("the service refuses the account ({status})", status=Number(status)), refused)
    return no("the service accepted the account", good[-1:]) if good else UNKNOWN


def tracker_not_in_account(case: Case) -> Outcome:
    """The account's device list against the tracker."""
    listed = case.facts.all("tracker.device")
    if not listed or case.tracker is None:
        return UNKNOWN
    addresses = {fact.text("address").lower() for fact in listed if fact.text("address")}
    names = {fact.text("name").casefold() for fact in listed} | {fact.text("type").casefold() for fact in listed}
    mine = case.tracker.name.casefold() in names or bool(({case.tracker.id} | case.subjects) & addresses)
    if mine or any(fact.subject in case.subjects for fact in listed):
        return no("the tracker is among the account's devices", listed[:1])
    return yes(worded("the account lists {devices} and not this one", devices=times(len(listed), "device")), listed)


def arrived_but_not_shown(case: Case) -> Outcome:
    """Fresh minutes at the service while the person reports that nothing moves."""
    complaint = case.latest("reported.symptom")
    told = case.facts.all("server.series")
    told += [fact for fact in case.of_tracker("ledger.watermark") if fact.text("hop") == "server"]
    newest = [
        (fact, moment)
        for fact in told
        if (moment := as_time(fact.text("newest"))) is not None and moment <= case.judged_at
    ]
    if not newest or complaint is None:
        return UNKNOWN
    fact, moment = max(newest, key=lambda pair: pair[1])
    if case.judged_at - moment <= FRESH:
        return yes("the service holds minutes right up to the end", [fact])
    return no("the service holds nothing newer than what is shown", [fact])


def _good(answers: list[Fact]) -> list[Fact]:
    return [fact for fact in answers if 200 <= (fact.number("status") or 0) < 300]


def _newest(case: Case, good: list[Fact]) -> list[Fact]:
    """The last good answer, if the app has not failed to reach or to read its service since."""
    failed = [fact for fact in case.of_app("app.error") if fact.text("kind") in UNANSWERED]
    return good[-1:] if good and not any(_stamp(fact) > _stamp(good[-1]) for fact in failed) else []


def _still(case: Case, bad: list[Fact], good: list[Fact]) -> list[Fact]:
    """Refusals that may still hold: recent, and with no good answer, nor newer minutes, after the last of them."""
    if not bad:
        return []
    last = _stamp(bad[-1])
    newest = [as_time(fact.text("newest")) for fact in case.facts.all("server.series")]
    healed = any(_stamp(fact) > last for fact in good) or any(new and new.timestamp() > last for new in newest)
    return [] if healed else case.recent(bad)


def _stamp(fact: Fact) -> float:
    return fact.time.timestamp() if fact.time is not None else float("-inf")


def service_reports_incident(case: Case) -> Outcome:
    """The status document of our own server; a vendor's page only a person can read."""
    told = case.latest("server.status")
    if told is None:
        return UNKNOWN
    said = ": " + told.text("message") if told.text("message") else ""
    return either(
        told.text("state") == "maintenance",
        worded("the server is in maintenance{said}", said=said),
        "the server says that it is up",
        [told],
    )


def _person_only(_: Case) -> Outcome:
    return UNKNOWN


RULES: Mapping[str, Rule] = {
    "service_errors": service_errors,
    "service_unreadable": service_unreadable,
    "login_refused": login_refused,
    "account_refused": account_refused,
    "tracker_not_in_account": tracker_not_in_account,
    "app_in_other_account": _person_only,
    "arrived_but_not_shown": arrived_but_not_shown,
    "service_reports_incident": service_reports_incident,
    "others_late_too": _person_only,
    "sync_shows_nothing_new": _person_only,
    "login_changed": _person_only,
}
