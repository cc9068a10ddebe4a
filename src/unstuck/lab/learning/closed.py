"""Closed case files (``unstuck case close``) as what can be learnt from life: paths enter, causes and tries leave."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from unstuck.doctor.casefile.bundle import open_bundle
from unstuck.doctor.casefile.reading import case_of
from unstuck.doctor.knowledge.schema import Knowledge
from unstuck.lab.learning.fit import Closed
from unstuck.model.errors import ErrorCode, UsageError
from unstuck.model.history import Result

SPEAKS = {Result.HELPED: True, Result.DID_NOT_HELP: False}
"""Results of a fix that say whether it mends."""


def closed_cases(paths: Sequence[Path], knowledge: Knowledge) -> list[Closed]:
    """Every closed case in these files and folders, in the order of their names; open ones are passed over.

    UsageError for a file that cannot be read or whose cause is unknown, EvidenceError for one that is no case.
    """
    found = []
    for path in _files(paths):
        try:
            data = path.read_bytes()
        except OSError as error:
            reason = error.strerror or "cannot be read"
            raise UsageError(ErrorCode.USAGE_SOURCE, given=path.name, reason=reason) from error
        case = case_of(dict(open_bundle(data, path.name).document))
        if case.closed is None:
            continue
        if case.closed.cause not in knowledge.causes:
            reason = f"was closed with the unknown cause {case.closed.cause}"
            raise UsageError(ErrorCode.USAGE_SOURCE, given=path.name, reason=reason)
        tried = tuple((one.fix, SPEAKS[one.result]) for one in case.tried if one.result in SPEAKS)
        found.append(Closed(case.closed.cause, tried))
    return found


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        yield from sorted(one for one in path.iterdir() if one.is_file()) if path.is_dir() else [path]
