"""Lines of text on a terminal of any width: wrapped, never cut, with a right-hand column where it fits.

Everything that is written passes :meth:`Page.safe`, so that evidence with escape sequences or markup in
it cannot colour, move or fake anything.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from unstuck.doctor.telling.wording import clean

WIDEST_COLUMNS = 96
"""Wider terminals are not filled: the eye loses the line and the right-hand column drifts away."""
NARROWEST_COLUMNS = 24
"""Below this a line holds too few words; the terminal may wrap by itself."""
MARGIN_COLUMNS = 2
"""Free columns on the left and on the right."""
GAP_COLUMNS = 2
"""Least distance between the left text and the right-hand column."""
CELL_COLUMNS = 8
"""Width of one cell of the right-hand column: "55 min" and "> 99 %" with air between."""
LEAST_LEFT_COLUMNS = 24
"""The right-hand column moves to a line of its own where it would leave less than this to the left."""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The signs of the chain: one column each."""

    moving: str
    broken: str
    unchecked: str
    still: str
    line: str


UNICODE = Glyphs(moving="●", broken="✕", unchecked="?", still="○", line="─")
ASCII = Glyphs(moving="*", broken="X", unchecked="?", still="o", line="-")

_PUNCTUATION = str.maketrans(
    {"–": "-", "—": "-", "·": "|", "…": "...", "’": "'", "‘": "'", "“": '"', "”": '"', "×": "x"}
)


def takes_glyphs(encoding: str) -> bool:
    """Whether text in this encoding can carry the glyphs; unknown encodings cannot."""
    try:
        "●✕○─–·…".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def to_ascii(text: str) -> str:
    """The same text in ASCII: punctuation by its look-alike, letters without accents, ``?`` for the rest."""
    plain = unicodedata.normalize("NFKD", text.translate(_PUNCTUATION))
    return "".join(c for c in plain if not unicodedata.combining(c)).encode("ascii", "replace").decode("ascii")


class Page:
    """Writes paragraphs and rows to a console, ``width`` columns of text wide.

    ``plain`` restricts the output to ASCII.
    """

    def __init__(self, console: Console, plain: bool) -> None:
        self._console = console
        self._ascii = plain or not takes_glyphs(console.encoding)
        self.glyphs = ASCII if self._ascii else UNICODE
        self.width = max(NARROWEST_COLUMNS, min(console.width, WIDEST_COLUMNS) - 2 * MARGIN_COLUMNS)

    def safe(self, text: str) -> str:
        """What of ``text`` may be shown here."""
        return to_ascii(clean(text)) if self._ascii else clean(text)

    def blank(self) -> None:
        """An empty line."""
        self._console.print()

    def line(self, text: Text) -> None:
        """One line as it is, within the margin."""
        text.rstrip()
        self._console.print(
            Text(" " * MARGIN_COLUMNS) + text, crop=False, no_wrap=True, overflow="ignore", soft_wrap=True
        )

    def paragraph(self, text: str, style: str = "", *, indent: int = 0, mark: str = "") -> None:
        """Wrapped text; ``mark`` hangs to the left of it, inside the indent."""
        self.row(text, "", style, indent=indent, mark=mark)

    def row(
        self,
        left: str,
        right: str | Sequence[str],
        style: str = "",
        *,
        indent: int = 0,
        mark: str = "",
        right_style: str = "dim",
    ) -> None:
        """Wrapped text with ``right`` aligned to the right: beside it where there is room, else below.

        Several cells to the right stand in columns of equal width.
        """
        beyond = self.safe(right) if isinstance(right, str) else self._columns(right)
        room = self.width - indent - (cell_len(beyond) + GAP_COLUMNS if beyond else 0)
        beside = room >= min(LEAST_LEFT_COLUMNS, cell_len(self.safe(left)))
        lines = self.wrap(left, room if beside else self.width - indent, style)
        for number, text in enumerate(lines):
            start = Text()
            start.append(self._hang(mark if number == 0 else "", indent), style=style)
            start.append_text(text)
            if number == 0 and beyond and beside:
                start.append(" " * (self.width - start.cell_len - cell_len(beyond)))
                start.append(beyond, style=right_style)
            self.line(start)
        if beyond and not beside:
            for text in self._fold(beyond, self.width - indent, right_style):
                self.line(Text(" " * max(indent, self.width - text.cell_len)) + text)

    def _columns(self, cells: Sequence[str]) -> str:
        return "".join(" " * (CELL_COLUMNS - cell_len(self.safe(cell))) + self.safe(cell) for cell in cells).lstrip()

    def wrap(self, text: str, width: int, style: str = "") -> Sequence[Text]:
        """Lines of at most ``width`` columns; words longer than that are broken, nothing is dropped."""
        return self._fold(self.safe(text), width, style)

    def _fold(self, text: str, width: int, style: str) -> Sequence[Text]:
        lines = Text(text, style=style).wrap(self._console, max(1, width), overflow="fold")
        for line in lines:
            line.rstrip()
        return list(lines) or [Text()]

    def _hang(self, mark: str, indent: int) -> str:
        mark = to_ascii(mark) if self._ascii else mark
        return " " * max(0, indent - cell_len(mark) - 2) + mark + " " * min(2, indent) if mark else " " * indent
