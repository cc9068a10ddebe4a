"""What the person before the phone notices and answers: the world as it shows itself to eyes and fingers.

Answers are looked up in the world, as the question says where to look; never in the fault. People err and do not know:
how often is said here, and chance decides with the case's own seed.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from unstuck.chain.link.radio.controller import SLOTS
from unstuck.chain.link.radio.physics import Barrier, Spot, distance_m
from unstuck.chain.phone.entries import Attempt
from unstuck.chain.phone.host import Bucket, HostAct, Network
from unstuck.chain.phone.reasons import Outcome, Side
from unstuck.chain.releases.versions import is_too_old
from unstuck.doctor.guide.state import UNSURE
from unstuck.lab.acts import NEWEST_APP
from unstuck.lab.phone.phone import LabPhone
from unstuck.lab.state import Claimed, Down, Hung, Login, State, Wedged
from unstuck.lab.ways import causes

UNSURE_SHARE = 0.08
"""Share of questions that a person cannot answer. Judgement: of things that can be looked up few stay open."""

WRONG_SHARE = 0.02
"""Share of answers that are wrong. Judgement: misread or misremembered."""

_DAY_S = 86_400.0
_WEEK_HOURS = 168
_RECENT_S = 3 * _DAY_S
FAR_M = 9.0
"""From here on a person says "further apart than some steps"."""

_NIGHT = range(2, 6)
"""Hours (UTC) in which people sleep, whatever else they do."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What there is to see. ``state``: the world. ``attempts``: the app's, which its screen tells of; ``late_s``: how
    old the newest thing is that the service holds; ``now_s``: Unix seconds; ``kept_hours``: of the tracker's memory."""

    state: State
    attempts: Sequence[Attempt]
    late_s: float
    now_s: float
    kept_hours: int

    def last(self, side: Side) -> Attempt | None:
        """The newest attempt of a side."""
        return next((one for one in reversed(self.attempts) if one.side is side), None)

    @property
    def shown_late_s(self) -> float:
        """How old the newest thing is that the app shows."""
        return self.late_s + self.state.service.shows_late_s


FROZEN_S = 40 * 60.0
"""From here a person says that the steps have not moved: two syncs and a half."""


