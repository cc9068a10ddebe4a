"""Reads the knowledge files into the types of :mod:`unstuck.doctor.knowledge.schema` and checks them.

The format is described in docs/reference/knowledge.md. The files are part of the package, so
reading them is no outside I/O: they are the same on every machine and read once.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Protocol, TypeVar

from unstuck.doctor.knowledge.consistency import check
from unstuck.doctor.knowledge.fitted import FITTED_FILE, overlaid
from unstuck.doctor.knowledge.forms import check_forms, with_means
from unstuck.doctor.knowledge.rows import Row, invalid, read
from unstuck.doctor.knowledge.schema import (
    Answer,
    Boundary,
    Cause,
    EvidenceKind,
    FindingSpec,
    Fix,
    Form,
    Guard,
    Knowledge,
    Link,
    Mend,
    Obtain,
    OfForm,
    Question,
    Steps,
    Symptom,
)
from unstuck.model.hop import Hop
from unstuck.model.worded import Worded, worded

ANY = "any"
ANDROID = "android"
IPHONE = "iphone"

MINUTES_MAX = 7 * 24 * 60.0
"""A week in minutes: no fix or question of ours takes longer of a person's time."""


_PLACEHOLDER = re.compile(r"([.?] )?\{(app|tracker)\}")
"""A placeholder, with the end of the sentence before it where it begins one."""


class _HasId(Protocol):
    @property
    def id(self) -> str: ...


_T = TypeVar("_T", bound=_HasId)


def load() -> Knowledge:
    """All causes, findings, symptoms, questions and fixes; read and checked once, then kept.

    With the fitted numbers where there are any, unless within :func:`as_judged`. Steps are not in it, see
    :func:`steps_for`. Raises KnowledgeError (KNOWLEDGE_INVALID).
    """
    return _shipped(_fitted.get())


@contextmanager
def as_judged() -> Iterator[None]:
    """Within, :func:`load` gives the judgement of the knowledge files without what was fitted, to compare the two."""
    token = _fitted.set(False)
    try:
        yield
    finally:
        _fitted.reset(token)


def steps_for(fix: str, platform: str = ANY, maker: str = "", tracker: str = "") -> Steps:
    """The most special steps of a fix that fit.

    ``platform`` is ``iphone``, ``android`` or ``any`` (not known); ``maker`` the maker of an Android
    phone as the phone or a person writes it (``HUAWEI``, ``Redmi``); ``tracker`` the tracker's name
    (``Inspire 3``), with or without its vendor. A maker wins over the platform, the platform over
    ``any``; among equals the longest matching part of the tracker's name wins. Unknown makers get the
    platform's steps. Raises KnowledgeError for an unknown fix.
    """
    fitting = (
        steps
        for steps in all_steps(fix)
        if _level(steps.platform, platform, maker) >= 0 and _is_part(steps.tracker, tracker)
    )
    return max(fitting, key=lambda steps: (_level(steps.platform, platform, maker), len(steps.tracker)))


def all_steps(fix: str) -> tuple[Steps, ...]:
    """Every variant of the steps of one fix, in the order of its file. KnowledgeError for an unknown fix."""
    if not re.fullmatch(r"[a-z_]+", fix):
        invalid(f"'{fix}' is no id of a fix")
    return _steps_of(fix)


def with_names(steps: Steps, *, app: str, tracker: str) -> Steps:
    """The same steps with the names of the app and the tracker in place of ``{app}`` and ``{tracker}``.

    Names without a capital of their own (``the tracker``) get one where an English sentence begins.
    """
    names = {"app": app, "tracker": tracker}

    def put(match: re.Match[str]) -> str:
        before, name = match[1] or "", names[match[2]]
        begins = match.start() == 0 or bool(before)
        return before + (name[:1].upper() + name[1:] if begins and name.islower() else name)

    def fill(text: str) -> str:
        told = worded(text, **{name: names[name] for _, name in _PLACEHOLDER.findall(text)})
        return Worded(_PLACEHOLDER.sub(put, text), told.how)

    return replace(steps, lines=tuple(map(fill, steps.lines)), worked_when=fill(steps.worked_when))


