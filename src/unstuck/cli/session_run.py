"""The guided session in the terminal: draws what the machine shows, reads a key, keeps the session at every step."""

import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from unstuck.cli.page import Page
from unstuck.cli.progress import Progress
from unstuck.cli.session_draw import draw, keys
from unstuck.cli.state import private_folder, state_folder, write_private
from unstuck.cli.status import ExitStatus
from unstuck.doctor.guide import screens
from unstuck.doctor.guide.document import MOST_BYTES, read_session, session_json
from unstuck.doctor.guide.machine import View, back, choose, give, look
from unstuck.doctor.guide.screen import Screen
from unstuck.doctor.guide.state import UNSURE, Kind, Session, begin
from unstuck.evidence.clocks import join
from unstuck.evidence.intake import collect
from unstuck.evidence.profiles import packages
from unstuck.model.diagnosis import Verdict
from unstuck.model.errors import ErrorCode, UsageError
from unstuck.model.evidence import ReaderOptions, Reading

SESSION_FILE = "session.json"

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """The command line as given."""

    resume: bool = False
    new: bool = False
    folder: Path | None = None
    plain: bool = False


def session_file(folder: Path | None) -> Path:
    """Where the session is kept."""
    return (folder or state_folder() / "session") / SESSION_FILE


def kept_session(folder: Path | None) -> Session | None:
    """The session that was left, or None. EvidenceError where the file is none, UsageError where it cannot be read."""
    file = session_file(folder)
    try:
        with file.open("rb") as stream:
            text = stream.read(MOST_BYTES + 1).decode("utf-8", "replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(ErrorCode.USAGE_SOURCE, given=str(file), reason=error.strerror or "cannot be read") from error
    return read_session(text)


def read_evidence(session: Session) -> list[Reading]:
    """Everything that was given, read anew and on one clock; what is gone comes back with its sentence."""
    paths = [Path(given.path) for given in session.evidence]
    if not paths:
        return []
    with Progress() as progress:
        return join(collect(paths, ReaderOptions(packages()), progress))


def run(request: SessionRequest) -> ExitStatus:
    """Lead through it and return the exit status. UsageError for what cannot be meant."""
    if request.resume and request.new:
        raise UsageError(ErrorCode.USAGE_SOURCE, given="--resume and --new", reason="contradict each other")
    if hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(errors="replace")  # a byte that is no text is a wrong key, not an end
    terminal = _Terminal(request, lambda: datetime.now(UTC))
    try:
        return terminal.lead()
    except KeyboardInterrupt:
        terminal.say_kept()
        return ExitStatus.INTERRUPTED


class _Terminal:
    def __init__(self, request: SessionRequest, now: Clock) -> None:
        self._request = request
        self._now = now
        self._page = Page(Console(no_color=request.plain or None, highlight=False), request.plain)
        self._kept = False

    def lead(self) -> ExitStatus:
        session = self._first()
        if session is None:
            return ExitStatus.INCONCLUSIVE
        readings = read_evidence(session)
        with_notes = True
        while True:
            view = look(session, readings, self._now())
            session = view.session
            self._keep(session)
            if session.closed and session.steps and session.steps[-1].kind is Kind.MOVES and not with_notes:
                self._page.blank()
                self._page.paragraph(view.screen.text[0])
                return ExitStatus.HEALTHY
            draw(self._page, view.screen, with_notes=with_notes)
            with_notes = False
            key = self._key(view.screen)
            if key == "q":
                self.say_kept()
                return _status(view)
            if key == "b":
                session = back(session, self._now())
            elif key == "e":
                session, readings, with_notes = self._evidence(session, readings)
            else:
                session = choose(view, key, self._now())

    def say_kept(self) -> None:
        if self._kept:
            folder = f" --folder {shlex.quote(str(self._request.folder))}" if self._request.folder else ""
            self._page.blank()
            self._page.paragraph(f"Kept. Go on at any time with: unstuck session --resume{folder}")

    def _first(self) -> Session | None:
        """The session to begin with; None when the person leaves at once."""
        kept = None if self._request.new else kept_session(self._request.folder)
        if self._request.resume:
            if kept is None:
                reason = "there is no session that was left; begin one with 'unstuck session'"
                raise UsageError(ErrorCode.USAGE_SOURCE, given="--resume", reason=reason)
            return kept
        if kept is None or kept.symptom is None or kept.closed:
            return begin(self._now())
        screen = screens.resume(kept)
        draw(self._page, screen)
        key = self._key(screen, evidence=False)
        if key == "q":
            return None
        return kept if key == "resume" else begin(self._now())

    def _key(self, screen: Screen, *, evidence: bool = True) -> str:
        """What was chosen: the id of a choice, ``b``, ``e`` or ``q``. The end of the input leaves."""
        ids = [choice.id for choice in screen.choices]
        while True:
            line = self._line(keys(screen, evidence=evidence))
            if line is None or line.lower() in ("q", "quit"):
                return "q"
            if line.isdecimal() and len(line) <= 3 and 1 <= int(line) <= len(ids):
                return ids[int(line) - 1]
            if line in ids or (line.lower() == "b" and screen.back) or (line.lower() == "e" and evidence):
                return line if line in ids else line.lower()
            if line in ("?", UNSURE) and screen.unsure:
                return UNSURE
            if line:
                self._page.paragraph(f"'{line[:40]}' is none of the keys.", "yellow")

    def _line(self, prompt: str) -> str | None:
        sys.stdout.write(f"  {self._page.safe(prompt)} ")
        sys.stdout.flush()
        line = sys.stdin.readline()
        if not line:
            sys.stdout.write("\n")
            return None
        return line.strip()

    def _evidence(self, session: Session, readings: list[Reading]) -> tuple[Session, list[Reading], bool]:
        line = self._line("File, folder or archive (empty: none):")
        if not line:
            return session, readings, False
        path = Path(line.strip("'\"")).expanduser().absolute()
        try:
            found = collect([path], ReaderOptions(packages()), Progress())
        except (OSError, ValueError) as error:  # a name that no file can have
            self._page.paragraph(f"{line[:60]}: cannot be opened ({error}).", "yellow")
            return session, readings, False
        if not any(reading.source.readable for reading in found):
            for problem in [problem for reading in found for problem in reading.source.problems]:
                self._page.paragraph(problem, "yellow")
            return session, readings, False
        session = give(session, str(path), self._now())
        return session, read_evidence(session), True

    def _keep(self, session: Session) -> None:
        file = session_file(self._request.folder)
        private_folder(file.parent)
        try:
            write_private(file, session_json(session))
        except OSError as error:
            raise UsageError(ErrorCode.USAGE_OUTPUT, path=str(file), reason=error.strerror or "unknown") from error
        self._kept = True


def _status(view: View) -> ExitStatus:
    if view.screen.kind in (Kind.MOVES, Kind.CLOSED):
        return ExitStatus.HEALTHY
    return ExitStatus.STUCK if view.diagnosis.verdict is Verdict.STUCK else ExitStatus.INCONCLUSIVE
