"""Files beside the evidence that nothing here can read: counted and named, unless the evidence always has them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from unstuck.model.errors import ErrorCode, render

_MOST_NAMED = 5
"""Names in one sentence; more would hide what matters."""
_EXPORT_ENDINGS = (".json", ".csv")
"""Of the hundreds of files of an export that say nothing about the chain."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """A file of no known kind. ``name`` is its path in its container, ``shown`` what the person is told.

    ``expected``: it is named like a file that is read, so it is said wherever it lies.
    """

    name: str
    shown: str
    expected: bool


@dataclass(slots=True)
class Surroundings:
    """Folders of one container in which unknown files are ordinary.

    ``roots`` are of bug reports and exports, each ending in ``/`` or empty for the whole; ``loose_export`` says that
    files of an export lie outside any folder.
    """

    roots: set[str] = field(default_factory=set)
    loose_export: bool = False

    def explain(self, stranger: Stranger) -> bool:
        """Whether such a file is to be expected here and is not worth a word."""
        if stranger.expected:
            return False
        name = stranger.name
        loose = self.loose_export and "/" not in name and name.lower().endswith(_EXPORT_ENDINGS)
        return loose or any(name.startswith(root) for root in self.roots)


@dataclass(slots=True)
class Strangers:
    """Those of one path that a person gave; only the first few keep their names."""

    count: int = 0
    names: list[str] = field(default_factory=list)
    has_expected: bool = False

    def add(self, found: Sequence[Stranger], here: Surroundings) -> None:
        """Count those of one container that nothing explains."""
        for stranger in found:
            if not here.explain(stranger):
                self.count += 1
                self.has_expected |= stranger.expected
                if len(self.names) < _MOST_NAMED:
                    self.names.append(stranger.shown)

    def sentences(self, path: str, beside_others: bool) -> tuple[str, ...]:
        """One sentence, or none. Where nothing else was found, only files that should have been readable get one."""
        if not self.count or not (beside_others or self.has_expected):
            return ()
        other = "other " if beside_others else ""
        count = f"1 {other}file was" if self.count == 1 else f"{self.count:,} {other}files were"
        more = self.count - len(self.names)
        names = ", ".join(self.names) + (f" and {more:,} more" if more else "")
        return (render(ErrorCode.SOURCE_UNRECOGNISED, {"path": path, "count": count, "names": names}),)