def obtain(kind: str, platform: str = ANY) -> Obtain | None:
    """How to get one kind of evidence on a platform or maker's phone; None where the platform has no way.

    ``kind`` is an id of obtain.toml (``hci``, ``bugreport`` ...). With platform ``any`` the first way is given.
    """
    return next((way for way in obtainable(platform) if way.id == kind), None)


def obtainable(platform: str = ANY) -> tuple[Obtain, ...]:
    """Every kind of evidence with its most special way on this platform (or maker's phone), best first.

    With platform ``any`` every kind is listed, each by its first way in the file.
    """
    chosen: dict[str, tuple[int, Obtain]] = {}
    base, maker = _split(platform)
    for way in _ways():
        level = 0 if base == ANY else _level(way.platform, base, maker)
        if level >= 0 and (way.id not in chosen or level > chosen[way.id][0]):
            chosen[way.id] = (level, way)
    return tuple(way for _, way in chosen.values())


def makers() -> Mapping[str, str]:
    """Every known spelling of a maker in lower case, mapped to its id in the step files."""
    return _makers()


def read_knowledge(folder: Traversable, *, fitted: bool = True) -> Knowledge:
    """Read and check the knowledge in a folder, as :func:`load` does for the one that is shipped.

    ``fitted``: lay the numbers of its fitted.toml over it, where it has one.
    """
    known = _platforms(folder)
    fixes = _table(read(folder, "fixes.toml"), "fix", _fix)
    findings_folder = folder.joinpath("findings")
    if not findings_folder.is_dir():
        invalid("the folder findings is missing")
    names = sorted(entry.name for entry in findings_folder.iterdir() if entry.name.endswith(".toml"))
    knowledge = Knowledge(
        causes=_table(read(folder, "causes.toml"), "cause", _cause),
        findings=_merge(_table(read(folder, f"findings/{name}"), "finding", _finding) for name in names),
        questions=_table(read(folder, "questions.toml"), "question", lambda row: _question(row, known)),
        symptoms=_table(read(folder, "symptoms.toml"), "symptom", _symptom),
        fixes=fixes,
    )
    check_forms(knowledge)
    knowledge = with_means(knowledge)
    check(knowledge)
    if fitted and folder.joinpath(FITTED_FILE).is_file():
        knowledge = overlaid(knowledge, read(folder, FITTED_FILE))
        check(knowledge)
    for fix in fixes:
        if not folder.joinpath("steps", f"{fix}.toml").is_file():
            invalid(f"fix {fix} has no steps: steps/{fix}.toml is missing")
    return knowledge


def read_steps(folder: Traversable, fix: str) -> tuple[Steps, ...]:
    """Every variant of the steps of one fix from a knowledge folder; one of them must fit everybody."""
    known = _platforms(folder)
    file = read(folder, f"steps/{fix}.toml")
    found = tuple(steps for row in file.rows("steps", least=1) for steps in _variants(row, fix, known))
    file.end()
    keys = [(steps.platform, steps.tracker) for steps in found]
    if (ANY, "") not in keys:
        file.fail(f"has no steps for platform '{ANY}' that fit every tracker")
    if len(set(keys)) != len(keys):
        file.fail("has two variants for the same platform and tracker")
    return found


def read_ways(folder: Traversable) -> tuple[Obtain, ...]:
    """Every way to get evidence from a knowledge folder, in the order of its file."""
    file = read(folder, "obtain.toml")
    known = _platforms(folder)
    ways = tuple(_way(row, known) for row in file.rows("obtain", least=1))
    file.end()
    if len({(way.id, way.platform) for way in ways}) != len(ways):
        file.fail("has two ways for the same kind and platform")
    return ways


_fitted: ContextVar[bool] = ContextVar("fitted", default=True)


@cache
def _shipped(fitted: bool) -> Knowledge:
    return read_knowledge(_folder(), fitted=fitted)


@cache
def _steps_of(fix: str) -> tuple[Steps, ...]:
    return read_steps(_folder(), fix)


@cache
def _ways() -> tuple[Obtain, ...]:
    return read_ways(_folder())