def symptoms(sight: Sight) -> list[str]:
    """Everything that a person could complain of now, the plainest first. Empty: nothing is to be seen."""
    found = []
    drain, upload = sight.last(Side.DRAIN), sight.last(Side.UPLOAD)
    frozen = sight.shown_late_s >= FROZEN_S
    if drain is not None and drain.outcome is Outcome.LINK_LOST:
        found.append("keeps_dropping")
    elif drain is not None and drain.outcome.value.startswith("bluetooth."):
        found.append("never_connects")
    if frozen and upload is not None and upload.outcome in _SHOWN:
        found.append("error_shown")
    if frozen and sight.state.wrist.worn and not sight.state.wrist.off and not sight.state.wrist.sensor_dead:
        found.append("steps_frozen")
    hours = {int((sight.now_s - back) // 3600) % 24 for back in range(0, int(sight.shown_late_s), 1800)}
    if frozen and hours & set(_NIGHT):
        found.append("sleep_missing")
    if abs(sight.state.phone.state.clock_offset_s) > 3600:
        found.insert(0, "count_differs")
    if frozen and sight.state.wrist.sensor_dead:
        found.insert(0, "workout_incomplete")
    if frozen:
        found.append("silent")
    return found


def complaint(sight: Sight, dice: random.Random) -> str:
    """What this person says first; empty when nothing is to be complained of. The plainest is named most often."""
    able = symptoms(sight)
    if not able:
        return ""
    return dice.choices(able, [0.6**place for place in range(len(able))])[0]


def everything_said(sight: Sight, seed: str) -> dict[str, str]:
    """What this person says to every question."""
    return {question: answer(question, sight, seed) for question in sorted(_LOOK_UP)}


def answer(question: str, sight: Sight, seed: str, time: int = 1) -> str:
    """The answer to a question: looked up, now and then not known or wrong. KeyError: no such question.

    The same person errs about the same things, in whatever order they are asked: ``seed`` is the person. ``time``: who
    looks once more, because something was done, looks with fresh eyes (2: for the second time).
    """
    truth, wrong = _LOOK_UP[question](sight)
    roll = random.Random(f"answers {seed} {question}" + (f" {time}" if time > 1 else "")).random()
    if question in _SURE:
        return truth
    if roll < UNSURE_SHARE:
        return UNSURE
    return wrong if roll < UNSURE_SHARE + WRONG_SHARE else truth


Answers = tuple[str, str]
"""What is so, and what a person says who errs."""


def _whether(yes: str, no: str, look: Callable[[Sight], bool]) -> Callable[[Sight], Answers]:
    def answers(sight: Sight) -> Answers:
        return (yes, no) if look(sight) else (no, yes)

    return answers


def _phone(sight: Sight) -> LabPhone:
    return sight.state.phone


_BACKGROUND = frozenset({"phone.background_restricted", "phone.battery_saver", "phone.background_data_off"})
"""Limits that are lifted while the app is on the screen."""

_AIR = frozenset({"tracker.battery_empty", "tracker.hung", "phone.permission_missing"})
"""With these the app finds no tracker, or loses it, beside all causes between the radios."""

_INSIDE = frozenset({"tracker.firmware_outdated", "phone.storage_full"})
"""With these a sync begins and does not end."""


def _by_hand(sight: Sight) -> Answers:
    """What a sync with the app on the screen comes to, from the wrist on; the wrong answer is another way's."""
    state = sight.state
    app, left = _phone(sight).state.app, causes(state) - _BACKGROUND
    if not app.enabled or app.data_corrupt:
        return "closes", "error"
    if left & _AIR or any(cause.startswith("bluetooth.") for cause in left) or state.wrist.restarts_every_s:
        return ("breaks_off", "not_found") if _comes_and_goes(sight) else ("not_found", "error")
    if left & _INSIDE or state.wrist.memory_refuses:
        return "breaks_off", "works"
    if state.service.login is not Login.GOOD:
        return "sign_in", "error"
    if left & {"phone.offline", "server.outage", "server.account_problem", "phone.app_outdated"}:
        return "error", "not_found"
    if left - {"tracker.memory_full", "phone.app_stopped"}:
        return "old", "works"
    return "works", "old"


def _unreachable(sight: Sight) -> bool:
    """Whether no connection comes about: what is between the radios comes before what they say to each other."""
    left = causes(sight.state) - {"bluetooth.bond_broken"}
    return (
        bool(left & {"tracker.battery_empty", "phone.permission_missing"})
        or sight.state.wrist.hung is Hung.RADIO
        or any(cause.startswith("bluetooth.") for cause in left)
    )


def _comes_and_goes(sight: Sight) -> bool:
    """What an app shows as a connection that came and went; that it never came about it shows as none.

    A tracker that keeps restarting is there now and then: as it was last time.
    """
    if _unreachable(sight):
        return False
    if sight.state.wrist.restarts_every_s:
        drain = sight.last(Side.DRAIN)
        return drain is not None and drain.outcome is Outcome.LINK_LOST
    return True


def _apart(sight: Sight) -> bool:
    """A wall between, or more than some steps: what a person sees of the rooms."""
    rooms = sight.state.rooms
    return any(isinstance(wall, Barrier) and wall.x1_m < rooms.wrist.x_m for wall in rooms.walls) or (
        distance_m(rooms.wrist, Spot()) > FAR_M
    )


def _others_fail(sight: Sight) -> bool:
    """Headphones need the phone's Bluetooth on and sound, and room; the client slots of apps are not theirs."""
    wedged = sight.state.rooms.wedged
    off = _phone(sight).state.bluetooth != "on"
    return off or wedged in (Wedged.TURNING, Wedged.REFUSES, Wedged.CHIP) or sight.state.rooms.phone_links >= SLOTS


def _pairing_told(sight: Sight) -> bool:
    """The system's own notices, once the app is open and calls it: it asks to pair where it has no key, and says so
    where pairing fails."""
    return "bluetooth.bond_broken" in causes(sight.state) and not _unreachable(sight)


def _works_close(sight: Sight) -> bool:
    left = causes(sight.state) - {"bluetooth.out_of_range"}
    return not (left - _BACKGROUND - {"tracker.memory_full", "server.delay", "tracker.not_worn"})


def _background(sight: Sight) -> Answers:
    app = _phone(sight).state.app
    if app.restricted or _phone(sight).standby.bucket is Bucket.RESTRICTED:
        return "restricted", "optimised"
    return ("unrestricted", "optimised") if app.doze_exempt and app.auto_start else ("optimised", "unrestricted")


def _store(sight: Sight) -> Answers:
    app, service = _phone(sight).state.app, sight.state.service
    if is_too_old(app.version_name, service.minimum_app):
        return "refused", "update"
    months = (sight.now_s - app.updated_s) / (30 * _DAY_S)
    return ("update", "open") if is_too_old(app.version_name, NEWEST_APP) and months > 3 else ("open", "update")


def _listed(sight: Sight) -> Answers:
    claimed = sight.state.service.claimed
    return {Claimed.OWN: ("yes", "no"), Claimed.RELEASED: ("no", "yes"), Claimed.OTHER: ("no", "yes")}[claimed]


def _arrived(sight: Sight) -> bool:
    """The app, opened to look, syncs and says so, and shows nothing of it: late, empty, or under another time."""
    return _by_hand(sight)[0] == "old"


_SHOWN = frozenset(
    {
        Outcome.SERVER_FAULT,
        Outcome.SERVER_BUSY,
        Outcome.SERVER_MAINTENANCE,
        Outcome.SERVER_UNREADABLE,
        Outcome.AGENT_TOO_OLD,
        Outcome.NOT_CLAIMED,
        Outcome.RELEASED,
        Outcome.TOKEN_UNKNOWN,
        Outcome.TOKEN_REVOKED,
        Outcome.TOKEN_PASSWORD_CHANGED,
        Outcome.TOKEN_SECOND_FACTOR,
        Outcome.SERVER_SILENT,
    }
)
"""What an app tells its person of; that a tracker is not heard is shown as "not connected"."""

_SURE = frozenset({"phone_maker", "login_known", "battery_half"})
"""What nobody errs about."""

_STRICT = ("huawei", "xiaomi", "samsung", "oneplus")

_LOOK_UP: Mapping[str, Callable[[Sight], Answers]] = {
    "bluetooth_on": _whether("on", "off", lambda s: _phone(s).state.bluetooth not in ("off", "ble_on")),
    "airplane_mode": _whether("yes", "no", lambda s: _phone(s).state.airplane_mode),
    "tracker_screen": _whether("low", "fine", lambda s: s.state.wrist.battery_percent < 10),
    "restarts": _whether("yes", "no", lambda s: s.state.wrist.restarts_every_s > 0),
    "last_sync": _whether("days", "sooner", lambda s: s.late_s >= s.kept_hours * 3600 * 5 * 24 / _WEEK_HOURS),
    "worn": _whether("yes", "no", lambda s: s.state.wrist.worn and not s.state.wrist.on_charger),
    "firmware": _whether("yes", "no", lambda s: s.state.person.update_waited),
    "tracker_time": _whether("no", "yes", lambda s: _shows_another_time(s)),
    "close_helps": _whether("yes", "no", _works_close),
    "sender_near": _whether("yes", "no", lambda s: bool(s.state.rooms.jammers)),
    "connected_devices": _whether("many", "few", lambda s: s.state.rooms.phone_links >= 5),
    "in_bluetooth_list": _whether("no", "yes", lambda s: s.state.phone_forgot),
    "other_phone": _whether("yes", "no", lambda s: s.state.rooms.other_phone),
    "toggle_helped": _whether("yes", "no", lambda s: s.state.person.helped_before),
    "battery_saver": _whether("yes", "no", lambda s: _phone(s).state.battery_saver),
    "background_setting": _background,
    "phone_maker": _whether("strict", "other", lambda s: _phone(s).model.maker.lower() in _STRICT),
    "sync_by_hand": _by_hand,
    "where": _whether("apart", "together", _apart),
    "others_connect": _whether("no", "yes", _others_fail),
    "pairing_message": _whether("yes", "no", _pairing_told),
    "own_count": _whether("no", "yes", lambda s: s.state.wrist.off or s.state.wrist.sensor_dead),
    "permissions": _whether("missing", "all", lambda s: bool(_phone(s).forbids(HostAct.SCAN)) and _denied(s)),
    "location_switch": _whether("off", "on", lambda s: not _phone(s).state.location and _phone(s).model.sdk < 31),
    "background_data": _whether("no", "yes", lambda s: _data_blocked(s)),
    "free_space": _whether("yes", "no", lambda s: _phone(s).state.storage_low),
    "force_stopped": _whether("yes", "no", lambda s: _phone(s).state.app.stopped or not _phone(s).state.app.enabled),
    "app_crashes": _whether("yes", "no", lambda s: _phone(s).state.app.data_corrupt),
    "app_update": _store,
    "system_update": _whether("yes", "no", lambda s: s.now_s - _phone(s).state.system_updated_s < _RECENT_S),
    "web_page": _whether("no", "yes", lambda s: _offline(s)),
    "status_page": _whether(
        "incident", "green", lambda s: s.state.service.down is not Down.NO and not s.state.service.status_green
    ),
    "others": _whether("yes", "no", lambda s: s.state.service.others_late),
    "asks_login": _whether("yes", "no", lambda s: s.state.service.login is not Login.GOOD),
    "password_changed": _whether(
        "yes", "no", lambda s: s.state.service.login in (Login.PASSWORD_CHANGED, Login.SECOND_FACTOR)
    ),
    "tracker_listed": _listed,
    "account_shown": _whether("other", "same", lambda s: s.state.service.claimed is Claimed.OTHER),
    "arrived": _whether("yes", "no", _arrived),
    "login_known": _whether("yes", "no", lambda s: _signs_in(s)),
    "battery_half": _whether("yes", "no", lambda s: s.state.wrist.battery_percent >= 50),
}


def _signs_in(sight: Sight) -> bool:
    """On the service's web page, as the question asks: that fails too while the service is down."""
    return sight.state.person.knows_login and sight.state.service.down is Down.NO


def _shows_another_time(sight: Sight) -> bool:
    """The tracker's time beside the phone's, and both beside the real one, which people know well enough."""
    return abs(_phone(sight).state.clock_offset_s) > 3600


def _denied(sight: Sight) -> bool:
    return any(one.cause == "phone.permission_missing" for one in _phone(sight).forbids(HostAct.SCAN))


def _data_blocked(sight: Sight) -> bool:
    app = _phone(sight).state.app
    return app.rejected_metered or (_phone(sight).state.data_saver and not app.data_saver_exempt)


def _offline(sight: Sight) -> bool:
    """A page in the browser: certificates count there too."""
    return _phone(sight).state.network is not Network.VALIDATED or "phone.offline" in causes(sight.state)
