"""The readers intake knows, and which of them a file is for. A name never decides, its first bytes do."""

import importlib
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from types import ModuleType

from unstuck.evidence.android import reader as android
from unstuck.evidence.takeout.kinds import recognise as recognise_takeout
from unstuck.model.evidence import ReaderOptions, Reading


class Reader(StrEnum):
    """The readers of files, in the order they are asked."""

    HCI = "hci"
    ANDROID = "android"
    TAKEOUT = "takeout"


def _module(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(f"unstuck.evidence.{name}")
    except ModuleNotFoundError:
        return None


_HCI = _module("hci.containers")
_HCI_READER = _module("hci.reader")


def recognise(head: bytes, name: str) -> tuple[Reader, str] | None:
    """Which reader takes a file that begins like this, and its kind; None when none does."""
    if _HCI is not None and (kind := _HCI.recognise(head)):
        return Reader.HCI, str(kind)
    if (text_kind := android.recognise(head)) is not None:
        return Reader.ANDROID, text_kind
    if (export_kind := recognise_takeout(head, name)) is not None:
        return Reader.TAKEOUT, export_kind
    return None


def first_time(head: bytes) -> datetime | None:
    """When a Bluetooth trace begins."""
    return None if _HCI is None else _HCI.first_time(head)


class HciJoin:
    """All Bluetooth traces of a run, given in order of their first time."""

    def __init__(self, options: ReaderOptions) -> None:
        assert _HCI_READER is not None
        self._reader = _HCI_READER.HciReader(options)

    def read(self, chunks: Iterator[bytes], path: str) -> Reading:
        """The next trace."""
        return self._reader.read(chunks, path)  # type: ignore[no-any-return]  # replaced when it lands
