"""How good a doctor was: rows in, shares and ratios with their confidence intervals out. Pure; formulas in
docs/reference/benchmark.md.

Every number is a mean over cases, or a ratio of two such means. *Per cause*: every cause weighs the same, however many
cases it has; a case with two faults counts for its first. *As owners meet them*: a cause weighs what its prior in the
knowledge weighs. The first is the harder one, because rare causes are the hard ones, and it is the headline.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unstuck.lab.benchmark.row import Row
from unstuck.lab.treating import NOTHING_TO_MEND
from unstuck.model.diagnosis import Verdict

RESAMPLES = 1_000
"""Bootstrap resamples of the cases: enough for the third digit of a 95 % interval."""

BOOTSTRAP_SEED = 20261127
"""Of the resampling, so that the same rows give the same interval."""

INTERVAL = (0.025, 0.975)

SURE = 0.9
"""From this probability a wrong first cause is a dishonest one."""

FIRST_FEW = 3

Floats = NDArray[np.float64]
Value = Callable[[Row], float | None]


@dataclass(frozen=True, slots=True)
class Measured:
    """A share or a ratio, with a 95 % bootstrap interval over cases. ``cases``: how many it rests on."""

    value: float
    low: float
    high: float
    cases: int


@dataclass(frozen=True, slots=True)
class Measure:
    """What is measured. ``of``: a row's value, or None where it does not count; ``over``: the mean that it is over."""

    id: str
    title: str
    of: Value
    over: Value | None = None


def _faulty(value: Callable[[Row], float]) -> Value:
    return lambda row: None if row.nothing_wrong or row.unnoticed else float(value(row))


def _stuck(value: Callable[[Row], float]) -> Value:
    return lambda row: None if row.flowing or row.unnoticed else float(value(row))


def _stuck_and_moved(value: Callable[[Row], float]) -> Value:
    """Without the charge for giving up, which outweighs all else."""
    return lambda row: float(value(row)) if not row.flowing and row.symptom and row.doctor.moved else None


def right_hop(row: Row) -> float | None:
    """Whether the hop named is one where data stands still."""
    return None if row.nothing_wrong or row.unnoticed or not row.hops else float(row.said.hop in row.hops)


def wrong_first(row: Row) -> bool:
    """Whether the first cause named is not true, or none was named."""
    return row.said.first[0] not in row.truth


def _honest(row: Row) -> float | None:
    if row.nothing_wrong or row.unnoticed or not wrong_first(row):
        return None
    return float(row.said.verdict == Verdict.INCONCLUSIVE)


def alarmed(row: Row) -> bool:
    """Whether the evidence alone made the doctor say that data is stuck, for anything but what is so."""
    true_gap = row.alone.first[0] in NOTHING_TO_MEND & set(row.truth)
    return row.alone.verdict == Verdict.STUCK and not true_gap


def _quiet(row: Row) -> float | None:
    return float(not alarmed(row)) if row.nothing_wrong else None


SAID = (
    Measure("hop", "right hop", right_hop),
    Measure("first", "right cause first", _faulty(lambda row: not wrong_first(row))),
    Measure(
        "three",
        "right cause in the first three",
        _faulty(lambda row: any(cause in row.truth for cause, _ in row.said.causes[:FIRST_FEW])),
    ),
    Measure("open", "inconclusive", _faulty(lambda row: row.said.verdict == Verdict.INCONCLUSIVE)),
    Measure("honest", "inconclusive, of those with a wrong first cause", _honest),
    Measure(
        "dishonest",
        "stuck, at least 0.9 sure, and wrong",
        _faulty(lambda row: row.said.verdict == Verdict.STUCK and row.said.first[1] >= SURE and wrong_first(row)),
    ),
    Measure("missed", "called healthy though something is wrong", _faulty(lambda r: r.said.verdict == Verdict.HEALTHY)),
    Measure(
        "early",
        "right cause first before anybody noticed",
        lambda row: float(not wrong_first(row)) if row.unnoticed else None,
    ),
    Measure("quiet", "no alarm where nothing is wrong", _quiet),
)
"""What was said. These need no treatment, so any doctor can be measured by them."""

_OURS = _stuck(lambda row: row.doctor.minutes)


