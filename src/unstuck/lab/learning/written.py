"""fitted.toml: a fit and where it came from enter, the file's text leaves; the same for the same, byte for byte."""

from dataclasses import dataclass

from unstuck.lab.learning.fit import Fit, Number

HEAD = """# Numbers that were fitted, laid over the judgement of the other files. Written by `python -m benchmarks.doctor fit`;
# never edited by hand. `before` is the judgement, which is used again where it was changed since; `yes` of `cases` is
# what was counted, and a yes that has another explanation counts in part. Formulas: docs/reference/knowledge.md.
"""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a fit came from. ``date`` is the commit's, so that the same run gives the same file on any day."""

    split: str
    seed: int
    cases: int
    case_files: int
    weight: float
    commit: str
    date: str


def as_toml(fit: Fit, origin: Origin) -> str:
    """The whole file."""
    run = [
        "[[run]]",
        f'split = "{origin.split}"',
        f"seed = {origin.seed}",
        f"cases = {origin.cases}",
        f"case_files = {origin.case_files}",
        f"weight = {origin.weight:g}",
        f'commit = "{origin.commit or "unknown"}"',
        f'date = "{origin.date or "unknown"}"',
    ]
    blocks = ["\n".join(run)]
    blocks += [_block("strength", {"finding": one, "cause": other}, n) for (one, other), n in sorted(fit.strengths.items())]
    blocks += [_block("leak", {"finding": one}, n) for one, n in sorted(fit.leaks.items())]
    blocks += [_block("mend", {"fix": one, "cause": other}, n) for (one, other), n in sorted(fit.mends.items())]
    blocks += [_block("prior", {"cause": one}, n) for one, n in sorted(fit.priors.items())]
    return HEAD + "\n" + "\n\n".join(blocks) + "\n"


def _block(kind: str, names: dict[str, str], number: Number) -> str:
    lines = [f"[[{kind}]]", *(f'{key} = "{name}"' for key, name in names.items())]
    if number.held:
        lines.append("# kept weak: a finding has at most four strong causes")
    lines += [f"value = {number.value!r}", f"before = {number.fitted.before!r}"]
    lines += [f"yes = {number.fitted.yes!r}", f"cases = {number.fitted.cases}"]
    return "\n".join(lines)
