"""Which file of an export this is, told by how it begins."""

import re
from enum import StrEnum

from unstuck.evidence.takeout.streams import split_row, text_chunks


class TakeoutKind(StrEnum):
    """The files of an export that say something about the chain."""

    EVENTS = "takeout device events"
    MINUTES = "takeout minutes"
    SERIES = "takeout series"
    TRACKERS = "takeout trackers"
    DEVICES = "takeout devices"
    OPTIONS = "takeout tracker options"


VALUE_COLUMNS = {
    "steps": "steps",
    "beats per minute": "heart_rate",
    "calories": "calories",
    "kcal": "calories",
    "distance": "distance",
}
"""Value column of a minute series in CSV -> the series as we name it."""

SERIES_NAMES = frozenset(VALUE_COLUMNS.values())

_HEAD_CHARACTERS = 4096
"""Of a file looked at; the first element or line of every kind is shorter."""
_FIRST_OBJECT = re.compile(r"\s*\[\s*\{")
_EVENT = re.compile(r'"event"\s*:\s*\{')
_EVENT_TIME = re.compile(r'"timestamp"\s*:')
_MINUTE = re.compile(r'"dateTime"\s*:\s*"\d\d/\d\d/\d\d \d\d:\d\d:\d\d"\s*,\s*"value"\s*:')
_DAILY_VALUE = re.compile(r'\s*\{\s*"date"')
"""Begins the value of a resting heart rate, one a day, many of them null."""
_DAILY_NAMES = re.compile(r"resting|daily", re.IGNORECASE)
_NAME_END = re.compile(r"[/\\!]")


def recognise(head: bytes, name: str) -> TakeoutKind | None:
    """The kind of a file, or None when it is no part of an export that is read.

    Args:
        head: The first bytes of it.
        name: Its name. It never makes a file an export; it only tells daily values from minute values, whose CSV
            files have the same columns.
    """
    text = "".join(text_chunks(iter((head[: 4 * _HEAD_CHARACTERS],))))[:_HEAD_CHARACTERS]
    if _FIRST_OBJECT.match(text):
        if _EVENT.search(text) and _EVENT_TIME.search(text):
            return TakeoutKind.EVENTS
        minute = _MINUTE.search(text)
        if minute is not None and not _DAILY_VALUE.match(text, minute.end()):
            return TakeoutKind.MINUTES
        return None
    columns = {field.strip().lower() for field in split_row(text.lstrip().split("\n", 1)[0].rstrip("\r")) or ()}
    if "wire_id" in columns:
        return TakeoutKind.DEVICES
    if "tracker_id" in columns:
        if columns & {"last_sync_date_time", "batt_level", "date_added"}:
            return TakeoutKind.TRACKERS
        if columns & {"last_reboot_time", "last_successful_wifi_connection_time"}:
            return TakeoutKind.OPTIONS
        return None
    if "timestamp" in columns and columns & VALUE_COLUMNS.keys() and not columns - _SERIES_COLUMNS:
        return None if _DAILY_NAMES.search(base_name(name)) else TakeoutKind.SERIES
    return None


_SERIES_COLUMNS = frozenset({"timestamp", "data source", *VALUE_COLUMNS})
"""Tables with further columns hold zones, activities or goals, not minutes."""


_READ_NAMES = re.compile(r"(?:steps|heart_rate|calories|distance)[-_]\d{4}-\d\d-\d\d\.(?:json|csv)|trackers\.csv")
"""Names that Google gives to the files we read."""


def expected(head: bytes, name: str) -> bool:
    """Whether a file of no known kind is named like one that is read, so that its silence would mislead.

    An empty list is what a service writes for a day without data.
    """
    return _READ_NAMES.fullmatch(base_name(name).lower()) is not None and head.strip() not in (b"", b"[]")


def base_name(path: str) -> str:
    """The last part of a path in a folder or archive."""
    return _NAME_END.split(path)[-1]
