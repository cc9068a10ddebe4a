"""``unstuck case close``: how a case ended, written into its file."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from unstuck.cli.case_open import read_case_file
from unstuck.cli.state import write_private
from unstuck.doctor.casefile.bundle import CASE, members_of, pack
from unstuck.doctor.casefile.case import Closed
from unstuck.doctor.casefile.document import case_json, closed_document
from unstuck.doctor.knowledge.loader import load
from unstuck.model.errors import ErrorCode, UsageError

BY = ("person", "support")
"""Whose word it may be; never a name."""


def run(file: Path, cause: str, fix: str, by: str) -> None:
    """Write the label. UsageError for unknown ids, for a case that is not whole, and where it cannot be written."""
    _known("--cause", cause, list(load().causes))
    if fix:
        _known("--fix", fix, list(load().fixes))
    _known("--by", by, list(BY))
    opened = read_case_file(file)
    if opened.problems:
        reason = "is not whole, and would be written anew without what is lost; ask for it once more"
        raise UsageError(ErrorCode.USAGE_SOURCE, given=str(file), reason=reason)
    closed = closed_document(Closed(cause, fix, by, datetime.now(UTC)))
    text = case_json({**opened.document, "closed": closed})
    try:
        data = file.read_bytes()
        if data.lstrip()[:1] == b"{":
            write_private(file, text)
        else:
            members = {name: body.decode("utf-8", "replace") for name, body in members_of(data, str(file))[0].items()}
            write_private(file, pack({**members, CASE: text}))
    except OSError as error:
        raise UsageError(ErrorCode.USAGE_OUTPUT, path=str(file), reason=error.strerror or "unknown") from error
    sys.stderr.write(f"closed: {file}\n")


def _known(option: str, given: str, known: list[str]) -> None:
    if given not in known:
        raise UsageError(ErrorCode.USAGE_SOURCE, given=f"{option} {given}", reason=f"use one of: {', '.join(known)}")
