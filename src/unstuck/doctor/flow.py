"""Does data move, and since when not: what the evidence shows of the boundaries between the hops.

Facts enter, a :class:`Flow` leaves. This says *where* and *since when*; *why* is the network's part.
A stop stays until something shows that it is over; a move is only a move while it is fresh.
"""

from datetime import UTC, datetime, timedelta

from unstuck.doctor.agent import at_work, watch_agent
from unstuck.doctor.boundaries import QUIET_OK, STALE, Flow, Move, Seen, Stop
from unstuck.doctor.case import Case, as_time
from unstuck.doctor.knowledge.schema import Boundary
from unstuck.doctor.links import SETTLED, TROUBLE, LinkSpan
from unstuck.doctor.rules.server import UNANSWERED
from unstuck.model.evidence import Fact
from unstuck.model.hop import Hop
from unstuck.model.vocabulary import AGENT
from unstuck.model.worded import Number, worded

DATA_BYTES = 20
"""Value bytes of one attribute, less one for each packet, from which a link carried data: one full packet of the
smallest MTU. Less is an answer to the set-up of the link; a packet of one byte is a request to begin."""

FAST_HOURS = 0.05
"""Hours at full speed that make a sync in a day (3 minutes); about 20 minutes a day is healthy."""

FULL_DAY_HOURS = 20.0
"""A day of the tracker's radio log with fewer hours than this has only begun."""

WAIT_HOURS = 20.0
"""Hours of advertising that mean that no phone came all day."""

IDLE_HOURS = 12.0
"""Hours with the link up and the app silent that mean that the app is stuck; healthy days had 3 or fewer."""

OFF_WRIST_HOURS = 20.0
"""Hours off the wrist that make a day on which there was nothing to bring."""

SERIES_BEHIND = timedelta(days=1)
"""The service may lag a day behind an export's tracker log without a fault: exports are cut at midnight."""

LOST_STATUS = frozenset({0x08, 0x22, 0x3E, 0x85})
"""GATT states that mean that the radio failed: supervision and link manager time-out, not established, 133."""

FAILED_UPLOADS = 3
"""As many attempts without an answer, over half an hour, are no passing trouble: single ones belong to every day."""

REFUSALS = frozenset({401, 403, 410, 426})
"""HTTP answers that end an upload for good until something is changed."""


def watch(case: Case) -> Flow:
    """Look at every boundary that the evidence can show."""
    seen = Seen([], [], [])
    carried = _last_data(case)
    watch_agent(case, seen)
    _bluetooth(case, carried, seen)
    _adapter(case, seen)
    if not at_work(case):
        _tracker_log(case, seen)
    _app(case, carried, seen)
    _server(case, seen)
    stops = [stop for stop in seen.stops if not _overtaken(case, stop)]
    return Flow(tuple(stops), tuple(seen.moves), seen.linked, tuple(seen.notes))


def _overtaken(case: Case, stop: Stop) -> bool:
    """Whether minutes that came in later show that a stop before the service is over."""
    proven = [fact.time for fact in stop.facts if fact.time is not None and fact.name.startswith(("link.", "app."))]
    if not proven or stop.boundary is Boundary.UPLOAD:
        return False
    arrived = [as_time(fact.text("newest")) for fact in case.facts.all("server.series")]
    arrived += [as_time(fact.text()) for fact in case.facts.all("tracker.last_sync")]
    return any(moment is not None and max(proven) + QUIET_OK < moment <= case.judged_at for moment in arrived)


def _bluetooth(case: Case, carried: tuple[Fact, datetime] | None, seen: Seen) -> None:
    spans = [span for span in case.links.of(case.subjects) if span.start is None or span.start <= case.judged_at]
    runs = case.links.runs_of_trouble(case.subjects, case.judged_at)
    if not spans and not runs:
        _by_log(case, seen)
        return
    last = spans[-1] if spans else None
    up = last is not None and (last.end is None or last.end > case.judged_at)
    run = runs[-1] if runs and not case.links.settled(case.subjects, runs[-1][1], case.judged_at) else None
    hung_up = last is not None and last.closed is not None and last.closed.name not in TROUBLE
    seen.linked = None if hung_up and not up else up
    if up and last is not None and (run is None or run[2] == 1):
        _up(case, last, carried, seen)
    elif run is not None:
        _failing(case, run, up, last, carried, seen)
    elif last is not None and last.end is not None:
        _ended_in_order(case, last, last.end, carried, seen)


