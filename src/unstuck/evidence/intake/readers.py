"""Which reader a file is for. A name never decides; its first bytes do."""

from enum import StrEnum

from unstuck.evidence.android import reader as android
from unstuck.evidence.hci import recognise as recognise_trace
from unstuck.evidence.takeout import kinds as takeout


class Reader(StrEnum):
    """The readers of files, in the order they are asked: the surest signs first."""

    HCI = "hci"
    ANDROID = "android"
    TAKEOUT = "takeout"


def recognise(head: bytes, name: str) -> tuple[Reader, str] | None:
    """Which reader takes a file that begins like this, and its kind; None when none does."""
    trace = recognise_trace(head)
    if trace is not None:
        return Reader.HCI, trace
    text = android.recognise(head)
    if text is not None:
        return Reader.ANDROID, text
    export = takeout.recognise(head, name)
    return None if export is None else (Reader.TAKEOUT, export)
