"""``unstuck diagnose``: collect, diagnose, write."""

import asyncio
import sys
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from textwrap import fill
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rich.console import Console

from unstuck.cli import live
from unstuck.cli.beside import WIDEST, beside, hanging
from unstuck.cli.live import CHAIN, Live
from unstuck.cli.output import write_report
from unstuck.cli.progress import Progress
from unstuck.cli.status import ExitStatus
from unstuck.cli.terminal import render
from unstuck.cli.told import Told, read_told
from unstuck.doctor.diagnose import Examination, Options, answer_facts, examine
from unstuck.doctor.guide.devices import PHONES, implied
from unstuck.doctor.guide.state import OTHER, UNSURE
from unstuck.doctor.knowledge.loader import load, obtainable
from unstuck.evidence.clocks import join
from unstuck.evidence.intake import collect
from unstuck.evidence.profiles import packages
from unstuck.model.diagnosis import Diagnosis, State, Verdict
from unstuck.model.errors import ErrorCode, UsageError
from unstuck.model.evidence import ReaderOptions, Reading
from unstuck.model.history import Tried

_STATUS = {
    Verdict.HEALTHY: ExitStatus.HEALTHY,
    Verdict.STUCK: ExitStatus.STUCK,
    Verdict.INCONCLUSIVE: ExitStatus.INCONCLUSIVE,
}


@dataclass(frozen=True, slots=True)
class Request:
    """The command line as given."""

    sources: tuple[Path, ...]
    folder: Path | None = None
    tracker: str = ""
    package: str = ""
    at: str = ""
    since: str = ""
    symptom: str = ""
    answers: tuple[str, ...] = ()
    answers_file: Path | None = None
    json_file: str = ""
    html_file: str = ""
    redact: bool | None = None
    plain: bool = False
    verbose: bool = False
    live: Live = field(default_factory=Live)


def run(request: Request) -> ExitStatus:
    """Do it and return the exit status. Raises UsageError for what cannot be meant."""
    told = read_told(request.answers_file) if request.answers_file is not None else Told()
    answers = (*implied(told.phone).items(), *told.answers, *_answers(request))
    _known_symptom(request.symptom)
    symptom = request.symptom or told.symptom
    given = live.words(request.sources)
    live.check(request.live, given)
    _time(request.at), _time(request.since)
    if not request.sources and not symptom and not answers and not told.tried:
        if _may_lead(request):
            from unstuck.cli.session_run import SessionRequest
            from unstuck.cli.session_run import run as lead

            return lead(SessionRequest(plain=request.plain))
        _what_can_be_read(_console(request))
        return ExitStatus.INCONCLUSIVE
    for sentence in live.announcements(given):
        Console(stderr=True, highlight=False, soft_wrap=True).print(sentence, markup=False)
    told = replace(told, symptom=symptom, answers=answers)
    diagnosis = _watched(request, told) if request.live.watch else _look(request, told)
    if diagnosis is None:
        return ExitStatus.INTERRUPTED
    if not (request.live.watch and request.json_file == "-"):  # then each document was written as it came
        _write(request, diagnosis)
    if request.sources and not any(source.readable for source in diagnosis.sources if source.kind != "answers"):
        return ExitStatus.UNREADABLE
    return _STATUS[diagnosis.verdict]


def _watched(request: Request, told: Told) -> Diagnosis | None:
    from unstuck.cli import watch
    from unstuck.cli.output import write_line
    from unstuck.doctor.telling.document import to_line
    from unstuck.doctor.watching import Notice

    def tell(notice: Notice) -> None:
        if request.json_file == "-":
            write_line(to_line(_shared(request, notice.diagnosis)))
        else:
            _console(request).print(watch.line(notice), markup=False, soft_wrap=True)

    return watch.watch(lambda: _look(request, told), tell, live.every_s(request.live.every))


def _look(request: Request, told: Told) -> Diagnosis:
    return look(request, told).diagnosis


