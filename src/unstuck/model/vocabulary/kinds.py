"""What one word of the vocabulary is, and the two ways to write one down."""

from collections.abc import Mapping
from dataclasses import dataclass

SCALAR = ""
"""Key under which a kind's single value is described when the value has no named parts."""


@dataclass(frozen=True, slots=True)
class FactKind:
    """One word of the vocabulary.

    ``fields`` maps each part of the value to its type and unit in words; the key :data:`SCALAR`
    stands for a value that is one scalar. A part may be None where the source does not give it.
    ``subject`` says what the fact is about.
    """

    name: str
    subject: str
    fields: Mapping[str, str]
    meaning: str


def kind(name: str, subject: str, meaning: str, /, **fields: str) -> FactKind:
    """A kind whose value has named parts."""
    return FactKind(name, subject, fields, meaning)


def one(name: str, subject: str, what: str, meaning: str) -> FactKind:
    """A kind whose value is one scalar, of which ``what`` tells the type and unit."""
    return FactKind(name, subject, {SCALAR: what}, meaning)