def best_known(row: Row) -> float:
    """Minutes of the best in hindsight; where its search found no way, of the best of those who got data moving."""
    if row.hindsight.moved:
        return row.hindsight.minutes
    others = [way.minutes for way in (row.doctor, row.check, row.article) if way.moved]
    return min(others, default=row.hindsight.minutes)


DONE = (
    Measure(
        "article",
        "minutes, of the articles' order",
        _OURS,
        _stuck(lambda r: r.article.minutes),
    ),
    Measure(
        "hindsight",
        "minutes, of the best in hindsight",
        _OURS,
        _stuck(best_known),
    ),
    Measure(
        "check",
        "minutes, of the first failed check",
        _OURS,
        _stuck(lambda r: r.check.minutes),
    ),
    Measure(
        "hindsight_moved",
        "minutes, of the best in hindsight, where data moved in the end",
        _stuck_and_moved(lambda row: row.doctor.minutes),
        _stuck_and_moved(best_known),
    ),
    Measure("minutes", "minutes of the doctor", _OURS),
    Measure("minutes_article", "minutes of the articles' order", _stuck(lambda row: row.article.minutes)),
    Measure("minutes_hindsight", "minutes of the best in hindsight", _stuck(best_known)),
    Measure("minutes_check", "minutes of the first failed check", _stuck(lambda row: row.check.minutes)),
    Measure("moved", "data moves in the end", _stuck(lambda row: row.doctor.moved)),
    Measure("moved_article", "data moves in the end, articles' order", _stuck(lambda row: row.article.moved)),
    Measure("questions", "questions asked", _faulty(lambda row: row.doctor.questions)),
    Measure(
        "harmful_article", "harmful acts of the articles' order, in a case", _stuck(lambda row: row.article.harmful)
    ),
)
"""Where it led."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What must be zero, counted and never weighed. ``lost``: records, by the doctor's acts; ``lost_in_chain``: records
    that exist nowhere any more in the real chain; ``mended``: cases in which the real chain caught up, of ``expected``;
    ``otherwise``: cases in which it did not do what was expected of it; ``seconds``: of one core for a case with all
    its kinds of evidence, ``seconds_each`` for one of them."""

    rows: int
    cases: int
    harmful: int
    lost: int
    lost_in_chain: int
    mended: int
    expected: int
    otherwise: int
    crashed: int
    seconds: float

    @property
    def seconds_each(self) -> float:
        """Of one core, for one case with one kind of evidence."""
        return self.seconds * self.cases / max(1, self.rows)


@dataclass(frozen=True, slots=True)
class Bin:
    """Probabilities between two bounds: their weight (all bins: 1), mean, and the share that came true."""

    low: float
    high: float
    weight: float
    mean: float
    true: float
    count: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """Reliability bins and the expected calibration error: sum over bins of weight times |mean - share true|."""

    bins: tuple[Bin, ...]
    error: float


def weights(rows: Sequence[Row], priors: Mapping[str, float] | None = None) -> Floats:
    """A weight for each row (rows,): equal for every cause, or its prior; healthy ones equal by their kind."""
    kinds = [row.cause or row.faults[0] for row in rows]
    cases = Counter(kinds)
    each = {row.cause: priors[row.cause] if priors and row.cause else 1.0 for row in rows}
    return np.array([each[row.cause] / cases[kind] for row, kind in zip(rows, kinds, strict=True)])


def measure(
    rows: Sequence[Row],
    measures: Sequence[Measure],
    priors: Mapping[str, float] | None = None,
    resamples: int = RESAMPLES,
) -> dict[str, Measured]:
    """All that can be measured on these rows; what no row counts for is left out.

    Rows of one case are drawn together, because they are not independent.
    """
    if not rows:
        return {}
    tops, over = _table(rows, [one.of for one in measures]), _table(rows, [one.over or _one for one in measures])
    counts = ~np.isnan(tops) & ~np.isnan(over)
    weight = weights(rows, priors)[:, None] * counts
    top, below = weight * np.nan_to_num(tops), weight * np.nan_to_num(over)
    places = {number: place for place, number in enumerate(dict.fromkeys(row.number for row in rows))}
    of_row = np.array([places[row.number] for row in rows])
    top, below = _by_case(top, of_row, len(places)), _by_case(below, of_row, len(places))
    drawn = np.array([_ratio(times @ top, times @ below) for times in _resampled(len(places), resamples)])
    value = _ratio(top.sum(axis=0), below.sum(axis=0))
    found = {}
    for place, one in enumerate(measures):
        if not np.isnan(value[place]):
            seen = drawn[~np.isnan(drawn[:, place]), place] if len(drawn) else np.array([value[place]])
            low, high = np.quantile(seen, INTERVAL) if len(seen) else (value[place], value[place])
            cases = len(set(of_row[counts[:, place]].tolist()))
            found[one.id] = Measured(float(value[place]), float(low), float(high), cases)
    return found