def look(request: Request, told: Told | None = None, tried: tuple[Tried, ...] = ()) -> Examination:
    """Read everything that was given, once, and diagnose. Raises UsageError for what cannot be meant.

    ``told``: everything that the person said; None: what stands in the request. ``tried``: fixes that were done since.
    """
    told = told or Told(symptom=request.symptom, answers=_answers(request))
    at, since = _time(request.at), _time(request.since)
    given = live.words(request.sources)
    wanted = frozenset({request.package}) if request.package else packages()
    files = tuple(source for source in request.sources if not live.is_live(source))
    with_chain = CHAIN in given
    if with_chain:
        files += _traces(request.folder, files)
    now = datetime.now(UTC)
    with Progress() as progress:
        everything = ReaderOptions(wanted, request.tracker)
        asked = live.collect(request.live, given, everything, progress)
        now = datetime.now(UTC) if asked else now  # a phone takes a while to answer
        own = _chain(request.folder, now, None, progress) if with_chain else []
        readings = join([*own, *asked, *collect(files, everything, progress)])
        if not asked:
            # Files and a chain on a clock of its own may be ahead of this machine's, which is no authority on them.
            now = max([now, *(reading.source.span[1] for reading in readings if reading.source.span is not None)])
        zone = _zone(readings)
        options = Options(
            request.tracker,
            request.package,
            "" if told.symptom in (OTHER, UNSURE) else told.symptom,
            _in_zone(at, zone),
            _in_zone(since, zone),
            tried=(*told.history(now), *tried),
            says_stuck=bool(told.symptom),
            phone=told.phone if told.phone in PHONES else "",
            make=told.make,
            connections=live.connections(request.live, asked, given, request.folder),
        )
        if options.at is not None and options.since is not None and options.since > options.at:
            raise UsageError(ErrorCode.USAGE_SOURCE, given=f"--since {request.since}", reason="lies after --at")
        if options.at is not None:  # the phone's zone is known only now; sums must not reach beyond that moment
            bounded = ReaderOptions(wanted, request.tracker, options.at)
            own = _chain(request.folder, now, options.at, progress) if with_chain else []
            readings = join([*own, *asked, *collect(files, bounded, progress)])
        readings += answer_facts(told.answers)
        progress("thinking", 0, 0)
        return examine(readings, options, now)


def _may_lead(request: Request) -> bool:
    """Whether a person sits at a terminal and asked for nothing else."""
    wants_file = request.json_file or request.html_file or request.answers_file is not None
    return not wants_file and sys.stdin.isatty() and sys.stdout.isatty()


def list_every_check() -> None:
    """Every finding with what can show it and which causes it speaks for."""
    knowledge = load()
    console = Console(highlight=False, soft_wrap=True)
    longest = max(map(len, knowledge.findings))
    hop = None
    for spec in knowledge.findings.values():
        if spec.hop is not hop:
            hop = spec.hop
            console.print(f"\n[bold]{hop}[/bold]")
        beside(console, spec.id, longest, spec.says)
        causes = ", ".join(link.cause for link in spec.links)
        beside(console, "", longest, f"seen in: {', '.join(spec.seen_in)}; speaks for: {causes}")


def _write(request: Request, diagnosis: Diagnosis) -> None:
    shared = _shared(request, diagnosis)
    if request.json_file:
        from unstuck.doctor.telling.document import to_json

        write_report(request.json_file, to_json(shared), request.sources)
    if request.html_file:
        from unstuck.web.report.html import report

        write_report(request.html_file, report(shared), request.sources)
    if request.json_file != "-":
        render(shared if request.redact else diagnosis, _console(request), plain=request.plain)
        if request.verbose:
            _every_finding(shared if request.redact else diagnosis, _console(request))


def _shared(request: Request, diagnosis: Diagnosis) -> Diagnosis:
    """As it may leave this machine."""
    if request.redact is False or not (request.json_file or request.html_file or request.redact):
        return diagnosis
    from unstuck.doctor.privacy.redaction import redact

    return redact(diagnosis)


def _every_finding(diagnosis: Diagnosis, console: Console) -> None:
    """What each check said, and why; unknown ones only by name."""
    console.print("  Every check", style="bold", markup=False)
    for found in diagnosis.findings:
        if found.state is not State.UNKNOWN:
            texts = "; ".join(proof.text for proof in found.proof)
            console.print(f"  {found.state:4} {found.id}: {texts}", markup=False)
    unknown = [found.id for found in diagnosis.findings if found.state is State.UNKNOWN]
    console.print(f"  not known: {', '.join(unknown)}", style="dim", markup=False)


