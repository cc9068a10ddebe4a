"""The lines of evidence around each proof: only lines of text can be redacted, so only those are taken.

The line of the proof was understood and is redacted as all else; of its neighbours only known words stay.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from unstuck.doctor.casefile.case import Page
from unstuck.doctor.casefile.masking import masked
from unstuck.evidence.intake.limits import Budget, Limits
from unstuck.evidence.intake.zips import MAGIC, ZipContainer
from unstuck.model.diagnosis import Diagnosis
from unstuck.model.errors import EvidenceError

AROUND_LINES = 3
"""Lines before and after a proof: enough to see what it belongs to."""
MOST_PAGES = 200
"""Proofs shown with their lines; the largest real case has about 60."""
LONGEST_LINE = 200
"""Characters of a line that are kept: as much as an excerpt has."""

_LINE = re.compile(r"line (\d+)")
_ONLY_LINES = "only lines of text can be redacted, and this is none"
_GONE = "it can no longer be read"


def pages_for(diagnosis: Diagnosis, given: Sequence[Path]) -> tuple[Page, ...]:
    """A page for each proof, in the order of the findings; not redacted yet."""
    wanted: dict[tuple[str, str], int] = {}
    for finding in diagnosis.findings:
        for fact in (fact for proof in finding.proof for fact in proof.facts[:1]):
            line = _LINE.fullmatch(fact.locator)
            if fact.name.startswith("reported."):
                continue
            wanted.setdefault((fact.source, fact.locator), int(line[1]) if line else 0)
    by_source: dict[str, list[int]] = {}
    for (source, _), number in wanted.items():
        by_source.setdefault(source, []).append(number)
    lines = {source: _lines(source, [n for n in numbers if n], given) for source, numbers in by_source.items()}
    return tuple(_page(*place, number, lines[place[0]]) for place, number in list(wanted.items())[:MOST_PAGES])


def _page(source: str, locator: str, number: int, lines: dict[int, str]) -> Page:
    if not number:
        return Page(source, locator, why_not=_ONLY_LINES)
    around = range(number - AROUND_LINES, number + AROUND_LINES + 1)
    found = tuple(f"{n}: {lines[n] if n == number else masked(lines[n])}" for n in around if n in lines)
    return Page(source, locator, found) if found else Page(source, locator, why_not=_GONE)


def _lines(source: str, numbers: Sequence[int], given: Sequence[Path]) -> dict[int, str]:
    """The lines near these numbers; empty where the source is no text that can be found again."""
    if not numbers:
        return {}
    near = {n for number in numbers for n in range(number - AROUND_LINES, number + AROUND_LINES + 1)}
    found: dict[int, str] = {}
    try:
        for number, line in enumerate(_all_lines(source, given), 1):
            if number > max(near):
                break
            if number in near:
                found[number] = line.decode("utf-8", "replace").rstrip("\r\n")[:LONGEST_LINE]
    except (OSError, EvidenceError):
        return found
    return found


def _all_lines(source: str, given: Sequence[Path]) -> Iterator[bytes]:
    """The lines of a file, or of a file in a zip that was given."""
    path = Path(source)
    if path.is_file() and any(path.is_relative_to(root) for root in given):
        with path.open("rb") as stream:
            yield from iter(lambda: stream.readline(2**20), b"")
        return
    ends = [match.start() for match in re.finditer("!", source)]
    archives = (Path(source[:end]) for end in ends)
    archive = next((one for one in archives if one.is_file() and any(one.is_relative_to(root) for root in given)), None)
    if archive is None:
        return
    with archive.open("rb") as stream:
        if not stream.read(4).startswith(MAGIC):
            return
    for member in ZipContainer(lambda: archive.open("rb"), str(archive), Budget(Limits())).members():
        if member.path == source:
            rest = b""
            for chunk in member.chunks(2**20):
                *whole, rest = (rest + chunk).split(b"\n")
                yield from whole
            yield rest
            return