def count(rows: Sequence[Row], crashed: int = 0) -> Counts:
    """What must be zero, and how the real chain did. What is a case's own is counted once."""
    once = list({row.number: row for row in rows}.values())
    return Counts(
        rows=len(rows),
        cases=len(once),
        harmful=sum(row.doctor.harmful for row in rows),
        lost=sum(row.doctor.lost for row in rows),
        lost_in_chain=sum(row.lost for row in once),
        mended=sum(row.mended for row in once if row.expected),
        expected=sum(row.expected for row in once),
        otherwise=sum(row.mended != row.expected for row in once),
        crashed=crashed,
        seconds=sum(row.took_s for row in rows) / max(1, len(once)),
    )


def calibrate(pairs: Sequence[tuple[float, bool, float]], bins: int = 10) -> Calibration:
    """From (probability, whether it was true, weight). Bins of equal width, the last one closed."""
    if not pairs:
        return Calibration((), 0.0)
    chance, true, weight = (np.array(column, dtype=np.float64) for column in zip(*pairs, strict=True))
    weight = weight / weight.sum()
    place = np.minimum((chance * bins).astype(int), bins - 1)
    found = []
    for number in range(bins):
        inside = place == number
        share = float(weight[inside].sum())
        if share > 0:
            mean = float((weight * chance)[inside].sum() / share)
            came = float((weight * true)[inside].sum() / share)
            found.append(Bin(number / bins, (number + 1) / bins, share, mean, came, int(inside.sum())))
    return Calibration(tuple(found), sum(one.weight * abs(one.mean - one.true) for one in found))


def first_pairs(rows: Sequence[Row], priors: Mapping[str, float] | None = None) -> list[tuple[float, bool, float]]:
    """For :func:`calibrate`: the first cause of every row that named one, healthy cases among them."""
    return [
        (row.said.first[1], not wrong_first(row), weight)
        for row, weight in zip(rows, weights(rows, priors).tolist(), strict=True)
        if row.said.causes
    ]


def shown_pairs(rows: Sequence[Row], priors: Mapping[str, float] | None = None) -> list[tuple[float, bool, float]]:
    """Every cause that was shown, with its probability."""
    return [
        (chance, cause in row.truth, weight)
        for row, weight in zip(rows, weights(rows, priors).tolist(), strict=True)
        for cause, chance in row.said.causes
    ]


def all_pairs(
    rows: Sequence[Row], causes: Collection[str], priors: Mapping[str, float] | None = None
) -> list[tuple[float, bool, float]]:
    """Every cause of the catalogue; one that was not shown counts as 0."""
    return [
        (dict(row.said.causes).get(cause, 0.0), cause in row.truth, weight)
        for row, weight in zip(rows, weights(rows, priors).tolist(), strict=True)
        for cause in causes
    ]


def _one(row: Row) -> float:
    return 1.0


def _table(rows: Sequence[Row], values: Sequence[Value]) -> Floats:
    found = [[value(row) for value in values] for row in rows]
    return np.array([[np.nan if one is None else one for one in line] for line in found], dtype=np.float64)


def _by_case(values: Floats, of_row: NDArray[np.intp], cases: int) -> Floats:
    summed = np.zeros((cases, values.shape[1]))
    np.add.at(summed, of_row, values)
    return summed


def _resampled(cases: int, resamples: int) -> Iterator[NDArray[np.intp]]:
    """How often each case is in a resample."""
    dice = np.random.default_rng(BOOTSTRAP_SEED)
    for _ in range(resamples):
        yield np.bincount(dice.integers(cases, size=cases), minlength=cases)


def _ratio(top: Floats, below: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio: Floats = np.where(below > 0, top / below, np.nan)
    return ratio
