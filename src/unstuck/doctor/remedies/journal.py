"""The journal of fixes as values and as JSON: what was tried, on what, and which changes still stand.

An entry is written before its act, so that whatever ends this program in between, what it may have changed is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from unstuck.doctor.remedies.acts import Channel, Target
from unstuck.doctor.telling.document import Document
from unstuck.doctor.telling.history import SCHEMA_ID, tried_document, tried_of
from unstuck.model.errors import ErrorCode, EvidenceError
from unstuck.model.history import Change, Tried


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. ``number``: its place, for life. ``remedy`` empty and ``target`` None: a person's hands did it."""

    number: int
    tried: Tried
    remedy: str = ""
    target: Target | None = None

    @property
    def standing(self) -> tuple[Change, ...]:
        """Changes that were made, or may have been, and not taken back."""
        return tuple(change for change in self.tried.changes if not change.undone)

    def with_change(self, change: Change) -> "Entry":
        """With one more change, or with the newer state of one that is there."""
        known = {one.what: one for one in self.tried.changes} | {change.what: change}
        return replace(self, tried=replace(self.tried, changes=tuple(known.values())))


def with_entry(entries: Sequence[Entry], entry: Entry) -> tuple[Entry, ...]:
    """The journal with an entry added, or in the place of its earlier state."""
    known = {one.number: one for one in entries} | {entry.number: entry}
    return tuple(known[number] for number in sorted(known))


def journal_document(entries: Sequence[Entry]) -> Document:
    """The whole journal as a JSON object."""
    return {"schema": SCHEMA_ID, "tried": [_document(entry) for entry in entries]}


def journal_of(given: object) -> tuple[Entry, ...]:
    """A journal that was read. EvidenceError (HISTORY_INVALID) where it is not one of ours."""
    if not isinstance(given, dict) or given.get("schema") != SCHEMA_ID:
        _invalid(f"it is no '{SCHEMA_ID}'")
    rows = given.get("tried")
    if not isinstance(rows, list):
        _invalid("'tried' is no list")
    return tuple(_entry(number, row) for number, row in enumerate(rows))


def _document(entry: Entry) -> Document:
    target = entry.target
    return {
        **tried_document(entry.tried),
        "remedy": entry.remedy,
        "target": None
        if target is None
        else {
            "channel": target.channel.value,
            "device": target.device,
            "sdk": target.sdk,
            "package": target.package,
            "uid": target.uid,
            "address": target.address,
            "pairs_without_loss": target.pairs_without_loss,
        },
    }


def _entry(number: int, row: object) -> Entry:
    tried = tried_of(row)
    assert isinstance(row, dict)
    remedy = row.get("remedy", "")
    if not isinstance(remedy, str):
        _invalid("'remedy' is no text")
    return Entry(number, tried, remedy, _target(row.get("target")))


def _target(given: object) -> Target | None:
    if given is None:
        return None
    match given:
        case {
            "channel": str(channel),
            "device": str(device),
            "sdk": int(sdk),
            "package": str(package),
            "uid": int() | None as uid,
            "address": str(address),
            "pairs_without_loss": bool(harmless),
        } if channel in set(Channel):
            return Target(Channel(channel), device, sdk, package, uid, address, harmless)
    raise EvidenceError(ErrorCode.HISTORY_INVALID, reason="'target' is none of ours")


def _invalid(reason: str) -> NoReturn:
    raise EvidenceError(ErrorCode.HISTORY_INVALID, reason=reason)
