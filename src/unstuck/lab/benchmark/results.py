"""The file of a run: a head, then one JSON line for each row, written case by case so that a run can be continued."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NoReturn, Self

from unstuck.lab.benchmark.row import Head, Row
from unstuck.model.errors import ErrorCode, UsageError


@dataclass(frozen=True, slots=True)
class Results:
    """A run that was read: sorted by case, whole cases only."""

    head: Head
    rows: tuple[Row, ...]
    crashed: tuple[Row, ...]

    @property
    def cases(self) -> int:
        """How many were played, crashed ones among them."""
        return len({row.number for row in (*self.rows, *self.crashed)})

    def first(self, count: int) -> "Results":
        """Only the cases of the first so many numbers."""
        rows = tuple(row for row in self.rows if row.number < count)
        return replace(self, rows=rows, crashed=tuple(row for row in self.crashed if row.number < count))


class ResultsFile:
    """Open for writing as a context manager. ``done``: numbers of the cases that are in it already.

    Raises UsageError: it is there and not to be continued, or it is the file of another run.
    """

    def __init__(self, path: Path, head: Head, *, resume: bool = False) -> None:
        self.path = path
        self.head = head
        self.done: frozenset[int] = frozenset()
        self._end = 0
        if path.exists() and path.stat().st_size:
            if not resume:
                _refuse(path, "is there already; continue it with --resume, or name another file")
            self._take_up()
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("r+b" if self._end else "wb")
        self._file.truncate(self._end)
        self._file.seek(self._end)
        if not self._end:
            self._write(self.head.line())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, rows: Sequence[Row]) -> None:
        """The rows of one case, all at once."""
        self._write("\n".join(row.line() for row in rows))

    def _write(self, text: str) -> None:
        assert self._file is not None
        self._file.write(text.encode() + b"\n")
        self._file.flush()

    def _take_up(self) -> None:
        """Find what is whole. A kill leaves at most one case half written, at the end."""
        lines = list(_lines(self.path))
        if not lines:
            return
        head = _head(self.path, lines[0][1])
        if head != self.head:
            odd = [name for name in Head.__slots__ if getattr(head, name) != getattr(self.head, name)]
            _refuse(self.path, f"is the file of another run (another {', '.join(odd)}); name another file")
        self._end = lines[0][0]
        whole: set[int] = set()
        seen: Counter[int] = Counter()
        for end, document in lines[1:]:
            row = _row(self.path, document)
            seen[row.number] += 1
            if seen[row.number] == row.of:
                whole.add(row.number)
                self._end = end
        self.done = frozenset(whole)


def read(path: Path) -> Results:
    """A whole file. UsageError: it is missing or no file of a run."""
    if not path.is_file():
        _refuse(path, "there is no such file")
    lines = list(_lines(path))
    if not lines:
        _refuse(path, "is empty")
    rows = [_row(path, document) for _, document in lines[1:]]
    counted = Counter(row.number for row in rows)
    whole = sorted((row for row in rows if counted[row.number] == row.of), key=lambda row: row.number)
    good, bad = (tuple(row for row in whole if bool(row.error) is failed) for failed in (False, True))
    return Results(_head(path, lines[0][1]), good, bad)


def _lines(path: Path) -> Iterator[tuple[int, object]]:
    """Each whole line, parsed, with the byte at which it ends; what comes after the last line's end is left out."""
    end = 0
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                return
            end += len(line)
            try:
                yield end, json.loads(line)
            except ValueError:
                _refuse(path, f"holds a line that is no JSON, before byte {end}")


def _head(path: Path, document: object) -> Head:
    try:
        return Head.read(document)  # type: ignore[arg-type]  # whatever it is, reading says so
    except (KeyError, TypeError, ValueError):
        _refuse(path, "is no file of results: its first line is not a head")


def _row(path: Path, document: object) -> Row:
    try:
        return Row.read(document)  # type: ignore[arg-type]  # whatever it is, reading says so
    except (KeyError, TypeError, ValueError):
        _refuse(path, "holds a line that is no result")


def _refuse(path: Path, reason: str) -> NoReturn:
    raise UsageError(ErrorCode.USAGE_SOURCE, given=path.name, reason=reason)