@cache
def _makers() -> Mapping[str, str]:
    return _read_makers(_folder())


def _folder() -> Traversable:
    return files("unstuck.doctor.knowledge")


def _read_makers(folder: Traversable) -> Mapping[str, str]:
    file = read(folder, "makers.toml")
    found: dict[str, str] = {}
    for row in file.rows("maker", least=1):
        maker = row.text("id")
        for name in (maker, *row.texts("aliases", least=0)):
            if found.setdefault(name, maker) != maker or name != name.lower():
                row.fail(f"'{name}' must be in lower case and belong to one maker")
        row.end()
    file.end()
    return found


def _platforms(folder: Traversable) -> frozenset[str]:
    return frozenset(_read_makers(folder).values()) | {ANY, ANDROID, IPHONE}


def _split(platform: str) -> tuple[str, str]:
    word = platform.strip().lower()
    if word in {"", ANY}:
        return ANY, ""
    return (word, "") if word in {ANDROID, IPHONE} else (ANDROID, word)


def _level(offered: str, platform: str, maker: str) -> int:
    """How special an offered platform is for this phone: 2 maker, 1 platform, 0 any, -1 does not fit."""
    if offered == ANY:
        return 0
    if offered == platform:
        return 1
    if platform != IPHONE and offered == _makers().get(maker.strip().lower()):
        return 2
    return -1


def _is_part(part: str, name: str) -> bool:
    """Whether ``part`` stands in ``name`` as whole words; the empty part fits every name."""
    return not part or re.search(rf"(?<!\w){re.escape(part)}(?!\w)", name.lower()) is not None


def _table(file: Row, key: str, make: Callable[[Row], _T]) -> Mapping[str, _T]:
    found: dict[str, _T] = {}
    for row in file.rows(key, least=1):
        made = make(row)
        row.end()
        if found.setdefault(made.id, made) is not made:
            row.fail("the id is used twice")
    file.end()
    return found


def _merge(tables: Iterable[Mapping[str, FindingSpec]]) -> Mapping[str, FindingSpec]:
    merged: dict[str, FindingSpec] = {}
    for table in tables:
        for key, spec in table.items():
            if merged.setdefault(key, spec) is not spec:
                invalid(f"finding {key} is in two files")
    return merged


def _cause(row: Row) -> Cause:
    return Cause(
        id=row.text("id"),
        hop=_hop(row),
        title=row.text("title"),
        says=row.text("says"),
        explanation=row.text("explanation"),
        prior=row.chance("prior"),
        prior_source=row.text("prior_source"),
        how_to_check=row.text("how_to_check"),
        closes=_boundaries(row),
        fault=row.flag("fault", default=True),
        forms=_forms(row),
    )


def _forms(row: Row) -> tuple[Form, ...]:
    forms = []
    for form in row.rows("forms"):
        forms.append(Form(form.text("id"), form.chance("share"), form.text("says")))
        form.end()
    return tuple(forms)


def _boundaries(row: Row) -> tuple[Boundary, ...]:
    return tuple(_boundary(row, word) for word in row.texts("closes", least=0))


def _boundary(row: Row, word: str) -> Boundary:
    if word not in {boundary.value for boundary in Boundary if boundary is not Boundary.ANY}:
        row.fail(f"unknown way '{word}'")
    return Boundary(word)


def _finding(row: Row) -> FindingSpec:
    kinds = row.texts("seen_in")
    known = {kind.value for kind in EvidenceKind}
    unknown = [kind for kind in kinds if kind not in known]
    if unknown:
        row.fail(f"unknown kind of evidence '{unknown[0]}'")
    way = row.text("way", default="")
    return FindingSpec(
        id=row.text("id"),
        hop=_hop(row),
        says=row.text("says"),
        explanation=row.text("explanation"),
        seen_in=tuple(EvidenceKind(kind) for kind in kinds),
        leak=row.chance("leak"),
        leak_source=row.text("leak_source"),
        links=_links(row),
        group=row.text("group", default=""),
        way=_boundary(row, way) if way else None,
    )


