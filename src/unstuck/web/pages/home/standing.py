"""Where the data of one tracker stands: what server and agent know enters, four hops and a sentence leave. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from markupsafe import Markup

from unstuck.chain.phone import engine, held
from unstuck.chain.phone.entries import Attempt
from unstuck.chain.phone.held import Held
from unstuck.chain.phone.reasons import MEANINGS, Outcome, Side
from unstuck.chain.phone.rhythm import SYNC_EVERY_S, Because
from unstuck.chain.server.domain.ledger import LedgerHole, held_of
from unstuck.chain.server.views import Ledger
from unstuck.model.records import HoleReason
from unstuck.web.pages.base.i18n import Words, noop
from unstuck.web.pages.base.when import When
from unstuck.web.pages.door import Seen

LATE_TIMES = 3
"""Rhythms without a word after which a tracker counts as late: one sync may be missed, two seldom are by chance."""

LOST_SAID_S = 7 * 86_400
"""Seconds for which the first page says what was lost: as long as it shows days."""


class State(StrEnum):
    """How a hop is."""

    MOVING = "moving"
    WAITING = "waiting"
    BROKEN = "broken"
    UNCHECKED = "unchecked"


class Way(StrEnum):
    """How the way into a hop is."""

    FLOW = "flow"
    IDLE = "idle"
    CUT = "cut"


@dataclass(frozen=True, slots=True)
class Hop:
    """One of the four places. ``count``: what is there and not yet further on, None: nothing is counted there."""

    id: str
    name: Markup
    state: State
    way: Way
    count: int | None
    unit: Markup
    note: Markup


@dataclass(frozen=True, slots=True)
class SyncLine:
    """One side: how the last attempt ended, when the next is and why.

    ``measured``: the agent of this process says how far it is; ``progress``: of the attempt that goes on, if any.
    """

    label: Markup
    said: Markup
    following: Markup
    good: bool
    measured: bool = False
    progress: "Progress | None" = None


@dataclass(frozen=True, slots=True)
class Progress:
    """An attempt that goes on, in records. ``of``: None while nobody knows."""

    moved: int
    of: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """All of it, ready to be shown. ``kind``: healthy, waiting, stuck, quiet or empty."""

    kind: str
    headline: Markup
    lead: Markup
    step: Markup
    hops: tuple[Hop, ...]
    syncs: tuple[SyncLine, ...]
    as_of_s: float


@dataclass(frozen=True, slots=True)
class Known:
    """What there is to know. ``heard_s``: when anything of this tracker last reached the server, Unix seconds."""

    ledger: Ledger
    heard_s: float | None
    seen: Seen | None


def standing(known: Known, words: Words, when: When) -> Standing:
    """Where it stands, in this person's words."""
    return _Teller(known, words, when).tell()


_HOPS = ("tracker", "bluetooth", "phone", "server")
_NAMES = {
    "tracker": noop("tracker"),
    "bluetooth": noop("Bluetooth"),
    "phone": noop("phone"),
    "server": noop("server"),
}
_STUCK = {
    "tracker": noop("Stuck at the tracker since %(since)s."),
    "bluetooth": noop("Stuck at Bluetooth since %(since)s."),
    "phone": noop("Stuck on the phone since %(since)s."),
    "server": noop("Stuck before the server since %(since)s."),
}
_BECAUSE = {
    Because.FIRST: noop("now"),
    Because.RHYTHM: noop("the usual rhythm"),
    Because.NOTHING_NEW: noop("later than usual, since nothing was new"),
    Because.BACK_OFF: noop("again after trouble"),
    Because.SERVER_SAID: noop("as the server asked"),
    Because.PERSON: noop("it needs you first"),
}
_AT_PHONE = (Outcome.JOURNAL_FULL, Outcome.JOURNAL_FAILED, Outcome.HOST_FORBIDS, Outcome.OTHER_ACCOUNT)


@dataclass(frozen=True, slots=True)
class _Break:
    hop: str
    since_s: float
    why: Markup
    step: Markup


