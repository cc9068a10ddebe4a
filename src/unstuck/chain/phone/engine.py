"""The sync engine: what is known enters, the one next act leaves. It does nothing and remembers nothing.

Each decision is made anew from the journal and from what the tracker showed, so an agent that was
killed goes on exactly where the journal ends, in the middle of a transfer too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from unstuck.chain.phone import held
from unstuck.chain.phone.entries import Ledger, Rejection, Stored
from unstuck.chain.phone.gate import furthest_safe
from unstuck.chain.phone.held import Held
from unstuck.chain.phone.reasons import Outcome
from unstuck.chain.records import Ranges

FETCH_MOST_RECORDS = 16_384
"""Records asked for at once over a link that holds: all that a tracker keeps, about 25 kB, a third of a second on a
good link. Every request more costs a round trip in which nothing flows."""

FETCH_LEAST_RECORDS = 480
"""Records asked for at once after trouble, twice as many with every answer: 8 hours of minutes, about 1 kB, which gets
through where a link holds for a second only. A lost link repeats at most what was asked for."""

COMMIT_RECORDS = 4_800
"""Records drained before they are committed, so that a sync to the disk is rare and a crash repeats little. Fewer are
committed when nothing is left to fetch."""

CLOCK_OFF_MOST_S = 2
"""The tracker's clock is set when it is off by more: less is within what asking takes over Bluetooth."""

UPLOAD_BYTES = 256 * 1024
"""Most bytes of batches in one upload: two months of minutes, yet seconds on a slow line."""

REJECTED_AGAIN_S = 24 * 3600
"""Records that the server rejected are offered again after a day, when it may have been mended."""

COMPARE_EVERY_S = 3600
"""How often the server is asked what it holds, to notice that it was restored from a backup."""

KEEP_CONFIRMED_S = 8 * 24 * 3600
"""Bytes stay this long after the server has confirmed them: a server restored from last week's
backup gets them again. A year of minutes takes 2 MB, so a week costs nothing."""


@dataclass(frozen=True, slots=True)
class Status:
    """What the tracker says of itself. ``now_s`` is its clock; ``keeps_s`` how long its memory lasts, if it says so.

    ``end``: the number that the next record of ``boot`` gets. ``tag``: names the state that all this stands on; while
    the tracker has it, of each boot only the end can have grown and only the beginning can have been freed.
    """

    id: str
    name: str
    boot: int
    end: int
    tag: int
    now_s: int
    held: Held
    overwritten: Held
    battery_percent: int | None = None
    firmware: str = ""
    keeps_s: int | None = None
    model: str = ""


@dataclass(frozen=True, slots=True)
class ReadStatus:
    """Ask the tracker who it is and what it holds."""


@dataclass(frozen=True, slots=True)
class SetTime:
    """Set the tracker's clock."""


@dataclass(frozen=True, slots=True)
class AskTrim:
    """Free a boot up to and including ``through``, if the gate lets it pass."""

    boot: int
    through: int


@dataclass(frozen=True, slots=True)
class Sync:
    """Ask for ``count`` records of a boot from ``first`` on, which may be none yet, and let ``trim`` go along.

    So what was committed after the last request is freed with the next one, and needs none of its own. To wait
    costs nothing: what waits is the oldest, so a memory that fills up overwrites it before anything else.
    """

    boot: int
    first: int
    count: int
    trim: AskTrim | None = None


