"""Progress on standard error for whatever takes longer than a second."""

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.status import Status

PATIENCE_S = 1.0
"""People take a second for an answer without doubt (Nielsen, Response times: the three limits)."""

REPEAT_S = 5.0
"""Where there is no terminal to draw on, a line this often is enough to see that it goes on."""


class Progress:
    """Call it with what is being done; it stays silent for the first second.

    On a terminal one line is drawn anew, elsewhere a plain line is written every few seconds.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, file=sys.stderr)
        self._began = time.monotonic()
        self._told = self._began
        self._status: Status | None = None

    def __call__(self, text: str, done: int, total: int) -> None:
        """Report ``done`` of ``total`` bytes; ``total`` 0 means that the end is not known."""
        now = time.monotonic()
        if now - self._began < PATIENCE_S:
            return
        share = f" {min(100, done * 100 // total)} %" if total else ""
        size = f" ({done / 1e6:,.0f} MB)" if not total and done else ""
        line = f"{text}{share}{size}"
        if self._console.is_terminal:
            if self._status is None:
                self._status = self._console.status(line)
                self._status.start()
            self._status.update(line)
        elif self._told == self._began or now - self._told >= REPEAT_S:
            self._told = now
            self._console.print(line, highlight=False, markup=False)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()
