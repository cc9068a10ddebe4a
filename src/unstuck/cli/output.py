"""Where a command writes a report: never over evidence, never over a file that is no report of ours."""

import sys
from collections.abc import Sequence
from pathlib import Path

from unstuck.model.errors import ErrorCode, UsageError

REPORT_HEAD_BYTES = 200
"""Enough of a file to know an earlier report by."""

_REPORTS = (b'"schema": "unstuck.diagnosis', b'"schema": "unstuck.fix/')


def write_report(target: str, text: str, sources: Sequence[Path] = ()) -> None:
    """Write a report; ``-`` is standard output. Never over evidence: that may be the person's only copy.

    UsageError when it cannot be, or another file would be lost.
    """
    whole = text if text.endswith("\n") else text + "\n"
    if target == "-":
        sys.stdout.write(whole)
        return
    path = Path(target)
    try:
        wanted = path.resolve()
        if any(wanted == given.resolve() or given.resolve() in wanted.parents for given in sources):
            raise UsageError(ErrorCode.USAGE_OUTPUT, path=target, reason="it lies in the evidence that was given")
        if path.is_file() and not _earlier_report(path):
            raise UsageError(ErrorCode.USAGE_OUTPUT, path=target, reason="there is another file of that name")
        part = wanted.with_name(f".{wanted.name}.part")
        part.write_text(whole, encoding="utf-8")
        part.replace(wanted)
    except OSError as error:
        raise UsageError(ErrorCode.USAGE_OUTPUT, path=target, reason=error.strerror or "unknown") from error
    sys.stderr.write(f"written: {target}\n")


def _earlier_report(path: Path) -> bool:
    """Whether a file is an earlier report of ours, or empty: only those are written over."""
    with path.open("rb") as file:
        head = file.read(REPORT_HEAD_BYTES).lstrip()
    return not head or head.startswith(b"<!doctype html>") or any(name in head for name in _REPORTS)


def write_line(text: str) -> None:
    """Write one line to standard output at once, for a reader that waits for it."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
