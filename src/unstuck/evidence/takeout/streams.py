"""Rows out of bytes: the elements of a JSON array and the lines of a CSV file, one at a time, whatever their size.

A heart-rate series has hundreds of megabytes in one array, so nothing here holds more than one chunk and one element.
"""

import codecs
import csv
import json
import re
from collections.abc import Iterator

_ELEMENT_CHARACTERS = 2**20
"""Longest array element that is read; real ones have at most some thousand (a sleep log with its levels)."""
_LINE_CHARACTERS = 64 * 2**10
"""Longest line that is read; real ones have at most some thousand."""
_REFILL_CHARACTERS = 64 * 2**10
"""Characters added at least before an incomplete element is tried again, so that tiny chunks cost nothing."""
_MOST_BROKEN = 1000
"""Broken elements passed over before the file counts as damaged."""
_TOO_DEEP = "a value in it is nested too deep"
_SEPARATORS = re.compile(r"[\s,]*")
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"?|[][{}]', re.DOTALL)
"""Whole strings, the last perhaps without its end, and brackets outside of strings."""
_FRESH_LINE = re.compile(r"\n(?:\}\s*,\s*)?\{")
"""An element that begins a line, as the exports write them. JSON has no raw line end inside a string."""


def text_chunks(chunks: Iterator[bytes]) -> Iterator[str]:
    """Bytes as text: UTF-8, or UTF-16 where a byte order mark says so; what is neither becomes a mark."""
    first = next(chunks, b"")
    while len(first) < len(codecs.BOM_UTF8):
        more = next(chunks, b"")
        if not more:
            break
        first += more
    encoding = "utf-16" if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    if first:
        yield decoder.decode(first)
    for chunk in chunks:
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


class JsonArray:
    """The elements of a JSON array with their index. Broken ones are passed over and counted.

    After the iteration ``skipped`` is the number passed over and ``damage`` the reason why it ended early, or empty.
    """

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._texts = text_chunks(chunks)
        self._buffer = ""
        self._at = 0
        self._quotes_broken = False
        self.skipped = 0
        self.damage = ""

    def __iter__(self) -> Iterator[tuple[int, object]]:
        decode = json.JSONDecoder().raw_decode
        self._pass_separators()
        if not self._buffer.startswith("[", self._at):
            self.damage = "it is not a JSON array"
            return
        self._at += 1
        index = 0
        while True:
            self._pass_separators()
            if self._at >= len(self._buffer):
                self.damage = "it stops in the middle"
                return
            if self._buffer[self._at] == "]":
                return
            try:
                element, end = decode(self._buffer, self._at)
            except RecursionError:
                if not self._pass_broken(_TOO_DEEP):
                    return
                index += 1
                continue
            except ValueError:
                is_long = len(self._buffer) - self._at >= _ELEMENT_CHARACTERS
                if not is_long and self._refill():
                    continue
                if not self._pass_broken("a value in it is broken or endless" if is_long else self._end()):
                    return
                index += 1
                continue
            if end == len(self._buffer) and not isinstance(element, (dict, list)) and self._refill():
                # A number may go on in the next chunk.
                continue
            self._at = end
            yield index, element
            index += 1

    def _end(self) -> str:
        """Why the last element cannot be read: the text may be whole all the same."""
        return "a value in it is broken" if self._buffer.rstrip().endswith("]") else "it stops in the middle"

    def _pass_broken(self, reason: str) -> bool:
        """Go to the next object of the array; False, with ``reason`` as the damage, where there is none.

        Braces inside strings or deeper objects begin no element: read as one they would be data that nobody wrote.
        """
        self.skipped += 1
        if self.skipped > _MOST_BROKEN:
            self.damage = reason if reason == _TOO_DEEP else "too much of it is broken"
            return False
        start = None if self._quotes_broken else self._after_broken()
        while start is None and self._quotes_broken:
            found = _FRESH_LINE.search(self._buffer, self._at + 1)
            if found:
                start = found.end() - 1
                break
            self._at = max(self._at, len(self._buffer) - _REFILL_CHARACTERS)
            if not self._refill():
                break
        if start is None:
            self.damage = reason
            return False
        self._at = start
        return True

    def _after_broken(self) -> int | None:
        """Where the next object begins behind the broken element; None where the array ends before one.

        Brackets that never close mean a cut file, or a quote too few or too many that turns strings inside out. From
        then on only lines are trusted.
        """
        while True:
            depth = 0
            for token in _TOKENS.finditer(self._buffer, self._at):
                match token[0][0]:
                    case "{" | "[" if depth == 0 and token[0] == "{" and token.start() > self._at:
                        return token.start()
                    case "{" | "[":
                        depth += 1
                    case "]" if depth == 0:
                        return None
                    case "]" | "}":
                        depth = max(0, depth - 1)
            if len(self._buffer) - self._at >= _ELEMENT_CHARACTERS or not self._refill():
                self._quotes_broken = True
                return None

    def _pass_separators(self) -> None:
        while True:
            found = _SEPARATORS.match(self._buffer, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._buffer) or not self._refill():
                return

    def _refill(self) -> bool:
        parts = [self._buffer[self._at :]]
        added = 0
        for text in self._texts:
            parts.append(text)
            added += len(text)
            if added >= _REFILL_CHARACTERS:
                break
        self._buffer = "".join(parts)
        self._at = 0
        return added > 0


class CsvRows:
    """The rows of a CSV file by column name, with their line number; the first line names the columns.

    Names are in lower case. Lines of another length than the first are read as far as they go; endless lines and
    broken quotes are passed over and counted in ``skipped``.
    """

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self.columns: list[str] = []
        self.skipped = 0

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        for number, line in _lines(self._chunks):
            if line is None:
                self.skipped += 1
                continue
            if not line or line.isspace():
                continue
            fields = split_row(line)
            if fields is None:
                self.skipped += 1
                continue
            if not self.columns:
                self.columns = [field.strip().lower() for field in fields]
                continue
            yield number, fields


def split_row(line: str) -> list[str] | None:
    """The fields of one CSV line; None where its quotes are broken."""
    if '"' not in line:
        return line.split(",")
    try:
        return next(csv.reader([line], strict=True), None)
    except csv.Error:
        return None


def _lines(chunks: Iterator[bytes]) -> Iterator[tuple[int, str | None]]:
    """Lines with their number from 1; None for one that is too long."""
    rest = ""
    too_long = False
    number = 1
    for text in text_chunks(chunks):
        pieces = text.split("\n")
        for piece in pieces[:-1]:
            line = rest + piece
            yield number, None if too_long or len(line) > _LINE_CHARACTERS else line.rstrip("\r")
            number += 1
            rest, too_long = "", False
        rest += pieces[-1]
        if len(rest) > _LINE_CHARACTERS:
            rest, too_long = "", True
    if rest or too_long:
        yield number, None if too_long else rest.rstrip("\r")
