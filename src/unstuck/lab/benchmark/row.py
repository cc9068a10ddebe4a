"""One line of a run: what one doctor said of one case with one kind of evidence, as JSON and as a value."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from unstuck.doctor.knowledge.schema import Knowledge
from unstuck.lab.benchmark.sample import Split
from unstuck.lab.case import Case, Judged, Played
from unstuck.lab.treating import NOTHING_TO_MEND, Treated
from unstuck.model.diagnosis import Diagnosis, State

Document = dict[str, Any]

SCHEMA = "unstuck.run/1"
"""Name and version of a file of results."""

DIGITS = 4
"""Decimals of a probability, minutes and hours that are kept."""


@dataclass(frozen=True, slots=True)
class Head:
    """The first line of a file: which cases, played with what. ``fitted``: whether fitted numbers were in use.

    ``commit`` and ``date`` are those of the code (empty and empty where it is in no repository).
    """

    split: Split
    seed: int
    sampling: int
    fitted: bool
    commit: str = ""
    date: str = ""
    version: str = ""

    def line(self) -> str:
        """As JSON on one line."""
        return json.dumps({"schema": SCHEMA, **asdict(self)})

    @classmethod
    def read(cls, document: Document) -> "Head":
        """From the parsed line. KeyError, TypeError or ValueError: it is none."""
        if document["schema"] != SCHEMA:
            raise ValueError(f"schema {document['schema']}")
        fields = {key: document[key] for key in ("seed", "sampling", "fitted", "commit", "date", "version")}
        return cls(split=Split(document["split"]), **fields)


@dataclass(frozen=True, slots=True)
class Said:
    """What a doctor said: verdict, hop (empty: none named), and causes with their probability, likeliest first."""

    verdict: str
    hop: str
    causes: tuple[tuple[str, float], ...]

    @property
    def first(self) -> tuple[str, float]:
        """The cause named first, and how sure; empty and 0 where none was."""
        return self.causes[0] if self.causes else ("", 0.0)


@dataclass(frozen=True, slots=True)
class Way:
    """How a helper fared. ``minutes`` hands-on, with the charge for giving up in it; ``moved``: data moves again."""

    minutes: float
    moved: bool
    fixes: tuple[str, ...] = ()
    questions: int = 0
    lost: int = 0
    harmful: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One case with one kind of evidence.

    ``number``, ``faults``, ``phone``, ``tracker``, ``behaviour``, ``seed``: the case. ``cause``: that of its first
    fault, empty where nothing is wrong. ``truth``: every true cause; ``hops``: where data stands still; ``flowing``:
    nothing is to mend. ``alone``: said of the evidence without a complaint; ``before``: with the complaint, before any
    question; ``said``: before the first fix, with all answers. ``mended``, ``expected``, ``lost``: what the real chain
    did after the fixes of the fullest evidence. ``findings``: of the evidence alone; ``answers``: to every question;
    ``ends``: which causes each fix ended. ``error``: the case crashed, and nothing else here counts; ``where``: in
    what.
    """

    number: int
    faults: tuple[str, ...]
    phone: str
    tracker: str
    behaviour: str
    seed: int
    given: str
    of: int = 1
    """How many rows this case has: fewer in a file, and the run was stopped in the middle of writing them."""
    cause: str = ""
    symptom: str = ""
    truth: tuple[str, ...] = ()
    hops: tuple[str, ...] = ()
    flowing: bool = True
    late_s: float = 0.0
    alone: Said = field(default_factory=lambda: Said("", "", ()))
    before: Said = field(default_factory=lambda: Said("", "", ()))
    said: Said = field(default_factory=lambda: Said("", "", ()))
    doctor: Way = field(default_factory=lambda: Way(0.0, True))
    check: Way = field(default_factory=lambda: Way(0.0, True))
    article: Way = field(default_factory=lambda: Way(0.0, True))
    hindsight: Way = field(default_factory=lambda: Way(0.0, True))
    mended: bool = True
    expected: bool = True
    lost: int = 0
    findings: Mapping[str, bool] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)
    ends: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    error: str = ""
    where: str = ""
    took_s: float = 0.0

    @property
    def nothing_wrong(self) -> bool:
        """A healthy case, the ordinary gaps of life among them."""
        return not set(self.truth) - NOTHING_TO_MEND

    @property
    def unnoticed(self) -> bool:
        """Something is wrong and the person sees nothing of it yet: nobody asks, nobody mends."""
        return not self.nothing_wrong and not self.symptom

    @property
    def label(self) -> str:
        """The case in one word, as everywhere in the lab."""
        return self.case.label

    @property
    def case(self) -> Case:
        """The case itself, to play it again."""
        return Case(self.faults, self.phone, self.tracker, self.behaviour, self.seed)

    def line(self) -> str:
        """As JSON on one line."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def read(cls, document: Document) -> "Row":
        """From the parsed line. KeyError, TypeError or ValueError: it is none."""
        plain = dict(document)
        for name in ("alone", "before", "said"):
            one = plain[name]
            causes = tuple((str(cause), float(chance)) for cause, chance in one["causes"])
            plain[name] = Said(one["verdict"], one["hop"], causes)
        for name in ("doctor", "check", "article", "hindsight"):
            plain[name] = Way(**{**plain[name], "fixes": tuple(plain[name]["fixes"])})
        for name in ("faults", "truth", "hops"):
            plain[name] = tuple(plain[name])
        plain["ends"] = {fix: tuple(causes) for fix, causes in plain["ends"].items()}
        return cls(**plain)


def crashed(number: int, case: Case, error: str, where: str) -> Row:
    """The one row of a case that could not be played to its end."""
    one = case.all[0]
    return Row(number, *_of(case), given="", cause=one.cause, error=error, where=where)


def rows_of(number: int, played: Played, took_s: float) -> list[Row]:
    """A row for each kind of evidence. What is the case's own is the same in all; only the first has the answers."""
    return [
        _row(number, played, judged, took_s if place == 0 else 0.0, full=place == 0)
        for place, judged in enumerate(played.judged.values())
    ]