def _by_log(case: Case, seen: Seen) -> None:
    """Without a trace: a loss in the phone's own log that no connection follows."""
    lines = [fact for fact in case.of_tracker("gatt.status") if fact.time is not None]
    if not lines or lines[-1].number("status") not in LOST_STATUS:
        return
    since = _time(lines[-1])
    if QUIET_OK < case.judged_at - since <= STALE:
        before = any(fact.number("status") == 0 for fact in lines)
        text = worded("the link was lost and did not come back")
        seen.stops.append(Stop(Hop.BLUETOOTH, since, text, (lines[-1],), Boundary.LINK, before))


def _up(case: Case, last: LinkSpan, carried: tuple[Fact, datetime] | None, seen: Seen) -> None:
    """The link is up as far as anybody watched."""
    watched = min(last.seen_until or case.judged_at, case.judged_at)
    if case.judged_at - watched > QUIET_OK:
        seen.linked = None  # the trace ended long before the moment in question
        return
    if carried is not None and case.judged_at - carried[1] <= QUIET_OK:
        seen.moves.append(Move(Hop.BLUETOOTH, worded("data moved over the link"), _present(carried[0], last.opened)))
    elif carried is not None and watched - carried[1] > QUIET_OK:
        text = worded("the link is up, but nothing has moved over it")
        seen.stops.append(Stop(Hop.PHONE, carried[1], text, (carried[0],), Boundary.DRAIN))
    else:
        seen.notes.append(worded("The tracker's link is up; what goes over it is not in this evidence."))


def _failing(
    case: Case,
    run: tuple[datetime, datetime, int],
    up: bool,
    last: LinkSpan | None,
    carried: tuple[Fact, datetime] | None,
    seen: Seen,
) -> None:
    """The radio failed and no link has settled since."""
    began, _, count = run
    if count == 1 and not up and case.judged_at - began <= QUIET_OK and _watched_to(case) - began <= QUIET_OK:
        seen.notes.append(
            worded("The link was lost a short while ago; that alone belongs to every day. Look again in half an hour.")
        )
        return
    proof = tuple(
        fact
        for fact in case.links.trouble_of(case.subjects)
        if fact.time is not None and began <= fact.time <= case.judged_at
    )
    before = any(span.start is None or span.start < began for span in case.links.of(case.subjects))
    text = worded("the link keeps failing") if count > 1 else worded("the link was lost and did not come back")
    seen.stops.append(Stop(Hop.BLUETOOTH, began, text, proof, Boundary.LINK, before or carried is not None))
    if last is None or last.start is None or last.start <= began or carried is None or carried[1] < last.start:
        return
    held = (min(last.end or last.seen_until or case.judged_at, case.judged_at) - last.start) / timedelta(minutes=1)
    needed = worded("it counts as mended from {value} minutes on", value=Number(SETTLED / timedelta(minutes=1)))
    again = worded("is back") if up else worded("came back")
    if held >= 1:
        seen.notes.append(
            worded(
                "The link {again} for {held} min and carried data; {needed}.",
                again=again,
                held=Number(held),
                needed=needed,
            )
        )


def _ended_in_order(
    case: Case, last: LinkSpan, end: datetime, carried: tuple[Fact, datetime] | None, seen: Seen
) -> None:
    """The newest link was closed by somebody, without any failure before it."""
    began = [fact.time for fact in case.facts.all("hci.reset") if fact.time is not None and end < fact.time]
    quiet_since = max([end, *(moment for moment in began if moment <= case.judged_at)])
    if case.judged_at - quiet_since > QUIET_OK:
        text = worded("the link was closed and not opened again")
        seen.stops.append(Stop(Hop.BLUETOOTH, end, text, _present(last.closed), Boundary.LINK))
    elif carried is not None and end - carried[1] > QUIET_OK and last.start is not None and last.start > carried[1]:
        text = worded("the link comes up, but nothing moves over it")
        seen.stops.append(Stop(Hop.PHONE, carried[1], text, _present(carried[0], last.closed), Boundary.DRAIN))
    elif carried is not None and case.judged_at - carried[1] <= QUIET_OK:
        text = worded("data moved until shortly before the end")
        seen.moves.append(Move(Hop.BLUETOOTH, text, _present(carried[0], last.closed)))
    else:
        seen.notes.append(worded("The tracker's link was closed a short while ago; that alone is no fault."))