def _console(request: Request) -> Console:
    return Console(no_color=request.plain or None, highlight=False)


def _what_can_be_read(console: Console) -> None:
    width = min(console.width, WIDEST)
    console.print("Nothing was given. Unstuck reads any of these, alone or together:\n", markup=False)
    for way in obtainable():
        where = {"android": " (Android)", "iphone": " (iPhone)"}.get(way.platform, "")
        console.print(fill(f"{way.title}{where}", width), style="bold", markup=False)
        for number, line in enumerate(way.lines, 1):
            hanging(console, f"  {number}. {line}")
        if way.note:
            console.print(fill(way.note, width, initial_indent="  ", subsequent_indent="  "), style="dim", markup=False)
        console.print()
    symptoms = ", ".join(load().symptoms)
    console.print("Then: unstuck diagnose FILE...", markup=False)
    console.print(fill(f"Or begin with what you notice: --symptom ID, one of {symptoms}", width), markup=False)


def _answers(request: Request) -> tuple[tuple[str, str], ...]:
    questions = load().questions
    found = []
    for given in request.answers:
        question_id, _, answer_id = given.partition("=")
        question = questions.get(question_id.strip())
        if question is None:
            reason = f"there is no such question; known are {', '.join(questions)}"
            raise UsageError(ErrorCode.USAGE_SOURCE, given=f"--answer {given}", reason=reason)
        allowed = {answer.id: answer.text for answer in question.answers} | {UNSURE: "I don't know"}
        if answer_id.strip() not in allowed:
            choices = ", ".join(f"{key} ({text})" for key, text in allowed.items())
            reason = f"write {question.id}= and one of: {choices}"
            raise UsageError(ErrorCode.USAGE_SOURCE, given=f"--answer {given}", reason=reason)
        found.append((question.id, answer_id.strip()))
    return tuple(found)


def _known_symptom(symptom: str) -> None:
    known = load().symptoms
    if symptom and symptom not in known:
        raise UsageError(ErrorCode.USAGE_SYMPTOM, given=symptom, known=", ".join(known))


def _traces(given: Path | None, files: tuple[Path, ...]) -> tuple[Path, ...]:
    """The Bluetooth logs that the chain's own phone wrote, where they are not named anyway."""
    from unstuck.cli.state import TRACE_FILES, usual_folder

    folder = given or usual_folder()
    known = {file.resolve() for file in files}
    found = (folder / name for name in TRACE_FILES)
    return tuple(file for file in found if file.is_file() and file.resolve() not in known)


def _chain(given: Path | None, now: datetime, until: datetime | None, progress: Progress) -> list[Reading]:
    from unstuck.cli.state import JOURNAL_FILE, login_for, usual_folder
    from unstuck.evidence.chain import Account
    from unstuck.evidence.chain import collect as collect_chain

    progress("asking the chain", 0, 0)
    folder = given or usual_folder()
    login = login_for(folder, "", None)
    account = None if login is None else Account(login.server, login.token)
    bound = None if until is None else until.timestamp()
    return asyncio.run(collect_chain(folder / JOURNAL_FILE, account, now.timestamp(), bound))


def own_chain(
    given: Path | None, sources: tuple[Path, ...], now: datetime, progress: Progress
) -> tuple[list[Reading], tuple[Path, ...]]:
    """What our own chain says where it is among the sources, and the files to read: those given and its traces."""
    files = tuple(source for source in sources if not live.is_live(source))
    if CHAIN not in live.words(sources):
        return [], files
    return _chain(given, now, None, progress), (*files, *_traces(given, files))


def _time(given: str) -> datetime | None:
    if not given:
        return None
    try:
        return datetime.fromisoformat(given)
    except ValueError as error:
        raise UsageError(ErrorCode.USAGE_TIME, given=given) from error


def _in_zone(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    """A time without a zone is meant in the phone's, as the report shows it."""
    if moment is None:
        return None
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError as error:
        raise UsageError(ErrorCode.USAGE_TIME, given=str(moment)) from error


def _zone(readings: list[Reading]) -> ZoneInfo:
    names = [fact.text() for reading in readings for fact in reading.facts if fact.name == "phone.time_zone"]
    try:
        return ZoneInfo(names[-1] if names else "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
