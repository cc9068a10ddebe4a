"""What the knowledge files hold, as frozen types. The format is described in docs/reference/knowledge.md."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from unstuck.model.hop import Hop


class EvidenceKind(StrEnum):
    """Where a finding can be seen."""

    HCI = "hci"
    BUGREPORT = "bugreport"
    TAKEOUT = "takeout"
    CHAIN = "chain"
    ANSWER = "answer"


class Boundary(StrEnum):
    """A way of the data that a cause can close; a stop seen there is explained only by such causes."""

    LINK = "link"
    """From tracker to phone over the air."""
    DRAIN = "drain"
    """The app's asking for data over a link that is there."""
    UPLOAD = "upload"
    """From the phone to the service."""
    SHOW = "show"
    """From the service's store to what the person sees."""
    ANY = "any"
    """Not known which. Never in the knowledge, only in what was seen."""


class Guard(StrEnum):
    """A reason why a fix may not be done now. The one list of harms; checked in doctor/reasoning/gate.py."""

    UNDRAINED = "undrained"
    """Records may be on the tracker alone, and the fix can erase them."""
    UNSENT = "unsent"
    """Records may be in the phone's app alone, and the fix can erase them."""
    VENDOR_DOWN = "vendor_down"
    """The service may be down: a person who signs out or reinstalls could not come back."""
    BATTERY_LOW = "battery_low"
    """The tracker's battery is below what the fix needs."""
    LOGIN_UNKNOWN = "login_unknown"
    """Nobody confirmed that the person knows the login."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A number that was fitted. ``before``: the judgement of the knowledge files. ``yes`` of ``cases`` is what was
    counted; it need not be a whole number, because a yes may have more than one explanation."""

    before: float
    yes: float
    cases: int


@dataclass(frozen=True, slots=True)
class Form:
    """One of several ways in which a cause shows itself, of which one holds at a time. ``share``: how often, of all."""

    id: str
    share: float
    says: str


@dataclass(frozen=True, slots=True)
class Cause:
    """A row of the catalogue. ``prior`` is the chance that it holds when a person complains.

    ``closes`` are the ways it can close; ``fault`` is False where nothing is broken (not worn, waiting
    for the service). ``forms``: two or more, where the cause shows itself in ways that exclude each other; else none.
    """

    id: str
    hop: Hop
    title: str
    says: str
    explanation: str
    prior: float
    prior_source: str
    how_to_check: str
    fault: bool = True
    closes: tuple[Boundary, ...] = ()
    prior_fitted: Fitted | None = None
    forms: tuple[Form, ...] = ()


def key_of(cause: str, form: str = "") -> str:
    """How a cause, or one of its forms, is named: ``tracker.hung``, ``tracker.hung/mute``."""
    return f"{cause}/{form}" if form else cause


@dataclass(frozen=True, slots=True)
class OfForm:
    """How strongly a cause in one of its forms brings about a finding, or the chance that a fix ends it."""

    form: str
    strength: float
    fitted: Fitted | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """How strongly a cause brings about a finding: P(finding | only this cause, no leak).

    ``of_forms``: the same for each form of a cause whose forms show differently, in the order of the cause; then
    ``strength`` is their mean by share. Empty: all forms show alike.
    """

    cause: str
    strength: float
    source: str
    fitted: Fitted | None = None
    of_forms: tuple[OfForm, ...] = ()

    @property
    def by_key(self) -> Mapping[str, float]:
        """The strengths by cause, or by its forms (:func:`key_of`)."""
        return {key_of(self.cause, one.form): one.strength for one in self.of_forms} or {self.cause: self.strength}


@dataclass(frozen=True, slots=True)
class FindingSpec:
    """A finding the rules can draw. ``leak`` is the chance of yes with no cause present.

    Findings of one ``group`` are signs of one and the same thing, so only the strongest of them
    that holds is counted; empty for a finding that stands alone. ``way``: it is seen of this whole way of the data, so
    that everything which closes it explains it, and nothing else does strongly; None for all others.
    """

    id: str
    hop: Hop
    says: str
    explanation: str
    seen_in: tuple[EvidenceKind, ...]
    leak: float
    leak_source: str
    links: tuple[Link, ...]
    group: str = ""
    way: Boundary | None = None
    leak_fitted: Fitted | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to a question: what it makes of findings (id -> yes or no)."""

    id: str
    text: str
    findings: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class Question:
    """A question a person can answer, with where to look on each platform. ``minutes`` it takes.

    ``again``: it looks at the whole way, so that each fix that is done may change its answer, and it is worth asking
    once more. ``past``: it is about what was, which no fix changes.
    """

    id: str
    text: str
    minutes: float
    answers: tuple[Answer, ...]
    look_up: Mapping[str, str]
    again: bool = False
    past: bool = False


@dataclass(frozen=True, slots=True)
class Symptom:
    """What a person notices; a finding in its own right (id ``symptom.<id>``)."""

    id: str
    says: str
    leak: float
    links: tuple[Link, ...]
    leak_fitted: Fitted | None = None


@dataclass(frozen=True, slots=True)
class Mend:
    """The chance that a fix, done properly, ends a cause that holds.

    ``of_forms``: the same for each form of the cause, where they differ; then ``chance`` is their mean by share.
    """

    cause: str
    chance: float
    source: str
    fitted: Fitted | None = None
    of_forms: tuple[OfForm, ...] = ()

    @property
    def by_key(self) -> Mapping[str, float]:
        """The chances by cause, or by its forms (:func:`key_of`)."""
        return {key_of(self.cause, one.form): one.strength for one in self.of_forms} or {self.cause: self.chance}


@dataclass(frozen=True, slots=True)
class Fix:
    """Something that can be done. ``minutes`` of the person's time; ``effort`` 0 (none) to 3 (a chore).

    ``safe_part`` says which part of the steps harms nothing and may be done even while the gate
    holds the rest back; empty where there is none. ``needless_minutes``: of a long fix, until the person sees that
    it is not needed and stops (its steps say where); None where only doing it tells.
    """

    id: str
    title: str
    explanation: str
    minutes: float
    effort: int
    mends: tuple[Mend, ...]
    guards: tuple[Guard, ...]
    harm: str
    worked_when: str
    undo: str
    safe_part: str = ""
    needless_minutes: float | None = None


@dataclass(frozen=True, slots=True)
class Steps:
    """Numbered steps of one fix on one platform.

    ``platform`` is ``any``, ``iphone``, ``android`` or a maker (``samsung``); ``tracker`` a part
    of a model's name in lower case, or empty for all. The most special one that fits is shown.
    """

    fix: str
    platform: str
    tracker: str
    lines: tuple[str, ...]
    worked_when: str
    credit: str


@dataclass(frozen=True, slots=True)
class Obtain:
    """How a person gets one kind of evidence out of a phone or an account.

    ``platform`` as in :class:`Steps`. ``note`` says what private things the evidence holds.
    """

    id: str
    platform: str
    title: str
    lines: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True, eq=False)
class Knowledge:
    """All of it, checked for consistency when loaded.

    ``stale``: fitted numbers that are not used, because the judgement that they were fitted on has changed since.
    """

    causes: Mapping[str, Cause]
    findings: Mapping[str, FindingSpec]
    questions: Mapping[str, Question]
    symptoms: Mapping[str, Symptom]
    fixes: Mapping[str, Fix]
    stale: tuple[str, ...] = ()
