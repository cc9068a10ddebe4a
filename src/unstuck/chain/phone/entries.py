"""What a journal tells: batches, ranges, attempts and accounts as plain values."""

from dataclasses import dataclass
from enum import StrEnum

from unstuck.chain.phone.held import Held
from unstuck.chain.phone.reasons import Outcome, Side
from unstuck.chain.records import Ranges


class State(StrEnum):
    """What is known of a range; it may be in several."""

    COMMITTED = "committed"
    TRIMMED = "trimmed"
    UPLOADED = "uploaded"
    CONFIRMED = "confirmed"
    PRUNED = "pruned"
    OVERWRITTEN = "overwritten"


@dataclass(frozen=True, slots=True)
class Stored:
    """A batch in the journal, without its bytes."""

    id: int
    boot: int
    first: int
    last: int
    size_bytes: int
    drained_s: int

    @property
    def ranges(self) -> Ranges:
        """The sequence numbers in it."""
        return Ranges.span(self.first, self.last)


@dataclass(frozen=True, slots=True)
class Rejection:
    """Records that the server would not take, with its code."""

    boot: int
    first: int
    last: int
    code: str
    rejected_s: int


@dataclass(frozen=True, slots=True)
class Account:
    """Whose records, as its server told. ``id`` is that of one account everywhere; the rest is for people to read."""

    id: str
    name: str
    server: str


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Records that the server has not confirmed and that are of another account; None: which was never told."""

    account: Account | None
    records: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at one boundary. ``causes``: ids of the catalogue where the host itself knows what stopped it."""

    side: Side
    began_s: int
    ended_s: int
    outcome: Outcome
    detail: str
    records: int
    causes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ledger:
    """All ranges of one tracker, by boot. ``drained`` includes what was committed or pruned since."""

    drained: Held
    committed: Held
    trimmed: Held
    uploaded: Held
    confirmed: Held
    pruned: Held
    overwritten: Held
