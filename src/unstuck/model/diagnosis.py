"""Findings and the diagnosis drawn from them: what the doctor says, before anyone words it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from unstuck.model.evidence import Fact, SourceInfo
from unstuck.model.hop import Hop
from unstuck.model.records import AtRisk


class State(StrEnum):
    """Answer of a rule. Unknown is not no: it means that nothing could speak about it."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Verdict(StrEnum):
    """The one word first."""

    HEALTHY = "healthy"
    STUCK = "stuck"
    INCONCLUSIVE = "inconclusive"


class HopState(StrEnum):
    """What is known of one hop: it works, it is broken, or nobody looked."""

    MOVING = "moving"
    BROKEN = "broken"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class Proof:
    """One sentence of evidence with the facts it rests on (at least one, the best first)."""

    text: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found: ``id`` is a row of the knowledge."""

    id: str
    state: State
    proof: tuple[Proof, ...] = ()


@dataclass(frozen=True, slots=True)
class Tracker:
    """The tracker the diagnosis is about. ``id`` is its address where known."""

    id: str
    name: str
    vendor: str


@dataclass(frozen=True, slots=True)
class CauseEvidence:
    """One line of proof under a cause: the finding, the sentence, and exactly where it was seen.

    ``also`` are the locators of the further facts behind the same sentence.
    """

    finding: str
    text: str
    source: str
    locator: str
    time: datetime | None
    excerpt: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RankedCause:
    """A cause with its posterior probability; causes may coincide, so these need not sum to 1."""

    id: str
    hop: Hop
    title: str
    probability: float
    evidence: tuple[CauseEvidence, ...]


@dataclass(frozen=True, slots=True)
class PlannedFix:
    """One step of the plan. ``chance`` is the chance that this step gets data moving.

    ``blocked`` is the reason why it must not be done now, or None. ``credit`` names whose work the
    steps rest on, to be shown wherever they are. ``held_by`` are the guards that hold it back, ``unsure_of``
    those of which nothing is known and which do not hold it back.
    """

    fix: str
    title: str
    minutes: float
    chance: float
    automatic: bool
    blocked: str | None
    steps: tuple[str, ...]
    worked_when: str = ""
    credit: str = ""
    held_by: tuple[str, ...] = ()
    unsure_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A cause nothing could speak about, and how to check it."""

    cause: str
    title: str
    how: str


@dataclass(frozen=True, slots=True)
class NextQuestion:
    """The question whose answer is worth most now."""

    id: str
    text: str
    answers: tuple[str, ...]
    how_to_look: str = ""
    answer_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One thing that happened, for a person."""

    time: datetime
    hop: Hop
    text: str
    locator: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that the doctor says. Everything a view needs is here; views add nothing."""

    verdict: Verdict
    headline: str
    stuck_at: Hop | None
    since: datetime | None
    judged_at: datetime | None
    tracker: Tracker | None
    phone: str
    zone: str
    at_risk: AtRisk | None
    hops: Sequence[tuple[Hop, HopState, str]]
    causes: tuple[RankedCause, ...]
    plan: tuple[PlannedFix, ...]
    unchecked: tuple[Unchecked, ...]
    next_question: NextQuestion | None
    findings: tuple[Finding, ...]
    facts: tuple[Fact, ...]
    timeline: tuple[TimelineEntry, ...]
    sources: tuple[SourceInfo, ...]
    notes: tuple[str, ...] = ()
