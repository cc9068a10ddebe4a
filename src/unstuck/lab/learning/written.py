"""fitted.toml: a fit and where it came from enter, the file's text leaves; the same for the same, byte for byte."""

from dataclasses import dataclass

from unstuck.lab.learning.fit import Fit, Number

HEAD = """# Numbers that were fitted, laid over the judgement of the other files. Written by
# `python -m benchmarks.doctor fit`, never by hand. `before` is the judgement; where that was changed since, the number
# is not used. `yes` of `cases` is what was counted, and a yes with another explanation counts in part. Formulas:
# docs/reference/knowledge.md.
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
    for (finding, cause), number in sorted(fit.strengths.items()):
        blocks.append(_block("strength", {"finding": finding, "cause": cause}, number))
    for finding, number in sorted(fit.leaks.items()):
        blocks.append(_block("leak", {"finding": finding}, number))
    for (fix_id, cause), number in sorted(fit.mends.items()):
        blocks.append(_block("mend", {"fix": fix_id, "cause": cause}, number))
    for cause, number in sorted(fit.priors.items()):
        blocks.append(_block("prior", {"cause": cause}, number))
    return HEAD + "\n" + "\n\n".join(blocks) + "\n"


def _block(kind: str, names: dict[str, str], number: Number) -> str:
    lines = [f"[[{kind}]]", *(f'{key} = "{name}"' for key, name in names.items())]
    if number.held:
        lines.append("# kept below what was counted: the finding would have too many strong causes")
    lines += [f"value = {number.value!r}", f"before = {number.fitted.before!r}"]
    lines += [f"yes = {number.fitted.yes!r}", f"cases = {number.fitted.cases}"]
    return "\n".join(lines)
