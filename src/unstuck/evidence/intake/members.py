"""What a container of files gives: members in order, each with bytes that can be read once per pass."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from unstuck.model.errors import EvidenceError

_LONGEST_NAME = 240
"""Characters of a name that are shown; longer than any real path in an export or bug report."""


class SeekableSource(Protocol):
    """Opens the bytes of an archive for reading at any place; the caller closes."""

    def __call__(self) -> BinaryIO:
        """Open. Raises EvidenceError when that is not possible."""
        ...


@dataclass(frozen=True, slots=True)
class Member:
    """One file in a container.

    ``index`` is its place in the container, the same in every pass. ``name`` is its path inside
    (folders apart by ``/``), ``path`` how it is shown to the person. ``size_bytes`` is what the container
    claims, to show progress and for nothing else; None where it claims nothing. ``chunks`` starts to
    read it; from an archive that can only be read forwards this must happen before the next member is asked for.
    """

    index: int
    name: str
    path: str
    size_bytes: int | None
    chunks: Callable[[int], Iterator[bytes]]
    """Called with the most bytes wanted per chunk. Raises EvidenceError where it cannot go on."""
    seekable: SeekableSource | None = None
    """Opens it for reading at any place, where the container can do that."""


class Container(Protocol):
    """Anything files come from: a folder, a zip, a tar, one packed file."""

    path: str

    def members(self) -> Iterator[Member]:
        """A fresh pass over all members, in the order of the container.

        Raises:
            EvidenceError: where the container itself cannot be read (any further); what came before counts.
        """
        ...


class Stream:
    """The bytes of one member for a reader; a fault ends them early and is kept in ``problem``.

    Readers thus see a source that stops, and return what they have.
    """

    def __init__(self, chunks: Iterator[bytes], seen: Callable[[int], None] | None = None) -> None:
        self._chunks = chunks
        self._seen = seen
        self.problem: EvidenceError | None = None
        self.bytes_read = 0

    def __iter__(self) -> "Stream":
        return self

    def __next__(self) -> bytes:
        try:
            chunk = next(self._chunks)
        except EvidenceError as fault:
            self.problem = fault
            raise StopIteration from None
        self.bytes_read += len(chunk)
        if self._seen is not None:
            self._seen(len(chunk))
        return chunk


def take(chunks: Iterator[bytes], size_bytes: int) -> bytes:
    """The first ``size_bytes`` of a stream, or all of it when it is shorter."""
    parts = []
    missing = size_bytes
    while missing > 0:
        part = next(chunks, b"")
        if not part:
            break
        parts.append(part[:missing])
        missing -= len(parts[-1])
    return b"".join(parts)


def readable(name: str) -> str:
    """A file name that is safe to show: no control characters, no broken encoding, not endless."""
    # A name may hold terminal commands, or bytes that no text encoding knows.
    shown = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in name)
    if len(shown) > _LONGEST_NAME:
        return shown[: _LONGEST_NAME // 2] + "\N{HORIZONTAL ELLIPSIS}" + shown[-_LONGEST_NAME // 2 :]
    return shown
