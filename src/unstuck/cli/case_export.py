"""``unstuck case export``: gathers every part, says which could not be had, redacts the whole and writes it."""

import platform
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from unstuck import __version__
from unstuck.cli import live
from unstuck.cli.case_pages import pages_for
from unstuck.cli.diagnose import own_chain
from unstuck.cli.progress import Progress
from unstuck.cli.session_run import kept_session, session_file
from unstuck.cli.state import state_folder, write_private
from unstuck.cli.told import Told, read_told
from unstuck.doctor.casefile.bundle import LIMITS, README, pack
from unstuck.doctor.casefile.case import Case, Page, Reply, bounded, redacted, versions_seen
from unstuck.doctor.diagnose import Options, answer_facts, diagnose
from unstuck.doctor.guide.devices import PHONES, implied
from unstuck.doctor.guide.machine import options_of, said
from unstuck.doctor.guide.state import OTHER, UNSURE, Session
from unstuck.doctor.telling.history import history_of
from unstuck.evidence.clocks import join
from unstuck.evidence.intake import collect
from unstuck.evidence.intake.zips import MAGIC
from unstuck.evidence.profiles import packages
from unstuck.model.errors import ErrorCode, EvidenceError, UnstuckError, UsageError
from unstuck.model.evidence import ReaderOptions, Reading
from unstuck.model.history import Tried
from unstuck.web.report.members import members_of

FIXES_FILE = "fixes.json"
"""The journal of fixes, in the state folder."""

_Part = TypeVar("_Part")


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """The command line as given."""

    output: Path
    sources: tuple[Path, ...] = ()
    session: bool = False
    folder: Path | None = None
    answers: Path | None = None
    agent: Path | None = None
    tracker: str = ""
    with_evidence: bool = False
    phone: str = ""


def run(request: ExportRequest) -> None:
    """Write the case file. UsageError where it cannot be written, or nothing was asked to be in it."""
    told = read_told(request.answers) if request.answers is not None else Told()
    gathered = Gathering(request, told, datetime.now(UTC))
    _writable(request)
    case = gathered.case()
    members = members_of(redacted(bounded(case), gathered.own_paths()))
    try:
        write_private(request.output.absolute(), pack(members))
    except OSError as error:
        reason = error.strerror or "unknown"
        raise UsageError(ErrorCode.USAGE_OUTPUT, path=str(request.output), reason=reason) from error
    for sentence in case.missing:
        sys.stderr.write(f"{sentence}\n")
    sys.stderr.write(f"written: {request.output} (look into it before you send it: unstuck case show)\n")


