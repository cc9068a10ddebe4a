"""Does data move, and since when not: what the evidence shows of the boundaries between the hops.

Facts enter, a :class:`Flow` leaves. This says *where* and *since when*; *why* is the network's part.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from unstuck.doctor.case import Case, as_time
from unstuck.doctor.links import LinkSpan
from unstuck.model.evidence import Fact
from unstuck.model.hop import Hop

LINK_PROVEN = timedelta(minutes=10)
"""A link that has held this long with data on it works again; failing ones of the real case held 36 s at most."""

QUIET_OK = timedelta(minutes=30)
"""Two expected sync rhythms: as long a silence on an open link, or as long without a link, is no fault."""

FAST_HOURS = 0.05
"""Hours at full speed that make a sync in a day (3 minutes); about 20 minutes a day is healthy."""

FULL_DAY_HOURS = 20.0
"""A day of the tracker's radio log with fewer hours than this has only begun."""

WAIT_HOURS = 20.0
"""Hours of advertising that mean that no phone came all day."""

IDLE_HOURS = 12.0
"""Hours with the link up and the app silent that mean that the app is stuck; healthy days had 3 or fewer."""

SERIES_BEHIND = timedelta(days=1)
"""The service may lag a day behind an export's tracker log without a fault: exports are cut at midnight."""

REFUSALS = frozenset({401, 403, 410, 426})
"""HTTP answers that end an upload for good until something is changed."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A boundary over which data does not move. ``hop`` is where it stands still."""

    hop: Hop
    since: datetime
    text: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """A boundary over which data was seen to move up to the end. ``hop`` is the hop that works."""

    hop: Hop
    text: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Flow:
    """Everything seen of data standing still or moving. ``linked``: the tracker's link is up at the end."""

    stops: tuple[Stop, ...]
    moves: tuple[Move, ...]
    linked: bool | None = None

    @property
    def first_stop(self) -> Stop | None:
        """The boundary that has stood still the longest."""
        return min(self.stops, key=lambda stop: stop.since, default=None)


def watch(case: Case) -> Flow:
    """Look at every boundary that the evidence can show."""
    stops: list[Stop] = []
    moves: list[Move] = []
    linked = _bluetooth(case, stops, moves)
    _adapter(case, stops)
    _tracker_log(case, stops, moves)
    _app(case, stops)
    _server(case, stops, moves)
    return Flow(tuple(stops), tuple(moves), linked)


def _bluetooth(case: Case, stops: list[Stop], moves: list[Move]) -> bool | None:
    spans = [span for span in case.links.of(case.subjects) if span.start is None or span.start <= case.judged_at]
    trouble = case.links.trouble_of(case.subjects)
    if not spans and not trouble:
        return None
    last = spans[-1] if spans else None
    up = last is not None and (last.end is None or last.end > case.judged_at)
    began = case.links.episode_start(case.subjects, case.judged_at)
    proof = tuple(fact for fact in trouble if began is not None and fact.time is not None and fact.time >= began)
    carried = _last_data(case)
    if up and last is not None:
        held = case.judged_at - (last.start or _first_seen(case))
        quiet = case.judged_at - carried[1] if carried else None
        if quiet is not None and quiet > QUIET_OK and held > QUIET_OK and carried:
            stops.append(Stop(Hop.PHONE, carried[1], "the link is up, but nothing has moved over it", (carried[0],)))
        elif began is None or held >= LINK_PROVEN:
            text = "link up" if carried is None else "data moved over the link"
            moves.append(Move(Hop.BLUETOOTH, text, _present(last.opened, carried[0] if carried else None)))
        else:
            stops.append(Stop(Hop.BLUETOOTH, began, "the link keeps failing", proof))
        return True
    if began is not None:
        stops.append(Stop(Hop.BLUETOOTH, began, "the link failed and did not recover", proof))
    elif last is not None and last.end is not None:
        _ended_in_order(case, last, last.end, carried, stops, moves)
    return False


def _ended_in_order(
    case: Case,
    last: LinkSpan,
    end: datetime,
    carried: tuple[Fact, datetime] | None,
    stops: list[Stop],
    moves: list[Move],
) -> None:
    """The newest link was closed by somebody, without any failure before it."""
    if case.judged_at - end > QUIET_OK:
        stops.append(Stop(Hop.BLUETOOTH, end, "the link was closed and not opened again", _present(last.closed)))
    elif carried is not None:
        moves.append(Move(Hop.BLUETOOTH, "data moved until shortly before the end", _present(carried[0], last.closed)))


