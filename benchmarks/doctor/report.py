"""What a run showed, as a page: rows enter, Markdown leaves. Nothing is measured here."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from unstuck.doctor.knowledge.schema import Knowledge
from unstuck.lab.benchmark import score
from unstuck.lab.benchmark.results import Results
from unstuck.lab.benchmark.row import Row
from unstuck.lab.benchmark.score import Calibration, Measured
from unstuck.lab.evidence import Given

RATIOS = frozenset({"article", "hindsight", "check"})
NUMBERS = frozenset(
    {"minutes", "minutes_article", "minutes_hindsight", "minutes_check", "questions", "harmful_article"}
)
CRASHES_SHOWN = 20

ONE_IN_TWENTY = 3.0
"""Where nothing was seen in n tries, the rate is below 3/n with 95 % confidence (rule of three)."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What is to be reached: a measure with a kind of evidence, and the bound."""

    says: str
    measure: str
    given: Given
    least: float = 0.0
    most: float = float("inf")


GOALS = (
    Goal("right hop, full evidence", "hop", Given.ALL, least=0.98),
    Goal("right cause first, full evidence", "first", Given.ALL, least=0.92),
    Goal("right cause first, answers only", "first", Given.ANSWERS, least=0.75),
    Goal("minutes against the articles' order, full evidence", "article", Given.ALL, most=0.35),
    Goal("minutes against the best in hindsight, full evidence", "hindsight", Given.ALL, most=1.15),
    Goal("no alarm in healthy cases, full evidence", "quiet", Given.ALL, least=0.99),
)
ERROR_MOST = 0.05
CASES_LEAST = 10_000
SECONDS_MOST = 2.0


def page(results: Results, knowledge: Knowledge, machine: str) -> str:
    """The whole page."""
    rows, head = results.rows, results.head
    priors = {cause.id: cause.prior for cause in knowledge.causes.values()}
    by_given = {given: [row for row in rows if row.given == given] for given in Given}
    equal = {given: score.measure(some, score.SAID + score.DONE) for given, some in by_given.items()}
    owners = {given: score.measure(some, score.SAID + score.DONE, priors) for given, some in by_given.items()}
    counts = score.count(rows, len(results.crashed))
    parts = [
        "# The doctor, measured",
        "Written by `make bench-doctor`; not edited by hand. Cases and formulas: docs/reference/benchmark.md.",
        "\n".join(
            (
                f"- {results.cases:,} cases of the {head.split.value} split, seed {head.seed}, "
                f"{counts.rows:,} of case and evidence",
                f"- {'With the fitted numbers' if head.fitted else 'With the judgement alone'}, "
                f"commit {head.commit or 'unknown'} ({head.date or 'no date'}), Unstuck {head.version}",
                f"- {counts.seconds:.2f} s of one core for a case with all its kinds of evidence; {machine}",
            )
        ),
        "Shares and ratios are followed by their 95 % bootstrap interval over cases. **Per cause** every cause "
        "weighs the same: the harder one, and the headline. **As owners meet them** weighs a cause by its prior "
        "in the knowledge.",
        "## Goals",
        _goals(equal, owners, results, counts),
        "## What must be zero",
        _zeros(counts, results.crashed),
        "## By evidence, per cause",
        _by_given(equal),
        "## By evidence, as owners meet them",
        _by_given(owners),
        "## By cause",
        _by_cause(by_given, knowledge),
        "## Calibration",
        "![Reliability](calibration.svg)",
        _calibration(rows, knowledge, priors),
    ]
    return "\n\n".join(parts) + "\n"


def calibrations(rows: Sequence[Row], knowledge: Knowledge) -> dict[str, Calibration]:
    """What the picture shows, per cause."""
    return {
        "the first cause": score.calibrate(score.first_pairs(rows)),
        "every cause shown": score.calibrate(score.shown_pairs(rows)),
        "every cause of the catalogue": score.calibrate(score.all_pairs(rows, knowledge.causes)),
    }


def said(rows: Sequence[Row], knowledge: Knowledge) -> str:
    """The page of a doctor of whom only what it said is known."""
    by_given = {given: [row for row in rows if row.given == given] for given in Given}
    found = {given: score.measure(some, score.SAID) for given, some in by_given.items() if some}
    lines = [_by_given(found)]
    for name, one in calibrations(rows, knowledge).items():
        lines.append(f"Expected calibration error, {name}: {one.error:.3f}")
    return "\n\n".join(lines) + "\n"