def _watched_to(case: Case) -> datetime:
    return min(max((ends for _, ends in case.traces.values()), default=case.judged_at), case.judged_at)


def _last_data(case: Case) -> tuple[Fact, datetime] | None:
    """The newest moment at which data, not only the set-up of a link, came from the tracker."""
    found = []
    values = [
        fact
        for fact in case.of_tracker("att.traffic")
        if fact.text("direction") == "received"
        and (fact.number("bytes") or 0) - (fact.number("packets") or 0) >= DATA_BYTES
    ]
    for fact in case.of_tracker("link.traffic"):
        first, last = as_time(fact.text("first")), as_time(fact.text("last"))
        if first is None or last is None or first > case.judged_at:
            continue
        carried = any(
            value.number("link") == fact.number("handle")
            and value.source == fact.source
            and value.time is not None
            and first <= value.time <= last
            for value in values
        )
        if carried:
            found.append((fact, min(last, case.judged_at)))
    return max(found, key=lambda pair: pair[1], default=None)


def _adapter(case: Case, seen: Seen) -> None:
    """Bluetooth that was switched off and is off at the end."""
    state = case.latest("bluetooth.adapter")
    switched = [fact for fact in case.facts.all("bluetooth.switched") if fact.time is not None]
    if not switched or (state is not None and state.text() not in ("off", "ble_on")):
        return
    last = switched[-1]
    if last.flag("on") is False and last.time is not None:
        text = worded("Bluetooth was switched off")
        seen.stops.append(Stop(Hop.BLUETOOTH, last.time, text, _present(last, state), Boundary.LINK))


def _tracker_log(case: Case, seen: Seen) -> None:
    """The newest full day of the tracker's own radio log, and how long it has been like that."""
    days = sorted(
        (fact for fact in case.facts.all("tracker.radio_day") if _hours(fact) >= FULL_DAY_HOURS),
        key=lambda fact: fact.text("date"),
    )
    if not days:
        return
    kind = _kind_of_day(days[-1])
    run: list[Fact] = []
    for day in reversed(days):
        if _kind_of_day(day) != kind:
            break
        run.insert(0, day)
    if kind == "moving":
        seen.moves.append(
            Move(Hop.BLUETOOTH, worded("the tracker's own log shows syncs on its last full day"), (days[-1],))
        )
    elif kind in _STUCK_DAYS and not all(_off_wrist(case, day.text("date")) for day in run):
        hop, text, boundary = _STUCK_DAYS[kind]
        seen.stops.append(Stop(hop, _day(run[0].text("date")), text, tuple(run), boundary, len(run) < len(days)))


_STUCK_DAYS = {
    "waiting": (Hop.BLUETOOTH, worded("the tracker called for a phone all day and none came"), Boundary.LINK),
    "idle": (Hop.PHONE, worded("a phone was connected and its app asked for nothing"), Boundary.DRAIN),
}


def _kind_of_day(fact: Fact) -> str:
    fast, slow = fact.number("fast_h") or 0.0, fact.number("slow_gg_h") or 0.0
    idle = max(fact.number("idle_gg_h") or 0.0, (fact.number("slow_none_h") or 0.0) if slow < 1 else 0.0)
    if fast >= FAST_HOURS:
        return "moving"
    if (fact.number("advertise_h") or 0.0) >= WAIT_HOURS:
        return "waiting"
    return "idle" if idle >= IDLE_HOURS else "unclear"


def _hours(fact: Fact) -> float:
    names = ("advertise_h", "fast_h", "slow_gg_h", "idle_gg_h", "slow_none_h")
    return sum(fact.number(name) or 0.0 for name in names)


def _off_wrist(case: Case, date: str) -> bool:
    """A day in a drawer: that no phone came on it is no fault."""
    return any(
        fact.text("date") == date and (fact.number("off_h") or 0.0) >= OFF_WRIST_HOURS
        for fact in case.facts.all("tracker.wear_day")
    )