class Gathering:
    """Collects the parts; a part that fails leaves its sentence in ``missing``."""

    def __init__(self, request: ExportRequest, told: Told, now: datetime) -> None:
        self._request = request
        self._told = told
        self._now = now
        self._missing: list[str] = []
        self._session: Session | None = None
        self._files = tuple(source for source in request.sources if not live.is_live(source))

    def case(self) -> Case:
        """The case, not redacted yet."""
        request, told, now = self._request, self._told, self._now
        if request.session:
            self._session = self._part("The guided session", lambda: _session(request.folder), None)
        none_read: list[Reading] = []
        own = self._part("Our own chain", self._own_chain, none_read)
        own = [*own, *self._part("What is connected", self._asked, none_read)]
        paths = self._paths()
        none_tried: tuple[Tried, ...] = ()
        journal = self._part("What was tried", lambda: _journal(state_folder() / FIXES_FILE), none_tried)
        tried = tuple(sorted((*self._own_tried(), *journal), key=lambda one: one.began))
        readings: list[Reading] = self._part("The evidence", lambda: self._read(paths, own), none_read)
        answers = (*self._answers(),)
        options = self._options(journal)
        diagnosis = self._part(
            "The diagnosis", lambda: diagnose([*readings, *answer_facts(answers)], options, now), None
        )
        pages: tuple[Page, ...] = ()
        if request.with_evidence and diagnosis is not None:
            found = diagnosis
            pages = self._part("The lines of evidence", lambda: pages_for(found, paths), pages)
        return Case(
            made=now,
            diagnosis=diagnosis,
            sources=tuple(reading.source for reading in readings),
            symptom=(self._session.symptom or "") if self._session else told.symptom,
            phone=(self._session.phone or "") if self._session else told.phone,
            make=(self._session.make or "") if self._session else told.make,
            replies=self._replies(),
            tried=tried,
            versions={**_versions(), **versions_seen(diagnosis)},
            pages=pages,
            missing=tuple(self._missing),
        )

    def own_paths(self) -> tuple[str, ...]:
        """Paths of this machine that a sentence may name."""
        own = [session_file(self._request.folder), state_folder() / FIXES_FILE, self._request.output.absolute()]
        given = [self._request.answers] if self._request.answers is not None else []
        return tuple(str(path) for path in (*own, *given, *self._paths()))

    def _part(self, name: str, make: Callable[[], _Part], otherwise: _Part) -> _Part:
        try:
            return make()
        except UnstuckError as error:
            self._missing.append(f"{name} could not be had: {error}")
            return otherwise

    def _paths(self) -> tuple[Path, ...]:
        """Every file to read; made absolute, so that redaction knows folders from names."""
        kept = [Path(given.path) for given in self._session.evidence] if self._session else []
        return tuple(dict.fromkeys(path.expanduser().absolute() for path in (*self._files, *kept)))

    def _own_chain(self) -> list[Reading]:
        with Progress() as progress:
            readings, self._files = own_chain(self._request.agent, self._request.sources, self._now, progress)
        return readings

    def _asked(self) -> list[Reading]:
        """A phone on the cable, this computer's Bluetooth: as ``unstuck diagnose`` reads them."""
        given = live.words(self._request.sources)
        live.check(live.Live(phone=self._request.phone), given)
        for line in live.announcements(given):
            sys.stderr.write(f"{line}\n")
        with Progress() as progress:
            options = ReaderOptions(packages(), self._request.tracker)
            return live.collect(live.Live(phone=self._request.phone), given, options, progress)

    def _read(self, paths: tuple[Path, ...], own: list[Reading]) -> list[Reading]:
        with Progress() as progress:
            found = collect(paths, ReaderOptions(packages(), self._request.tracker), progress) if paths else []
        return join([*own, *found]) if own or found else []

    def _answers(self) -> Iterable[tuple[str, str]]:
        if self._session is not None:
            yield from said(self._session)
        yield from implied(self._told.phone).items()
        yield from self._told.answers

    def _replies(self) -> tuple[Reply, ...]:
        kept = self._session.answers if self._session is not None else ()
        told = (Reply(question, answer) for question, answer in self._told.answers)
        return (*(Reply(one.question, one.answer, one.at) for one in kept), *told)

    def _own_tried(self) -> tuple[Tried, ...]:
        kept = self._session.tried if self._session is not None else ()
        return (*kept, *self._told.history(self._now))

    def _options(self, journal: tuple[Tried, ...]) -> Options:
        told = self._told
        if self._session is not None:
            options = options_of(self._session)
        else:
            options = Options(
                symptom="" if told.symptom in (OTHER, UNSURE) else told.symptom,
                says_stuck=bool(told.symptom),
                phone=told.phone if told.phone in PHONES else "",
                make=told.make,
            )
        began = self._session.started if self._session is not None else None
        recent = [
            one for one in journal if began is not None and one.began >= began
        ]  # older ones mended other troubles
        tried = (*options.tried, *told.history(self._now), *recent)
        return replace(options, tracker=self._request.tracker, tried=tried)


def _session(folder: Path | None) -> Session:
    kept = kept_session(folder)
    if kept is None:
        raise UsageError(ErrorCode.USAGE_SOURCE, given="--session", reason="no session was left here")
    return kept


def _journal(file: Path) -> tuple[Tried, ...]:
    """What was tried by ``unstuck fix``; nothing where it was never run."""
    import json

    try:
        given = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise EvidenceError(ErrorCode.SOURCE_UNREADABLE, path=str(file), reason=error.strerror or "unknown") from error
    except (ValueError, RecursionError) as error:
        raise EvidenceError(ErrorCode.HISTORY_INVALID, reason="it is no JSON") from error
    return history_of(given.get("tried") if isinstance(given, dict) else None)


def _versions() -> dict[str, str]:
    system = " ".join(part for part in (platform.system(), platform.release()) if part)
    return {"unstuck": __version__, "python": platform.python_version(), "os": system}


def _writable(request: ExportRequest) -> None:
    """Never over evidence, and never over a file that is no case file. UsageError."""
    path, given = request.output.absolute(), str(request.output)
    if not (request.sources or request.session or request.answers or (state_folder() / FIXES_FILE).exists()):
        reason = "has nothing to tell; give evidence, --session or --answers FILE"
        raise UsageError(ErrorCode.USAGE_SOURCE, given="the case file", reason=reason)
    wanted = path.resolve()
    if any(wanted == one.resolve() or one.resolve() in wanted.parents for one in request.sources):
        raise UsageError(ErrorCode.USAGE_OUTPUT, path=given, reason="it lies in the evidence that was given")
    try:
        if path.exists() and not is_case_file(path):
            raise UsageError(ErrorCode.USAGE_OUTPUT, path=given, reason="there is another file of that name")
    except OSError as error:
        raise UsageError(ErrorCode.USAGE_OUTPUT, path=given, reason=error.strerror or "unknown") from error


def is_case_file(path: Path) -> bool:
    """Whether a file is an earlier case file, or empty: only those are written over."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        head = stream.read(LIMITS.ratio)
    return not head or (head.startswith(MAGIC) and README.encode() in head)