def _goals(
    equal: Mapping[Given, Mapping[str, Measured]],
    owners: Mapping[Given, Mapping[str, Measured]],
    results: Results,
    counts: score.Counts,
) -> str:
    lines = [("goal", "bound", "per cause", "held", "as owners meet them")]
    for goal in GOALS:
        one, other = equal[goal.given].get(goal.measure), owners[goal.given].get(goal.measure)
        bound = f"at least {goal.least:.0%}" if goal.least else f"at most {goal.most:.0%}"
        held = "" if one is None else _held(goal.least <= one.value <= goal.most)
        lines.append((goal.says, bound, _cell(one), held, _cell(other)))
    worst = max(score.calibrate(pairs(results.rows)).error for pairs in (score.first_pairs, score.shown_pairs))
    lines.append(
        (
            "expected calibration error, the worse of two",
            f"at most {ERROR_MOST}",
            f"{worst:.3f}",
            _held(worst <= ERROR_MOST),
            "",
        )
    )
    harm = counts.harmful + counts.lost + counts.lost_in_chain
    lines.append(("harmful acts and lost records", "0", f"{harm}", _held(harm == 0), ""))
    tried = "cases, counted with each kind of evidence"
    lines.append((tried, f"at least {CASES_LEAST:,}", f"{counts.rows:,}", _held(counts.rows >= CASES_LEAST), ""))
    # The sentence can be read both ways; the second is the stricter one.
    for which, seconds in (
        ("seconds a case, counted with each kind of evidence", counts.seconds_each),
        ("seconds a case, with all its kinds of evidence", counts.seconds),
    ):
        lines.append((which, f"at most {SECONDS_MOST:g}", f"{seconds:.2f}", _held(seconds <= SECONDS_MOST), ""))
    return _table(lines)


def _zeros(counts: score.Counts, crashed: Sequence[Row]) -> str:
    bound = f"; where that is 0, below {ONE_IN_TWENTY / counts.rows:.2g} a session (95 %)" if counts.rows else ""
    lines = [
        f"- harmful acts of the doctor: {counts.harmful} in {counts.rows:,} sessions{bound}",
        f"- records lost by its acts: {counts.lost}; lost in the real chain after its fixes: {counts.lost_in_chain}",
        f"- the real chain caught up in {counts.mended:,} of {counts.expected:,} cases in which it should; "
        f"{counts.otherwise} did not do what was expected of them",
        f"- cases that crashed: {counts.crashed}",
    ]
    lines += [
        f"  - `{row.label}`: {row.error}{f' ({row.where})' if row.where else ''}" for row in crashed[:CRASHES_SHOWN]
    ]
    if len(crashed) > CRASHES_SHOWN:
        lines.append(f"  - and {len(crashed) - CRASHES_SHOWN} more")
    return "\n".join(lines)


def _by_given(found: Mapping[Given, Mapping[str, Measured]]) -> str:
    kinds = [given for given, one in found.items() if one]
    lines = [("", *(given.value for given in kinds))]
    for one in score.SAID + score.DONE:
        if any(one.id in found[given] for given in kinds):
            lines.append((one.title, *(_cell(found[given].get(one.id), one.id) for given in kinds)))
    return _table(lines)


def _by_cause(by_given: Mapping[Given, Sequence[Row]], knowledge: Knowledge) -> str:
    """Cases with one fault only, so that a row is about one cause."""
    lines = [
        (
            "cause",
            "cases",
            *(f"first, {given.value}" for given in Given),
            "minutes: doctor, article, best",
            "mistaken for",
        )
    ]
    for cause in knowledge.causes:
        mine = {
            given: [row for row in rows if row.cause == cause and len(row.faults) == 1]
            for given, rows in by_given.items()
        }
        full = mine[Given.ALL]
        if not full:
            continue
        shares = [_share(some) for some in mine.values()]
        minutes = ", ".join(
            f"{sum(values) / len(values):.0f}"
            for values in (
                [row.doctor.minutes for row in full],
                [row.article.minutes for row in full],
                [row.hindsight.minutes for row in full],
            )
        )
        wrong = Counter(
            row.said.first[0] or "nothing"
            for some in mine.values()
            for row in some
            if row.said.first[0] not in row.truth
        )
        mistaken = ", ".join(f"{name} {times}" for name, times in wrong.most_common(3))
        lines.append((f"`{cause}`", str(len(full)), *shares, minutes, mistaken))
    return _table(lines)


def _share(rows: Sequence[Row]) -> str:
    right = sum(row.said.first[0] in row.truth for row in rows)
    return f"{right / len(rows):.0%}" if rows else ""


def _calibration(rows: Sequence[Row], knowledge: Knowledge, priors: Mapping[str, float]) -> str:
    equal = calibrations(rows, knowledge)
    weighed = {
        "the first cause": score.calibrate(score.first_pairs(rows, priors)),
        "every cause shown": score.calibrate(score.shown_pairs(rows, priors)),
        "every cause of the catalogue": score.calibrate(score.all_pairs(rows, knowledge.causes, priors)),
    }
    lines = [("probabilities of", "error, per cause", "error, as owners meet them")]
    lines += [(name, f"{one.error:.3f}", f"{weighed[name].error:.3f}") for name, one in equal.items()]
    bins = [("the first cause", "said", "true", "times")]
    for one in equal["the first cause"].bins:
        bins.append((f"{one.low:g} to {one.high:g}", f"{one.mean:.3f}", f"{one.true:.3f}", str(one.count)))
    return _table(lines) + "\n\n" + _table(bins)


def _cell(one: Measured | None, measure: str = "") -> str:
    if one is None:
        return ""
    if measure in NUMBERS:
        return f"{one.value:.1f} ({one.low:.1f} to {one.high:.1f})"
    return f"{one.value:.1%} ({one.low:.1%} to {one.high:.1%})"


def _held(held: bool) -> str:
    return "yes" if held else "**no**"


def _table(lines: Sequence[Sequence[str]]) -> str:
    head, *rest = lines
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, ["---"] * len(head), *rest))
