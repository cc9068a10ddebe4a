"""One table of a knowledge file, read strictly: a wrong type or key is an error that says where it stands."""

from collections.abc import Mapping
from importlib.resources.abc import Traversable
from tomllib import TOMLDecodeError, loads
from typing import NoReturn

from unstuck.model.errors import ErrorCode, KnowledgeError


def invalid(reason: str) -> NoReturn:
    """Raise the one error for knowledge that contradicts itself."""
    raise KnowledgeError(ErrorCode.KNOWLEDGE_INVALID, reason=reason)


class Row:
    """A table and which of its keys were asked for. Call :meth:`end` last: keys nobody asked for are misspelt."""

    def __init__(self, where: str, table: Mapping[str, object]) -> None:
        self.where = where
        self._table = table
        self._asked: set[str] = set()

    def _get(self, key: str) -> object:
        self._asked.add(key)
        return self._table.get(key)

    def has(self, key: str) -> bool:
        """Whether it is there at all."""
        return self._get(key) is not None

    def fail(self, reason: str) -> NoReturn:
        """Raise with the place of this row."""
        invalid(f"{self.where}: {reason}")

    def text(self, key: str, default: str | None = None) -> str:
        """A string; empty only where a default is given."""
        value = self._get(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or (default is None and not value.strip()):
            self.fail(f"'{key}' must be a text that is not empty")
        return value

    def number(self, key: str, low: float, high: float) -> float:
        """A number with low < number <= high."""
        value = self._get(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.fail(f"'{key}' must be a number")
        if not low < value <= high:
            self.fail(f"'{key}' is {value}, but must be above {low:g} and at most {high:g}")
        return float(value)

    def count(self, key: str, most: float) -> float:
        """A count of something, not always whole: 0 <= count <= most."""
        value = self._get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
            self.fail(f"'{key}' must be a number from 0 to {most:g}")
        return float(value)

    def chance(self, key: str, *, certain: bool = False) -> float:
        """A probability strictly between 0 and 1, or up to 1 where ``certain``."""
        value = self.number(key, 0.0, 1.0)
        if value == 1.0 and not certain:
            self.fail(f"'{key}' is 1, but nothing is certain: it must be below 1")
        return value

    def chances(self, key: str) -> Mapping[str, float]:
        """A table of probabilities above 0 and up to 1; empty where it is left out."""
        given = Row(f"{self.where}, {key}", self.mapping(key))
        return {name: given.chance(name, certain=True) for name in given._table}

    def whole(self, key: str, low: int, high: int) -> int:
        """A whole number with low <= number <= high."""
        value = self._get(key)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.fail(f"'{key}' must be a whole number from {low} to {high}")
        return value

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self._get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.fail(f"'{key}' must be true or false")
        return value

    def texts(self, key: str, *, least: int = 1) -> tuple[str, ...]:
        """A list of strings, at least ``least`` of them; the key may be left out where that is 0."""
        value = self._get(key)
        if value is None and least == 0:
            return ()
        if not isinstance(value, list) or len(value) < least:
            self.fail(f"'{key}' must be a list with at least {least} entries")
        found = tuple(entry for entry in value if isinstance(entry, str) and entry.strip())
        if len(found) != len(value):
            self.fail(f"'{key}' must hold texts that are not empty")
        return found

    def one_or_more(self, key: str, default: str | None = None) -> tuple[str, ...]:
        """A string or a list of strings."""
        value = self._get(key)
        if not isinstance(value, list):
            return (self.text(key, default),)
        if not value or not all(isinstance(entry, str) for entry in value):
            self.fail(f"'{key}' must be a text or a list of texts")
        return tuple(value)

    def mapping(self, key: str) -> Mapping[str, object]:
        """A table of anything; empty where left out."""
        value = self._get(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.fail(f"'{key}' must be a table")
        return value

    def rows(self, key: str, *, least: int = 0) -> list["Row"]:
        """A list of tables, at least ``least`` of them."""
        value = self._get(key)
        if value is None and least == 0:
            return []
        if not isinstance(value, list) or len(value) < least:
            self.fail(f"'{key}' must be a list with at least {least} entries")
        rows = []
        for index, entry in enumerate(value, start=1):
            if not isinstance(entry, dict):
                self.fail(f"'{key}' entry {index} must be a table")
            rows.append(Row(f"{self.where}, {key} {entry.get('id') or entry.get('cause') or index}", entry))
        return rows

    def end(self) -> None:
        """Raise if a key was never asked for."""
        unknown = sorted(set(self._table) - self._asked)
        if unknown:
            self.fail(f"unknown key '{unknown[0]}'")


def read(folder: Traversable, name: str) -> Row:
    """The whole file ``name`` in ``folder`` as one row; KnowledgeError where it is missing or no TOML."""
    try:
        text = folder.joinpath(name).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        invalid(f"{name} is missing")
    except UnicodeDecodeError as error:
        invalid(f"{name} is not UTF-8 ({error.reason})")
    try:
        return Row(name, loads(text))
    except TOMLDecodeError as error:
        invalid(f"{name} is not TOML ({error})")