class _Teller:
    def __init__(self, known: Known, words: Words, when: When) -> None:
        self._known = known
        self._ = words.gettext
        self._words = words
        self._when = when
        self._hops = known.ledger.hops
        self._seen = known.seen

    def tell(self) -> Standing:
        broken = self._break()
        quiet = broken is None and self._seen is None and self._is_quiet()
        empty = not self._hops.places and self._hops.tracker is None
        kind = "stuck" if broken else "empty" if empty else "quiet" if quiet else "healthy"
        headline = self._headline(kind, broken)
        why = broken.why if broken else Markup("")
        lead = Markup(" ").join(part for part in (why, self._safety(broken, empty=empty)) if part)
        return Standing(
            kind,
            headline,
            lead,
            broken.step if broken else Markup(""),
            tuple(self._hop(id_, broken, quiet=quiet) for id_ in _HOPS),
            tuple(self._syncs()),
            self._when.now_s if self._seen else (self._known.heard_s or self._when.now_s),
        )

    def _break(self) -> _Break | None:
        return self._break_seen(self._seen) if self._seen else self._break_told()

    def _break_seen(self, seen: Seen) -> _Break | None:
        """What the agent's own last attempts say."""
        for side in Side:
            last = seen.agent.last.get(side)
            if last is None or last.outcome.moves:
                continue
            if side is Side.DRAIN and seen.link_open and Side.DRAIN in seen.agent.underway:
                continue  # it is connected again and at work: what went wrong before is over
            hop = _hop_of(last)
            since_s = float(seen.agent.failing_s.get(side, last.began_s))
            if hop == "bluetooth" and not seen.link_open:
                since_s = min(since_s, seen.link_since_s)
            why, step = self._reason(last)
            return _Break(hop, since_s, self._("%(what)s.", what=why), step)
        return None

    def _reason(self, last: Attempt) -> tuple[Markup, Markup]:
        """What stopped it and what to do; what the device itself forbids is named."""
        meaning = MEANINGS[last.outcome]
        named, _, step = last.detail.partition(": ")
        if last.outcome is Outcome.HOST_FORBIDS and step:
            return self._capital(named), self._("%(what)s.", what=self._capital(step))
        return self._words.told(meaning.state), self._words.told(meaning.step)

    def _capital(self, text: str) -> Markup:
        told = self._words.told(text)
        return told[:1].upper() + told[1:]

    def _break_told(self) -> _Break | None:
        """What can be told from what agents reported: a phone that speaks and has not met its tracker for long."""
        told, phone_s = self._hops.tracker, self._hops.phone_told_at
        if told is None or phone_s is None or self._when.now_s - phone_s > self._late_s:
            return None
        if self._when.now_s - told.now <= self._late_s:
            return None
        why = self._("The phone is online, but has not reached the tracker.")
        step = self._("Bring the tracker near the phone and see that Bluetooth is on.")
        return _Break("bluetooth", float(told.now), why, step)

    @property
    def _late_s(self) -> float:
        usual_s = self._seen.agent.usual_s.get(Side.DRAIN, SYNC_EVERY_S) if self._seen else SYNC_EVERY_S
        return LATE_TIMES * usual_s

    def _is_quiet(self) -> bool:
        heard_s = self._known.heard_s
        return heard_s is not None and self._when.now_s - heard_s > self._late_s

    def _headline(self, kind: str, broken: _Break | None) -> Markup:
        if broken is not None:
            return self._(_STUCK[broken.hop], since=self._when.moment(broken.since_s))
        if kind == "empty":
            return self._("Waiting for the first sync.")
        if kind == "quiet" and self._known.heard_s is not None:
            return self._("Nothing heard since %(since)s.", since=self._when.moment(self._known.heard_s))
        return self._("Everything is moving.")

    def _risk(self, broken: _Break | None) -> tuple[int, int] | None:
        """Since when minutes are on the tracker alone, and when the first of them goes; None: none is known to be.

        While it cannot be reached it goes on recording: what it has since nobody was told, but it is there.
        """
        risk, told = self._known.ledger.at_risk, self._hops.tracker
        if risk is not None or broken is None or broken.hop == "server" or told is None or told.keeps_s is None:
            return risk
        return told.now, told.now + told.keeps_s

    def _safety(self, broken: _Break | None, *, empty: bool) -> Markup:
        if empty:
            return self._("The tracker is yours; no record of it has come yet.")
        risk = self._risk(broken)
        since_s = self._when.now_s - LOST_SAID_S
        missing = self._known.ledger.missing
        lost = [hole for hole in missing if hole.reason is HoleReason.LOST and hole.end > since_s]
        parts = []
        if risk is not None and risk[1] <= self._when.now_s:
            parts.append(self._("The oldest unsynced minutes may be overwritten already: sync as soon as you can."))
        elif risk is not None and lost:
            until = self._when.moment(risk[1])
            parts.append(self._("The oldest unsynced minute is kept until %(until)s.", until=until))
        elif risk is not None:
            until = self._when.moment(risk[1])
            parts.append(self._("Nothing is lost; the oldest unsynced minute is kept until %(until)s.", until=until))
        elif not lost and self._seen is None:
            as_of = self._when.moment(self._hops.as_of)
            parts.append(self._("Nothing is lost; all that was recorded until %(until)s is safe.", until=as_of))
        elif not lost:
            parts.append(self._("Nothing is lost; everything there was is safe."))
        if lost:
            told = self._words.ngettext(
                "%(n)s record was overwritten before it was synced, the last on %(day)s.",
                "%(n)s records were overwritten before they were synced, the last on %(day)s.",
                sum(_records(hole) for hole in lost),
                day=self._when.near_date(self._when.local(lost[-1].end).date()),
            )
            parts.append(told)
        return Markup(" ").join(parts)

    def _hop(self, id_: str, broken: _Break | None, *, quiet: bool) -> Hop:
        place, stuck_at = _HOPS.index(id_), _HOPS.index(broken.hop) if broken else len(_HOPS)
        state, way = State.MOVING, Way.FLOW
        if place == stuck_at:
            state, way = State.BROKEN, Way.CUT
        elif place < stuck_at < len(_HOPS) and stuck_at > 0:
            state = State.WAITING if place == stuck_at - 1 else State.MOVING
        if self._hops.tracker is None and not self._hops.places:
            state, way = State.UNCHECKED, Way.IDLE
        elif quiet:
            state, way = (State.MOVING, Way.IDLE) if id_ == "server" else (State.UNCHECKED, Way.IDLE)
        elif place == stuck_at + 1:
            way = Way.IDLE
        count, unit, note = getattr(self, f"_{id_}")()
        if broken is not None and place == stuck_at:
            note = self._("since %(since)s", since=self._when.moment(broken.since_s))
        return Hop(id_, self._(_NAMES[id_]), state, way, count, unit, note)

    def _tracker(self) -> tuple[int | None, Markup, Markup]:
        status = self._seen.agent.status if self._seen else None
        count = held.total(self._only_on_tracker())
        unit = self._words.ngettext("record only here", "records only here", count)
        if status is not None and status.battery_percent is not None:
            note = self._("battery %(percent)s %%", percent=status.battery_percent)
        elif self._hops.tracker is not None:
            note = self._("last heard %(moment)s", moment=self._when.moment(self._hops.tracker.now))
        else:
            return None, Markup(""), self._("not heard yet")
        return count, unit, note

    def _bluetooth(self) -> tuple[int | None, Markup, Markup]:
        seen = self._seen
        if seen is None:
            told = self._hops.tracker
            if told is None:
                return None, Markup(""), self._("not seen from here")
            return None, Markup(""), self._("last used %(moment)s", moment=self._when.moment(told.now))
        if seen.link_open:
            signal = self._("connected, %(dbm)s dBm", dbm=seen.rssi_dbm) if seen.rssi_dbm is not None else None
            return None, Markup(""), signal or self._("connected")
        return None, Markup(""), self._("not connected")

    def _phone(self) -> tuple[int | None, Markup, Markup]:
        if self._seen is None and self._hops.phone_told_at is None:
            return None, Markup(""), self._("not heard yet")
        count = held.total(self._on_phone())
        unit = self._words.ngettext("record to upload", "records to upload", count)
        told_s = self._when.now_s if self._seen else (self._hops.phone_told_at or 0.0)
        note = (
            self._("this computer") if self._seen else self._("last heard %(moment)s", moment=self._when.moment(told_s))
        )
        return count, unit, note

    def _server(self) -> tuple[int | None, Markup, Markup]:
        places = self._hops.places
        count = sum(place.last - place.first + 1 for place in places)
        unit = self._words.ngettext("record safe", "records safe", count)
        note = self._("up to %(moment)s", moment=self._when.moment(places[-1].ends)) if places else self._("empty")
        return count, unit, note

    def _only_on_tracker(self) -> Held:
        if self._seen is not None and self._seen.agent.status is not None:
            return held.without(self._seen.agent.status.held, self._seen.agent.ledger.committed)
        if self._hops.tracker is None:
            return {}
        further = held.joined(held_of(self._hops.places), self._hops.phone)
        return held.without(self._hops.tracker.held, further)

    def _on_phone(self) -> Held:
        if self._seen is not None:
            return engine.unconfirmed(self._seen.agent.ledger)
        return held.without(self._hops.phone, held_of(self._hops.places))

    def _syncs(self) -> Sequence[SyncLine]:
        labels = {Side.DRAIN: self._("Tracker to phone"), Side.UPLOAD: self._("Phone to server")}
        if self._seen is None:
            heard_s = self._known.heard_s
            said = self._("last heard %(moment)s", moment=self._when.moment(heard_s)) if heard_s else self._("not yet")
            return [SyncLine(self._("From the phone"), said, Markup(""), good=True)]
        return [self._sync(side, label, self._seen) for side, label in labels.items()]

    def _sync(self, side: Side, label: Markup, seen: Seen) -> SyncLine:
        last, following = seen.agent.last.get(side), seen.agent.next.get(side)
        said = self._("not yet")
        if last is not None:
            state = self._words.told(MEANINGS[last.outcome].state)
            said = self._("%(moment)s: %(state)s", moment=self._when.moment(last.ended_s), state=state)
            if last.records:
                count = self._words.ngettext("%(n)s record", "%(n)s records", last.records)
                said = self._("%(said)s, %(count)s", said=said, count=count)
        then = Markup("")
        if side in seen.agent.underway:
            then = self._("going on now")
        elif following is not None:
            then = self._(
                "next %(moment)s (%(because)s)",
                moment=self._when.moment(following.at_s),
                because=self._(_BECAUSE[following.because]),
            )
        good = last is None or last.outcome.good
        return SyncLine(label, said, then, good, measured=True, progress=_progress(seen, side))


def _progress(seen: Seen, side: Side) -> Progress | None:
    """How far the attempt of this side is; None: none goes on."""
    going = seen.agent.underway.get(side)
    if going is None:
        return None
    return Progress(going.moved, None if going.left is None else going.moved + going.left)


def _hop_of(attempt: Attempt) -> str:
    """Where an attempt that went wrong was stopped: where its cause belongs, if the device knows it."""
    if attempt.causes:
        at = attempt.causes[0].partition(".")[0]
        if at in _HOPS:
            return at
    if attempt.outcome in _AT_PHONE:
        return "phone"
    if attempt.side is Side.UPLOAD:
        return "server"
    return "bluetooth" if attempt.outcome.value.startswith("bluetooth.") else "tracker"


def _records(hole: LedgerHole) -> int:
    return hole.last - hole.first + 1 if hole.first is not None and hole.last is not None else 0