def _app(case: Case, carried: tuple[Fact, datetime] | None, seen: Seen) -> None:
    """An app that ended for another reason than ordinary cleaning and did not come back to stay.

    A start that ends in the next kill within two sync rhythms is no recovery; any later sign of life is.
    """
    ends = [
        fact
        for fact in case.of_app("app.killed", "app.crashed")
        if fact.time is not None and (fact.name == "app.crashed" or fact.text("kind") in ("background", "vendor"))
    ]
    starts = [fact.time for fact in case.of_app("app.started") if fact.time is not None]
    standing: list[Fact] = []
    for fact in ends:
        lived = [start for start in starts if standing and _time(standing[-1]) < start <= _time(fact)]
        if lived and _time(fact) - lived[0] > QUIET_OK:
            standing = []
        standing.append(fact)
    alive = [fact.time for fact in case.of_app("app.started", "app.http", "app.error", "app.beat", "app.sync")]
    alive.append(carried[1] if carried is not None else None)
    alive += [move.facts[0].time for move in seen.moves if move.facts]
    if not standing or any(moment is not None and moment > _time(standing[-1]) for moment in alive):
        return
    if case.judged_at - _time(standing[-1]) <= STALE:
        text = worded("the app ended and was not started again")
        seen.stops.append(Stop(Hop.PHONE, _time(standing[0]), text, tuple(standing), Boundary.DRAIN))


def _time(fact: Fact) -> datetime:
    assert fact.time is not None
    return fact.time


def _server(case: Case, seen: Seen) -> None:
    """The newest answers of the service in the app's own log, and the newest minute in an export."""
    answers = [
        fact
        for fact in case.of_app("app.http")
        if fact.time is not None and fact.number("status") and fact.subject != AGENT  # its attempts say more
    ]
    bad: list[Fact] = []
    good: list[Fact] = []
    for fact in answers:
        status = fact.number("status") or 0
        if status in REFUSALS or status >= 500:
            bad.append(fact)
        elif 200 <= status < 300:
            bad, good = [], [fact]
    failed = [
        fact
        for fact in case.of_app("app.error")
        if fact.text("kind") in UNANSWERED and fact.time is not None and fact.subject != AGENT
    ]
    failed = [fact for fact in failed if not good or _time(fact) > _time(good[-1])]
    if len(failed) >= FAILED_UPLOADS and not bad and QUIET_OK <= case.judged_at - _time(failed[0]) <= STALE:
        text = worded("the app gets no answer from its service")
        seen.stops.append(Stop(Hop.SERVER, _time(failed[0]), text, tuple(failed), Boundary.UPLOAD, bool(good)))
        good = []
    if len(bad) >= 2 and case.judged_at - _time(bad[-1]) <= STALE:
        text = worded("the service turns the app's uploads away")
        seen.stops.append(Stop(Hop.SERVER, _time(bad[0]), text, tuple(bad), Boundary.UPLOAD, bool(good)))
    elif good and not bad and case.judged_at - _time(good[-1]) <= QUIET_OK:
        seen.moves.append(Move(Hop.SERVER, worded("the service accepted an upload"), (good[-1],)))
    _export(case, seen)


def _export(case: Case, seen: Seen) -> None:
    newest = [
        (fact, moment)
        for fact in case.facts.all("server.series")
        if (moment := as_time(fact.text("newest"))) is not None and moment <= case.judged_at
    ]
    log = [fact.time for fact in case.facts.all("tracker.battery") if fact.time is not None]
    log += [_day(fact.text("date")) + timedelta(days=1) for fact in case.facts.all("tracker.radio_day")]
    if not newest or not log:
        return
    fact, moment = max(newest, key=lambda pair: pair[1])
    reach = min(max(log), case.judged_at)
    missing = [(_day(day.text("date")), day) for day in case.facts.all("tracker.wear_day")]
    gap = [day.text("date") for begins, day in missing if moment < begins + timedelta(days=1) and begins < reach]
    in_a_drawer = bool(gap) and all(_off_wrist(case, date) for date in gap)
    if reach - moment >= SERIES_BEHIND and not in_a_drawer:
        text = worded("the service has nothing newer although the tracker's log goes on")
        seen.stops.append(Stop(Hop.PHONE, moment, text, (fact,), Boundary.ANY))


def _day(date: str) -> datetime:
    return datetime.fromisoformat(date).replace(tzinfo=UTC)


def _present(*facts: Fact | None) -> tuple[Fact, ...]:
    return tuple(fact for fact in facts if fact is not None)