def said_of(diagnosis: Diagnosis) -> Said:
    """What counts of a diagnosis. The hop is the one it names, else that of the cause it puts first."""
    causes = tuple((cause.id, round(cause.probability, DIGITS)) for cause in diagnosis.causes)
    hop = diagnosis.stuck_at or (diagnosis.causes[0].hop if diagnosis.causes else None)
    return Said(diagnosis.verdict.value, hop.value if hop is not None else "", causes)


def states_of(answers: Mapping[str, str], knowledge: Knowledge) -> dict[str, bool]:
    """What answers make of findings; where two answers speak of one finding the first counts."""
    found: dict[str, bool] = {}
    for question in knowledge.questions.values():
        for answer in question.answers:
            if answers.get(question.id) == answer.id:
                for finding, holds in answer.findings.items():
                    found.setdefault(finding, holds)
    return found


def _of(case: Case) -> tuple[tuple[str, ...], str, str, str, int]:
    return case.faults, case.phone, case.tracker, case.behaviour, case.seed


def _row(number: int, played: Played, judged: Judged, took_s: float, *, full: bool) -> Row:
    case = played.case
    states = {one.id: one.state for one in judged.alone.findings if one.state is not State.UNKNOWN}
    return Row(
        number,
        *_of(case),
        given=judged.given.value,
        of=len(played.judged),
        cause=case.all[0].cause,
        symptom=played.symptom,
        truth=tuple(sorted(played.truth)),
        hops=tuple(sorted(played.hops)),
        flowing=played.flowing,
        late_s=round(played.late_s, 1),
        alone=said_of(judged.alone),
        before=said_of(judged.guided.first),
        said=said_of(judged.guided.diagnosis),
        doctor=_way(judged.guided.treated),
        check=_way(judged.failed_check),
        article=_way(played.article),
        hindsight=_way(played.hindsight),
        mended=played.mended,
        expected=played.expected,
        lost=played.lost,
        findings={finding: state is State.YES for finding, state in sorted(states.items())},
        answers=dict(sorted(played.answers.items())) if full else {},
        ends={fix: tuple(sorted(causes)) for fix, causes in sorted(played.ends.items())} if full else {},
        took_s=round(took_s, 2),
    )


def _way(treated: Treated) -> Way:
    minutes = round(treated.minutes, 2)
    return Way(minutes, treated.moved, treated.fixes, treated.questions, treated.lost, treated.harmful)