def _symptom(row: Row) -> Symptom:
    return Symptom(id=row.text("id"), says=row.text("says"), leak=row.chance("leak"), links=_links(row))


def _links(row: Row) -> tuple[Link, ...]:
    links = []
    for link in row.rows("links"):
        of_forms = _of_forms(link)
        strength = 0.0 if of_forms else link.chance("strength", certain=True)
        links.append(Link(link.text("cause"), strength, link.text("source"), of_forms=of_forms))
        link.end()
    return tuple(links)


def _of_forms(row: Row) -> tuple[OfForm, ...]:
    """What stands for each form; the mean needs their shares, which stand with the cause (forms.with_means)."""
    return tuple(OfForm(form, chance) for form, chance in row.chances("forms").items())


def _question(row: Row, known: frozenset[str]) -> Question:
    look_up = {}
    for platform, text in row.mapping("look_up").items():
        if platform not in known or not isinstance(text, str):
            row.fail(f"'look_up' names the unknown platform '{platform}'")
        look_up[platform] = text
    return Question(
        id=row.text("id"),
        text=row.text("text"),
        minutes=row.number("minutes", 0.0, MINUTES_MAX),
        answers=tuple(_answer(answer) for answer in row.rows("answers", least=2)),
        look_up=look_up,
        again=row.flag("again", default=False),
        past=row.flag("past", default=False),
    )


def _answer(row: Row) -> Answer:
    findings = {}
    for finding, holds in row.mapping("findings").items():
        if not isinstance(holds, bool):
            row.fail(f"'findings' must say true or false of {finding}")
        findings[finding] = holds
    answer = Answer(id=row.text("id"), text=row.text("text"), findings=findings)
    row.end()
    return answer


def _fix(row: Row) -> Fix:
    known = {guard.value for guard in Guard}
    guards = row.texts("guards", least=0)
    unknown = [guard for guard in guards if guard not in known]
    if unknown:
        row.fail(f"unknown guard '{unknown[0]}'")
    mends = []
    for mend in row.rows("mends"):
        of_forms = _of_forms(mend)
        chance = 0.0 if of_forms else mend.chance("chance", certain=True)
        mends.append(Mend(mend.text("cause"), chance, mend.text("source"), of_forms=of_forms))
        mend.end()
    minutes = row.number("minutes", 0.0, MINUTES_MAX)
    return Fix(
        id=row.text("id"),
        title=row.text("title"),
        explanation=row.text("explanation"),
        minutes=minutes,
        effort=row.whole("effort", 0, 3),
        mends=tuple(mends),
        guards=tuple(Guard(guard) for guard in guards),
        harm=row.text("harm"),
        worked_when=row.text("worked_when"),
        undo=row.text("undo"),
        safe_part=row.text("safe_part", default=""),
        needless_minutes=row.number("needless_minutes", 0.0, minutes) if row.has("needless_minutes") else None,
    )


def _variants(row: Row, fix: str, known: frozenset[str]) -> Iterable[Steps]:
    platforms = row.one_or_more("platform")
    trackers = row.one_or_more("tracker", default="")
    lines, worked_when, credit = row.texts("lines"), row.text("worked_when"), row.text("credit", default="")
    row.end()
    for platform in platforms:
        _known_platform(row, platform, known)
        for tracker in trackers:
            if tracker != tracker.lower():
                row.fail("'tracker' must be in lower case")
            yield Steps(fix, platform, tracker, lines, worked_when, credit)


def _way(row: Row, known: frozenset[str]) -> Obtain:
    way = Obtain(
        id=row.text("id"),
        platform=row.text("platform"),
        title=row.text("title"),
        lines=row.texts("lines"),
        note=row.text("note"),
    )
    _known_platform(row, way.platform, known)
    row.end()
    return way


def _known_platform(row: Row, platform: str, known: frozenset[str]) -> None:
    if platform not in known:
        row.fail(f"unknown platform '{platform}'")


def _hop(row: Row) -> Hop:
    hop = row.text("hop")
    if hop not in {known.value for known in Hop}:
        row.fail(f"unknown hop '{hop}'")
    return Hop(hop)