def _last_data(case: Case) -> tuple[Fact, datetime] | None:
    """The newest moment at which data came from the tracker."""
    found = []
    for fact in case.of_tracker("link.traffic"):
        moment = as_time(fact.text("last"))
        if moment is not None and (fact.number("received_packets") or 0) > 0:
            found.append((fact, min(moment, case.judged_at)))
    return max(found, key=lambda pair: pair[1], default=None)


def _first_seen(case: Case) -> datetime:
    stamps = [fact.time for fact in case.facts if fact.time is not None and fact.name.startswith(("link.", "hci."))]
    return min(stamps, default=case.judged_at)


def _tracker_log(case: Case, stops: list[Stop], moves: list[Move]) -> None:
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
        moves.append(Move(Hop.BLUETOOTH, "the tracker's own log shows syncs on its last full day", (days[-1],)))
    elif kind in _STUCK_DAYS:
        hop, text = _STUCK_DAYS[kind]
        stops.append(Stop(hop, _day(run[0].text("date")), text, tuple(run)))


_STUCK_DAYS = {
    "waiting": (Hop.BLUETOOTH, "the tracker called for a phone all day and none came"),
    "idle": (Hop.PHONE, "a phone was connected and its app asked for nothing"),
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


def _adapter(case: Case, stops: list[Stop]) -> None:
    """Bluetooth that was switched off and is off at the end."""
    state = case.latest("bluetooth.adapter")
    switched = [fact for fact in case.facts.all("bluetooth.switched") if fact.time is not None]
    if state is None or state.text() not in ("off", "ble_on") or not switched:
        return
    last = switched[-1]
    if last.flag("on") is False and last.time is not None:
        stops.append(Stop(Hop.BLUETOOTH, last.time, "Bluetooth was switched off", (last, state)))


def _app(case: Case, stops: list[Stop]) -> None:
    """An app that ended for another reason than ordinary cleaning and did not come back to stay.

    A start that ends in the next kill within two sync rhythms is no recovery.
    """
    ends = [
        fact
        for fact in case.of_app("app.killed", "app.crashed")
        if fact.time is not None and (fact.name == "app.crashed" or fact.text("kind") in ("background", "vendor"))
    ]
    starts = [fact.time for fact in case.of_app("app.started") if fact.time is not None]
    standing: list[Fact] = []
    for fact in ends:
        lived = [start for start in starts if standing and fact.time and _time(standing[-1]) < start <= fact.time]
        if lived and _time(fact) - lived[0] > QUIET_OK:
            standing = []
        standing.append(fact)
    if standing and not any(start > _time(standing[-1]) for start in starts):
        text = "the app ended and was not started again"
        stops.append(Stop(Hop.PHONE, _time(standing[0]), text, tuple(standing)))


def _time(fact: Fact) -> datetime:
    assert fact.time is not None
    return fact.time


def _server(case: Case, stops: list[Stop], moves: list[Move]) -> None:
    """The newest answers of the service in the app's own log, and the newest minute in an export."""
    answers = [fact for fact in case.of_app("app.http") if fact.time is not None and fact.number("status")]
    bad: list[Fact] = []
    for fact in answers:
        status = fact.number("status") or 0
        if status in REFUSALS or status >= 500:
            bad.append(fact)
        elif 200 <= status < 300:
            bad = []
    if len(bad) >= 2 and bad[0].time is not None:
        stops.append(Stop(Hop.SERVER, bad[0].time, "the service turns the app's uploads away", tuple(bad)))
    elif answers and not bad:
        moves.append(Move(Hop.SERVER, "the service accepted an upload", (answers[-1],)))
    _export(case, stops)


def _export(case: Case, stops: list[Stop]) -> None:
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
    if reach - moment >= SERIES_BEHIND:
        stops.append(
            Stop(Hop.PHONE, moment, "the service has nothing newer although the tracker's log goes on", (fact,))
        )


def _day(date: str) -> datetime:
    return datetime.fromisoformat(date).replace(tzinfo=UTC)


def _present(*facts: Fact | None) -> tuple[Fact, ...]:
    return tuple(fact for fact in facts if fact is not None)
