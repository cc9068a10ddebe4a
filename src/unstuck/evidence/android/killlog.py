"""Lines about processes: started, killed, died, crashed. Event log (``am_*``) and ActivityManager lines."""

import re
from dataclasses import dataclass

from unstuck.evidence.android.apps import parse_uid
from unstuck.evidence.android.page import text

_AM_KILL = re.compile(rb"\[(\d{1,9}),(\d{1,9}),([^,\]]+),(-?\d{1,9}),(.*?)(?:,(\d{1,9}))?\]?$")
_AM_CRASH = re.compile(rb"\[(\d{1,9}),(\d{1,9}),([^,\]]+),(-?\d{1,9}),([^,\]]*)")
_AM_START = re.compile(rb"\[(\d{1,9}),(\d{1,9}),(\d{1,9}),([^,\]]+),([^,\]]*),?([^\]]*)")
_AM_DIED = re.compile(rb"\[(\d{1,9}),(\d{1,9}),([^,\]]+)")
_KILLING = re.compile(rb"Killing (\d{1,9}):([^/\s]+)/(\w+) \(adj (-?\d{1,9})\): (.*)")
_START = re.compile(rb"Start proc (\d{1,9}):([^/\s]+)/(\w+) for (.{0,200})")
_OLD_START = re.compile(rb"Start proc ([\w.:]+) for (.{1,200}?): pid=(\d{1,9}) uid=(\d{1,9})")
_FORCE_STOP = re.compile(rb"Force stopping (?:package )?([\w.]+) appid=(\d{1,9}) user=-?\d{1,9}(?:: (.{0,200}))?")
_CRASHING = re.compile(rb"Process: ([\w.:]+)(?:, PID: \d{1,9})?")
_EXCEPTION = re.compile(rb"((?:[a-z]\w*\.)+[A-Z]\w*(?:\$\w+)?)\b")

_VENDOR_REASONS = (
    "onekeyclean",
    "lockscreenclean",
    "autopowerkill",
    "autothermalkill",
    "autosleepclean",
    "autoidlekill",
    "forceclean",
    "garbageclean",
    "optimizationclean",
    "gameclean",
    "autosystemabnormal",
    "powergenie",
    "iaware",
    "hwpfw",
    "duraspeed",
    "athena",
)
"""Parts of reasons that only makers' own cleaners give, in lower case: MIUI, EMUI, ColorOS, MediaTek."""


@dataclass(frozen=True, slots=True)
class ProcessEvent:
    """``what`` is started, killed, died or crashed. ``reason`` is why, or the exception of a crash."""

    what: str
    process: str
    pid: int | None
    uid: int | None
    adj: int | None
    reason: str


def process_event(tag: bytes, message: bytes) -> ProcessEvent | None:
    """What a line of the event log or of ActivityManager says about a process, or None."""
    if tag == b"am_kill" and (found := _AM_KILL.match(message)):
        return ProcessEvent("killed", text(found[3]), int(found[2]), None, int(found[4]), text(found[5]).strip())
    if tag == b"am_crash" and (found := _AM_CRASH.match(message)):
        return ProcessEvent("crashed", text(found[3]), int(found[1]), None, None, text(found[5]).strip())
    if tag == b"am_proc_start" and (found := _AM_START.match(message)):
        why = " ".join(part for part in (text(found[5]).strip(), text(found[6]).strip()) if part)
        return ProcessEvent("started", text(found[4]), int(found[2]), _uid(found[3]), None, why)
    if tag == b"am_proc_died" and (found := _AM_DIED.match(message)):
        return ProcessEvent("died", text(found[3]), int(found[2]), None, None, "")
    return _activity_manager(message) if tag == b"ActivityManager" else None


def _activity_manager(message: bytes) -> ProcessEvent | None:
    if found := _KILLING.match(message):
        adj = int(found[4])
        return ProcessEvent("killed", text(found[2]), int(found[1]), _uid(found[3]), adj, text(found[5]).strip())
    if found := _START.match(message):
        return ProcessEvent("started", text(found[2]), int(found[1]), _uid(found[3]), None, text(found[4]).strip())
    if found := _OLD_START.match(message):
        return ProcessEvent("started", text(found[1]), int(found[3]), _uid(found[4]), None, text(found[2]).strip())
    if found := _FORCE_STOP.match(message):
        reason = f"force stop: {text(found[3] or b'').strip()}".rstrip(": ")
        return ProcessEvent("killed", text(found[1]), None, _uid(found[2]), None, reason)
    return None


def _uid(written: bytes) -> int | None:
    return parse_uid(text(written))


def kill_kind(reason: str) -> str:
    """Sort a kill by its reason: cached, background, vendor, user or other (see ``app.killed``)."""
    lower = reason.lower()
    if any(part in lower for part in _VENDOR_REASONS):
        return "vendor"
    if "background restricted" in lower:
        return "background"
    if lower.startswith(("force stop: from pid", "remove task", "swipeupclean")) or "due to from pid" in lower:
        return "user"
    if lower.startswith(("empty", "cached", "too many", "trimming", "isolated not needed")):
        return "cached"
    return "other"


def crashing_process(message: bytes) -> str | None:
    """The process that ``AndroidRuntime`` says is crashing, or None."""
    found = _CRASHING.match(message)
    return text(found[1]) if found else None


def exception_name(message: bytes) -> str | None:
    """The class at the beginning of a line of a stack trace's head, or None."""
    found = _EXCEPTION.match(message)
    return text(found[1]) if found else None


def saver_switched(message: bytes) -> bool | None:
    """Whether ``battery_saver_mode`` says on or off; None where nothing changed.

    AOSP event-log-tags: before, now, ... up to 9; from 10 before, adaptive before, now, adaptive now, ...
    """
    parts = message.strip().strip(b"[]").split(b",")
    if len(parts) < 3:
        return None
    before, now = parts[0].strip(), parts[2 if len(parts) >= 7 else 1].strip()
    return None if before == now or now not in (b"0", b"1") else now == b"1"
