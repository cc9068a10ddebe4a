"""Short ways to read a text in a test."""

from collections.abc import Iterable

from tests.evidence.android.forms import FITBIT
from unstuck.evidence.android.reader import read
from unstuck.model.evidence import Fact, ReaderOptions, Reading
from unstuck.model.vocabulary import violations


def read_text(text: str | bytes | Iterable[bytes], *packages: str) -> Reading:
    """Read a whole text; every fact must keep to the vocabulary."""
    if isinstance(text, str):
        text = text.encode()
    chunks = [text] if isinstance(text, bytes) else text
    reading = read(chunks, "a.txt", ReaderOptions(frozenset(packages or (FITBIT,))))
    assert [wrong for fact in reading.facts for wrong in violations(fact)] == []
    return reading


def facts(reading: Reading, name: str, subject: str | None = None) -> list[Fact]:
    """Facts of one kind, in the order they were written."""
    return [fact for fact in reading.facts if fact.name == name and subject in (None, fact.subject)]


def values(reading: Reading, name: str, subject: str | None = None) -> list[object]:
    """Their values."""
    return [fact.value for fact in facts(reading, name, subject)]


def one(reading: Reading, name: str, subject: str | None = None) -> Fact:
    """The only fact of this kind."""
    (fact,) = facts(reading, name, subject)
    return fact
