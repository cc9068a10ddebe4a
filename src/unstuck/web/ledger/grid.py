"""The last days of a ledger as a grid: one row a UTC day, one slot each half hour or hour, one state a slot.

UTC days all have the same length, so no slot is missing or there twice. A slot in which anything is lost or
still on its way shows that; what was merely not measured must take most of a slot to fill it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

DAY_S = 86_400
DAYS = 30
"""Days shown: as far back as the ledger itself lists holes unless it is asked for more."""
HALF_HOURS = 48
"""Slots of a day; with a date beside them they leave a fifth of an 80-column terminal free."""


class Slot(StrEnum):
    """Where the records of a slot are. The reasons of holes have the names the ledger gives them."""

    LOST = "lost"
    NOT_DRAINED = "not_drained"
    NOT_UPLOADED = "not_uploaded"
    NOT_SHOWN = "not_shown"
    NOT_RECORDED = "not_recorded"
    NOT_WORN = "not_worn"
    AT_SERVER = "at_server"
    UNTOLD = "untold"
    """Before the first record, or after the tracker was last heard."""


WORDS: Mapping[str, str] = {
    Slot.AT_SERVER: "at the server",
    Slot.NOT_SHOWN: "at the server, not shown yet",
    Slot.NOT_UPLOADED: "on the phone, not uploaded",
    Slot.NOT_DRAINED: "still on the tracker only",
    Slot.NOT_WORN: "not worn",
    Slot.NOT_RECORDED: "not recorded",
    Slot.LOST: "lost: overwritten before it was drained",
    Slot.UNTOLD: "before the first record, or not heard yet",
}
"""What each state means to a person, in the order of a legend."""

_ON_THE_WAY = (Slot.LOST, Slot.NOT_DRAINED, Slot.NOT_UPLOADED, Slot.NOT_SHOWN)
"""States that fill a slot whatever else is in it, the worst first."""

_QUIET = (Slot.NOT_RECORDED, Slot.NOT_WORN)


@dataclass(frozen=True, slots=True)
class Grid:
    """Days from the first to that of the last word, each with its slots from 00:00 UTC on."""

    first: date
    rows: tuple[tuple[Slot, ...], ...]

    def day(self, row: int) -> date:
        """The UTC date of a row."""
        return self.first + timedelta(days=row)

    @property
    def used(self) -> tuple[Slot, ...]:
        """The states that occur, in the order of a legend."""
        there = {slot for row in self.rows for slot in row}
        return tuple(slot for slot in map(Slot, WORDS) if slot in there)

    def slots(self, slot: Slot) -> int:
        """How many slots are in a state."""
        return sum(row.count(slot) for row in self.rows)


def grid(ledger: Mapping[str, Any], *, days: int = DAYS, per_day: int = HALF_HOURS) -> Grid:
    """The last ``days`` UTC days of a server's ledger (as its API gives it) in ``per_day`` slots each.

    Days before the first record are left out. No rows when the ledger knows of no record. A hole whose
    time cannot be told because the clock was moved (its end is its start) marks the slot of that moment.
    """
    end_s = int(ledger["as_of"])
    since_s = int(ledger.get("since", 0))
    if end_s <= since_s:
        return Grid(date(1970, 1, 1), ())
    last_day = (end_s - 1) // DAY_S
    first_day = max(since_s // DAY_S, last_day - days + 1)
    slot_s = DAY_S // per_day
    begin_s = first_day * DAY_S
    seconds = _seconds(ledger["holes"], begin_s, end_s, slot_s)
    slots = [
        _state(seconds.get(place, {}), *_told(begin_s + place * slot_s, slot_s, since_s, end_s))
        for place in range((last_day - first_day + 1) * per_day)
    ]
    rows = tuple(tuple(slots[at : at + per_day]) for at in range(0, len(slots), per_day))
    return Grid(datetime.fromtimestamp(begin_s, UTC).date(), rows)


def _seconds(holes: Sequence[Mapping[str, Any]], begin_s: int, end_s: int, slot_s: int) -> dict[int, dict[Slot, int]]:
    """Seconds of each reason by slot. A hole without length counts as one second of its moment."""
    found: dict[int, dict[Slot, int]] = {}
    for hole in holes:
        start, stop = max(int(hole["start"]), begin_s), min(max(int(hole["end"]), int(hole["start"]) + 1), end_s + 1)
        reason = Slot(hole["reason"])
        for place in range((start - begin_s) // slot_s, -(-(stop - begin_s) // slot_s)):
            slot_begins = begin_s + place * slot_s
            inside = min(stop, slot_begins + slot_s) - max(start, slot_begins)
            if inside > 0:
                slot = found.setdefault(place, {})
                slot[reason] = slot.get(reason, 0) + inside
    return found


def _told(slot_begins: int, slot_s: int, since_s: int, end_s: int) -> tuple[int, int]:
    """Seconds of a slot that the ledger speaks of, and its length."""
    return max(0, min(slot_begins + slot_s, end_s) - max(slot_begins, since_s)), slot_s


def _state(seconds: Mapping[Slot, int], told_s: int, slot_s: int) -> Slot:
    for slot in _ON_THE_WAY:
        if seconds.get(slot):
            return slot
    if told_s <= 0:
        return Slot.UNTOLD
    most = max(_QUIET, key=lambda slot: seconds.get(slot, 0))
    return most if seconds.get(most, 0) * 2 > told_s else Slot.AT_SERVER
