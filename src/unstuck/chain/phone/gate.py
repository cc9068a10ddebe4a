"""The trim gate: the one place that says why the tracker may not be told to free records.

A trim cannot be taken back. It passes only when every record it would free is known to be on this
phone's disk; what is not known counts as a reason. Nothing else in the agent judges this.
"""

from dataclasses import dataclass
from enum import StrEnum

from unstuck.chain.records import Ranges

_NONE = Ranges()


class Why(StrEnum):
    """What speaks against a trim. The order is the order in which reasons are told."""

    STATUS_UNREAD = "status_unread"
    OTHER_TRACKER = "other_tracker"
    MEMORY_ERASED = "memory_erased"
    HOST_FORBIDS = "host_forbids"
    JOURNAL_SHARED = "journal_shared"
    JOURNAL_UNSOUND = "journal_unsound"
    NOTHING_TO_FREE = "nothing_to_free"
    NOT_DRAINED = "not_drained"
    HOLE_BEFORE = "hole_before"
    NOT_COMMITTED = "not_committed"
    NOT_DURABLE = "not_durable"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, with the sequence numbers it is about where it is about some, and a sentence."""

    why: Why
    text: str
    about: Ranges = _NONE


@dataclass(frozen=True, slots=True)
class Trim:
    """Asking a tracker to free all of one boot up to and including ``through``, and what is known of that.

    ``tracker``: whose records the journal keeps. ``answering``: the id in the status that the
    request names (the tracker frees nothing when it is no longer like that); None when none was read.
    ``held``: what it holds of the boot, as that status says.
    ``drained``: bytes are in the journal, perhaps in memory of the system only. ``committed``: the
    one synced transaction says so. ``synced``: that transaction was read back as fully synced to a
    file. ``sound``: the journal's own check passed. ``alone``: no other agent writes to it.
    ``erased``: the tracker counts from the beginning again. ``forbidden``: the host's words, or "".
    """

    tracker: str
    boot: int
    through: int
    answering: str | None = None
    held: Ranges | None = None
    drained: Ranges = _NONE
    committed: Ranges = _NONE
    synced: bool = False
    sound: bool = False
    alone: bool = False
    erased: bool = False
    forbidden: str = ""


def trim_reasons_not(trim: Trim) -> tuple[Reason, ...]:
    """Every reason why this trim may not be sent; empty when it may."""
    return tuple(sorted((*_about_tracker(trim), *_about_phone(trim), *_about_records(trim)), key=_order))


def furthest_safe(held: Ranges, committed: Ranges) -> int | None:
    """The last number up to which all that the tracker holds is committed; None when its first is not."""
    missing = held - committed
    safe = held & Ranges.span(held.first, missing.first - 1) if missing else held
    return safe.last if safe else None


def _about_tracker(trim: Trim) -> list[Reason]:
    reasons = []
    if trim.answering is None or trim.held is None:
        reasons.append(Reason(Why.STATUS_UNREAD, "the tracker has not said what it holds"))
    if trim.answering is not None and trim.answering != trim.tracker:
        text = f"the tracker that answers is {trim.answering}; the records are of {trim.tracker}"
        reasons.append(Reason(Why.OTHER_TRACKER, text))
    if trim.erased:
        reasons.append(Reason(Why.MEMORY_ERASED, "the tracker uses numbers again that the journal holds already"))
    return reasons


def _about_phone(trim: Trim) -> list[Reason]:
    reasons = []
    if trim.forbidden:
        reasons.append(Reason(Why.HOST_FORBIDS, trim.forbidden))
    if not trim.alone:
        reasons.append(Reason(Why.JOURNAL_SHARED, "another agent may write to the same journal"))
    if not trim.sound:
        reasons.append(Reason(Why.JOURNAL_UNSOUND, "the journal has not passed its check"))
    if not trim.synced:
        reasons.append(Reason(Why.NOT_DURABLE, "the last commit is not known to be synced to the disk"))
    return reasons


def _about_records(trim: Trim) -> list[Reason]:
    if trim.held is None:
        return []
    freed = trim.held & Ranges.span(0, trim.through)
    if not freed:
        return [Reason(Why.NOTHING_TO_FREE, f"the tracker holds nothing of boot {trim.boot} up to {trim.through}")]
    reasons = []
    here = freed & (trim.drained | trim.committed)
    absent = freed - here
    holes = absent & Ranges.span(0, here.last) if here else _NONE
    if holes:
        text = f"{holes.total} records before others on this phone were not drained"
        reasons.append(Reason(Why.HOLE_BEFORE, text, holes))
    if absent - holes:
        text = f"{(absent - holes).total} records it would free are not on this phone"
        reasons.append(Reason(Why.NOT_DRAINED, text, absent - holes))
    waiting = freed & trim.drained - trim.committed
    if waiting:
        reasons.append(Reason(Why.NOT_COMMITTED, f"{waiting.total} records it would free are not committed", waiting))
    return reasons


def _order(reason: Reason) -> int:
    return list(Why).index(reason.why)
