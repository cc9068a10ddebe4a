"""Where in an export something was seen."""

import json
from dataclasses import dataclass
from datetime import datetime

from unstuck.model.evidence import Fact, Value

_EXCERPT_CHARACTERS = 200
"""As many as a fact may quote."""


@dataclass(frozen=True, slots=True)
class Place:
    """One row or element: the file, the place inside it, and its text or value to quote."""

    path: str
    locator: str
    quoted: object

    def below(self, part: str) -> "Place":
        """A part of this element: ``$[3]`` becomes ``$[3].event.ble``."""
        return Place(self.path, f"{self.locator}.{part}", self.quoted)

    def fact(self, name: str, value: Value, time: datetime | None, subject: str = "") -> Fact:
        """A fact seen here."""
        return Fact(name, value, time, self.path, self.locator, self.excerpt(), subject)

    def excerpt(self) -> str:
        """The text itself, shortened."""
        text = self.quoted if isinstance(self.quoted, str) else json.dumps(self.quoted, ensure_ascii=False, default=str)
        text = " ".join(text.split())
        return text if len(text) <= _EXCERPT_CHARACTERS else text[: _EXCERPT_CHARACTERS - 1] + "\N{HORIZONTAL ELLIPSIS}"
