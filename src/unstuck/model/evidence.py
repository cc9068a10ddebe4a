"""Evidence as values: facts, where each was seen, and what a source turned out to be."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

Scalar = bool | int | float | str | None
Value = Scalar | Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class Fact:
    """One typed statement read from evidence.

    ``name`` is a word of :mod:`unstuck.model.vocabulary`, which also says what ``value`` holds:
    one scalar, or named scalars. ``subject`` is what the fact is about when that is not the phone
    as a whole: a Bluetooth address in lower case, an app's package, a series. ``time`` is UTC and
    aware, or None where the source gives none. ``locator`` says where inside ``source``:
    ``packet 5120``, ``line 1203``, ``$[3].event.ble``. ``excerpt`` is a short quotation (at most
    200 characters).
    """

    name: str
    value: Value
    time: datetime | None
    source: str
    locator: str
    excerpt: str = ""
    subject: str = ""

    def scalar(self, key: str = "") -> Scalar:
        """The value itself (no key) or one of its named parts; None where it is absent."""
        if isinstance(self.value, Mapping):
            return self.value.get(key) if key else None
        return None if key else self.value

    def text(self, key: str = "") -> str:
        """As text; empty where absent."""
        found = self.scalar(key)
        return "" if found is None else str(found)

    def number(self, key: str = "") -> float | None:
        """As a number; None where it is absent or not a number. True is not a number here."""
        found = self.scalar(key)
        if isinstance(found, bool) or not isinstance(found, (int, float)):
            return None
        return found

    def flag(self, key: str = "") -> bool | None:
        """As yes or no; None where it is absent or something else."""
        found = self.scalar(key)
        return found if isinstance(found, bool) else None


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What one source turned out to be.

    ``kind`` is a short stable word (``btsnoop``, ``bugreport``, ``takeout`` ...), ``records`` the
    number of packets, lines or rows understood, ``span`` first and last time (UTC), ``skipped``
    the number of records passed over. ``clock_skew_s`` is what was added to this source's times to
    put them on the common clock. ``problems`` are whole sentences for the person, worst first.
    ``readable`` is False when nothing in it could be used.
    """

    path: str
    kind: str
    records: int = 0
    span: tuple[datetime, datetime] | None = None
    skipped: int = 0
    clock_skew_s: float = 0.0
    problems: tuple[str, ...] = ()
    readable: bool = True


@dataclass(frozen=True, slots=True)
class Attachment:
    """Evidence found inside other evidence, to be read in turn (a btsnooz block in a report)."""

    path: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Reading:
    """All that one reader drew from one source."""

    source: SourceInfo
    facts: tuple[Fact, ...] = ()
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class ReaderOptions:
    """What readers need to know from the person.

    ``packages`` are the Android packages worth facts (the vendors' apps, or the one given by
    ``--app``); ``tracker`` an address or part of a name. Readers that add up over time stop at
    ``until`` (UTC), so that nothing later leaks into their sums; None reads everything.
    """

    packages: frozenset[str] = frozenset()
    tracker: str = ""
    until: datetime | None = None


@dataclass(frozen=True)
class FactSet:
    """Facts in time order, found by name and subject. The only way rules look at evidence."""

    facts: Sequence[Fact]
    _by_name: dict[str, list[Fact]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_name: dict[str, list[Fact]] = {}
        for fact in sorted(self.facts, key=_when):
            by_name.setdefault(fact.name, []).append(fact)
        object.__setattr__(self, "_by_name", by_name)

    def __iter__(self) -> Iterator[Fact]:
        return iter(self.facts)

    def __len__(self) -> int:
        return len(self.facts)

    def all(self, *names: str, subject: str | None = None) -> list[Fact]:
        """Every fact with one of these names (and this subject), oldest first; undated first."""
        if len(names) == 1:
            found: Iterable[Fact] = self._by_name.get(names[0], ())
        else:
            found = sorted((fact for name in names for fact in self._by_name.get(name, ())), key=_when)
        return [fact for fact in found if subject is None or fact.subject == subject]

    def latest(self, *names: str, subject: str | None = None) -> Fact | None:
        """The newest such fact, or None."""
        found = self.all(*names, subject=subject)
        return found[-1] if found else None

    def has(self, *names: str, subject: str | None = None) -> bool:
        """Whether there is any such fact."""
        return bool(self.all(*names, subject=subject))


def _when(fact: Fact) -> float:
    return fact.time.timestamp() if fact.time is not None else float("-inf")
