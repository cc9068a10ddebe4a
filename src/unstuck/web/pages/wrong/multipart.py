"""A form with files as it arrives (RFC 7578): pieces of a body enter, fields and pieces of files leave. Pure.

Nothing is held but what is needed to find the next boundary, however large a file is.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

HEADERS_MOST_BYTES = 8192
"""Headers of one part; browsers send some hundred bytes."""
FIELD_MOST_BYTES = 4096
"""A field that is no file."""
BOUNDARY_MOST = 200

_NAME = re.compile(rb'(?:^|[;\s])name="([^"]*)"', re.I)
_FILE_NAME = re.compile(rb'(?:^|[;\s])filename="([^"]*)"', re.I)


class MultipartError(ValueError):
    """It is no such form, or one of its parts is larger than any of ours."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part begins. ``file``: the file's name as the browser says it, None: a plain field."""

    name: str
    file: str | None


@dataclass(frozen=True, slots=True)
class Data:
    """More of the part that began last."""

    data: bytes


class _At(Enum):
    PREAMBLE = auto()
    AFTER = auto()
    HEADERS = auto()
    BODY = auto()
    END = auto()


def boundary_of(content_type: str) -> bytes:
    """The boundary of a Content-Type header. MultipartError: it is none."""
    kind, _, parameters = content_type.partition(";")
    found = re.search(r'boundary=(?:"([^"]+)"|([^;\s]+))', parameters)
    if kind.strip().lower() != "multipart/form-data" or found is None:
        raise MultipartError("no form with files")
    boundary = (found[1] or found[2]).encode("latin-1", "replace")
    if len(boundary) > BOUNDARY_MOST:
        raise MultipartError("the boundary is too long")
    return boundary


class Multipart:
    """Feed it the body; :attr:`ended` is True once the last boundary was there."""

    def __init__(self, boundary: bytes) -> None:
        self._mark = b"\r\n--" + boundary
        self._left = b"\r\n"
        self._at = _At.PREAMBLE
        self.ended = False

    def feed(self, data: bytes) -> Iterator[Part | Data]:
        """What follows from this much more. MultipartError: it is not as it should be."""
        self._left += data
        while True:
            match self._at:
                case _At.PREAMBLE | _At.BODY:
                    place = self._left.find(self._mark)
                    keep = place if place >= 0 else max(0, len(self._left) - len(self._mark) + 1)
                    if keep and self._at is _At.BODY:
                        yield Data(self._left[:keep])
                    self._left = self._left[keep:]
                    if place < 0:
                        return
                    self._left = self._left[len(self._mark) :]
                    self._at = _At.AFTER
                case _At.AFTER:
                    if len(self._left) < 2:
                        return
                    if self._left.startswith(b"--"):
                        self._at, self.ended = _At.END, True
                        continue
                    if not self._left.startswith(b"\r\n"):
                        raise MultipartError("a boundary does not end its line")
                    self._left = self._left[2:]
                    self._at = _At.HEADERS
                case _At.HEADERS:
                    place = self._left.find(b"\r\n\r\n")
                    if place < 0 or place > HEADERS_MOST_BYTES:
                        if len(self._left) > HEADERS_MOST_BYTES:
                            raise MultipartError("the headers of a part are too long")
                        return
                    yield _part(self._left[:place])
                    self._left = self._left[place + 4 :]
                    self._at = _At.BODY
                case _At.END:
                    self._left = b""
                    return


def _part(headers: bytes) -> Part:
    for line in headers.split(b"\r\n"):
        key, _, value = line.partition(b":")
        if key.strip().lower() == b"content-disposition":
            name, file = _NAME.search(value), _FILE_NAME.search(value)
            if name is None:
                break
            given = None if file is None else file[1].decode("utf-8", "replace")
            return Part(name[1].decode("utf-8", "replace"), given)
    raise MultipartError("a part has no name")


def safe_name(given: str, taken: frozenset[str] | set[str]) -> str:
    """A name for a file of ours: of what the person's file is called only what is harmless, and no name twice."""
    bare = re.split(r"[\\/]", given)[-1]
    kept = re.sub(r"[^\w .()+-]", "_", bare).strip(" .") or "file"
    stem, dot, suffix = kept.rpartition(".")
    stem, suffix = (stem, dot + suffix[:10]) if stem else (kept, "")
    name, number = stem[:60] + suffix, 2
    while name in taken:
        name, number = f"{stem[:56]} {number}{suffix}", number + 1
    return name