@dataclass(frozen=True, slots=True)
class Commit:
    """Make safe what was drained."""


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing is left to do on this side now."""

    outcome: Outcome


DrainAct = ReadStatus | SetTime | Sync | Commit | Done


@dataclass(frozen=True, slots=True)
class DrainView:
    """What is known on the tracker's side.

    ``status``: as read, with all that was told since; None when it was not read or the tracker is no
    longer like that. ``clock_off_s``: tracker's clock less ours. ``asked``: it was asked for records in this
    attempt, and answered. ``gone``: the tracker said that it does not hold them after all. ``kept``: boots whose
    trim was held back in this attempt. ``drained``: records drained in this attempt. ``fetch``: how many to ask for
    at once, see :func:`next_fetch`.
    """

    tracker: str
    ledger: Ledger
    synced: bool
    status: Status | None = None
    clock_off_s: int = 0
    clock_set: bool = False
    asked: bool = False
    gone: Held = field(default_factory=dict)
    kept: frozenset[int] = frozenset()
    drained: int = 0
    fetch: int = FETCH_MOST_RECORDS


def next_drain_act(view: DrainView) -> DrainAct:
    """The one thing to do next at the tracker."""
    status = view.status
    if status is None:
        return ReadStatus()
    if status.id != view.tracker:
        return Done(Outcome.TRACKER_OTHER)
    if is_erased(status, view.ledger):
        return Done(Outcome.TRACKER_ERASED)
    if abs(view.clock_off_s) > CLOCK_OFF_MOST_S and not view.clock_set:
        return SetTime()
    waiting = held.without(view.ledger.drained, view.ledger.committed)
    missing = held.without(held.without(status.held, view.ledger.drained), view.gone)
    if waiting and (not missing or held.total(waiting) >= COMMIT_RECORDS):
        return Commit()
    trim = _trim(status, view)
    if missing or not view.asked:
        if trim is not None and not view.synced:
            return Commit()
        return _sync(status, missing, trim, view.fetch)
    if view.kept:
        return Done(Outcome.TRIM_HELD_BACK)
    return Done(Outcome.SYNCED if view.drained else Outcome.NOTHING_NEW)


def is_erased(status: Status, ledger: Ledger) -> bool:
    """Whether the tracker counts from the beginning again: boots only ever go up."""
    return status.boot < max((*ledger.drained, *ledger.overwritten), default=0)


def next_fetch(before: int, *, answered: bool) -> int:
    """How many records to ask for at once after a request for ``before`` was answered, or not."""
    return min(before * 2, FETCH_MOST_RECORDS) if answered else FETCH_LEAST_RECORDS


def _sync(status: Status, missing: Held, trim: AskTrim | None, fetch: int) -> Sync:
    for boot, ranges in sorted(missing.items()):
        first, last = ranges.intervals[0]
        return Sync(boot, first, min(last - first + 1, fetch), trim)
    return Sync(status.boot, status.end, fetch, trim)


def _trim(status: Status, view: DrainView) -> AskTrim | None:
    for boot, ranges in sorted(status.held.items()):
        if ranges and boot not in view.kept:
            through = furthest_safe(ranges, view.ledger.committed.get(boot, Ranges()))
            if through is not None:
                return AskTrim(boot, through)
    return None


@dataclass(frozen=True, slots=True)
class Identify:
    """Ask the server whose login this is."""


@dataclass(frozen=True, slots=True)
class Compare:
    """Ask the server which of this tracker's records it holds."""


@dataclass(frozen=True, slots=True)
class Send:
    """Upload these batches."""

    batches: tuple[Stored, ...]


@dataclass(frozen=True, slots=True)
class TellHeld:
    """Tell the server what tracker and phone hold."""


@dataclass(frozen=True, slots=True)
class AskFirmware:
    """Ask the server whether it still supports the tracker's firmware."""


@dataclass(frozen=True, slots=True)
class Prune:
    """Drop bytes that the server has had for long enough."""

    confirmed_before_s: int


UploadAct = Identify | Compare | Send | TellHeld | AskFirmware | Prune | Done


@dataclass(frozen=True, slots=True)
class UploadView:
    """What is known on the server's side, as of ``now_s``.

    ``identified``: the server has told whose login this is. ``stored``: of that account alone.
    ``elsewhere``: records that wait for another account. ``limit_bytes``: most bytes to send at once
    now. ``compared_s``: when the server was last asked what it holds. ``told``: it knows what the hops
    hold as of now. ``firmware``: what it has against the tracker's firmware, empty: nothing; None: not
    asked. ``pruned``, ``confirmed``: done, and how many records, in this attempt.
    """

    now_s: int
    ledger: Ledger
    stored: Sequence[Stored]
    rejections: Sequence[Rejection]
    identified: bool = False
    elsewhere: int = 0
    limit_bytes: int = UPLOAD_BYTES
    compared_s: int | None = None
    told: bool = False
    firmware: str | None = None
    pruned: bool = False
    confirmed: int = 0
    rejected: int = 0


def next_upload_act(view: UploadView) -> UploadAct:
    """The one thing to do next at the server."""
    if not view.identified:
        return Identify()
    if view.compared_s is None or view.now_s - view.compared_s >= COMPARE_EVERY_S or view.now_s < view.compared_s:
        return Compare()
    batches = _to_send(view)
    if batches:
        return Send(batches)
    if not view.told:
        return TellHeld()
    if view.firmware is None:
        return AskFirmware()
    if not view.pruned:
        return Prune(view.now_s - KEEP_CONFIRMED_S)
    if view.rejected:
        return Done(Outcome.REJECTED)
    if view.elsewhere:
        return Done(Outcome.OTHER_ACCOUNT)
    if view.firmware:
        return Done(Outcome.FIRMWARE_TOO_OLD)
    return Done(Outcome.SYNCED if view.confirmed else Outcome.NOTHING_NEW)


def unconfirmed(ledger: Ledger) -> dict[int, Ranges]:
    """Committed here, not confirmed by the server."""
    return held.without(ledger.committed, ledger.confirmed)


def _to_send(view: UploadView) -> tuple[Stored, ...]:
    """The oldest batches with something to send; always at least one, however large."""
    refused = held.by_boot(
        (one.boot, one.first, one.last)
        for one in view.rejections
        if 0 <= view.now_s - one.rejected_s < REJECTED_AGAIN_S
    )
    wanted = held.without(unconfirmed(view.ledger), refused)
    chosen: list[Stored] = []
    size_bytes = 0
    for batch in view.stored:
        if batch.ranges & wanted.get(batch.boot, Ranges()):
            if chosen and size_bytes + batch.size_bytes > view.limit_bytes:
                break
            chosen.append(batch)
            size_bytes += batch.size_bytes
    return tuple(chosen)
