"""What ``unstuck fix`` shows and asks on the terminal."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

import typer
from rich.console import Console

from unstuck.cli.beside import hanging
from unstuck.cli.fix_journal import FixJournal
from unstuck.cli.progress import Progress
from unstuck.doctor.diagnose import Examination
from unstuck.doctor.remedies.journal import Entry
from unstuck.doctor.remedies.needs import Proposal
from unstuck.doctor.remedies.remedy import Ready, Wait
from unstuck.doctor.telling.wording import clean, minutes, percent
from unstuck.model.diagnosis import PlannedFix
from unstuck.model.history import Result, Tried

Look = Callable[[tuple[Tried, ...]], Examination]

_RESULTS = {
    Result.HELPED: "helped",
    Result.DID_NOT_HELP: "did not help",
    Result.UNDONE: "did not help, and was taken back",
    Result.FAILED: "could not be done",
    Result.DECLINED: "not done",
    Result.BLOCKED: "not now",
    Result.UNKNOWN: "done; whether it helped is not known",
}


class Terminal:
    """The world of a treatment at a terminal. ``yes``: fixes agreed to beforehand; else, without ``asks``, it is no."""

    def __init__(
        self,
        look: Look,
        journal: FixJournal,
        yes: frozenset[str],
        *,
        asks: bool,
        console: Console,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._look = look
        self._journal = journal
        self._yes = yes
        self._asks = asks
        self._console = console
        self._sleep = sleep
        self._shown = False

    async def examine(self, says: str, tried: tuple[Tried, ...]) -> Examination:
        """Read the sources anew; what they say is shown the first time."""
        # Readers run loops of their own, so they need a thread of their own.
        seen = await asyncio.to_thread(self._look, tried)
        if not self._shown:
            self._shown = True
            plan(seen, self._console)
        return seen

    async def agrees(self, proposal: Proposal) -> bool:
        """Show all of it, then ask."""
        self._say(f"\n{proposal.fix.title}", "bold")
        for line in what_it_is(proposal):
            self._say(f"  {line}")
        if proposal.remedy.fix in self._yes:
            self._say("  Agreed beforehand with --yes.")
            return True
        return self._asked("Do it?")

    async def agrees_to_undo(self, entry: Entry) -> bool:
        """Show what would be set back, then ask."""
        self._say(
            f"\n{entry.tried.fix}, {entry.tried.began:%Y-%m-%d %H:%M} UTC: {_RESULTS[entry.tried.result]}", "bold"
        )
        for change in entry.standing:
            self._say(f"  sets {change.what} back from {change.after} to {change.before}")
        return entry.tried.fix in self._yes or self._asked("Set it back?")

    async def helped(self, fix: PlannedFix) -> bool | None:
        """Ask; None where nobody can be asked or knows."""
        if not self._asks:
            return None
        answer = typer.prompt("  Did it help? [yes/no/?]", default="?", show_default=False, err=True)
        return {"y": True, "n": False}.get(str(answer).strip().lower()[:1])

    async def guided(self, fix: PlannedFix) -> bool:
        """Show the steps, then ask whether they were done."""
        self._say(f"\n{fix.title}", "bold")
        for number, line in enumerate(fix.steps, 1):
            self._say(f"  {number}. {line}")
        self._say(f"  It worked when: {fix.worked_when}")
        if fix.credit:
            self._say(f"  {fix.credit}", "dim")
        return self._asked("Done?")

    def now(self) -> datetime:
        """Of this computer."""
        return datetime.now(UTC)

    async def pause(self, seconds: float, says: str) -> None:
        """Wait, and say for what."""
        with Progress() as progress:
            left = seconds
            while left > 0:
                progress(says, 0, 0)
                await self._sleep(min(1.0, left))
                left -= 1.0

    async def tell(self, text: str) -> None:
        """One line."""
        self._say(f"  {text}")

    def keep(self, entry: Entry) -> None:
        """To the disk; how it ended is shown once, when it ends."""
        had_ended = any(one.number == entry.number and one.tried.ended for one in self._journal.entries)
        self._journal.keep(entry)
        if entry.tried.ended is not None and not had_ended and entry.tried.result is not Result.BLOCKED:
            note = f" ({entry.tried.note})" if entry.tried.note else ""
            self._say(f"  {_RESULTS[entry.tried.result]}{note}")

    def _asked(self, question: str) -> bool:
        return self._asks and typer.confirm(f"  {question}", default=False, err=True)

    def _say(self, text: str, style: str = "") -> None:
        if text.startswith("\n"):
            self._console.print()
        hanging(self._console, clean_indented(text), style)


def clean_indented(text: str) -> str:
    """Made safe for a terminal, with its indent."""
    bare = text.lstrip("\n ")
    indent = len(text.lstrip("\n")) - len(bare)
    return " " * indent + clean(bare)


def plan(seen: Examination, console: Console) -> None:
    """What the doctor says, and the plan in one line a step."""
    diagnosis = seen.diagnosis
    console.print(clean(diagnosis.headline), style="bold", markup=False)
    for number, step in enumerate(diagnosis.plan, 1):
        how = f"not now: {step.blocked}" if step.blocked else ("by Unstuck" if step.automatic else "by hand, guided")
        line = f"  {number}. {step.title} ({percent(step.chance)}, about {minutes(step.minutes)}; {how})"
        hanging(console, clean_indented(line))
    for source in diagnosis.sources:
        for problem in source.problems if not source.readable else ():
            named = problem if problem.startswith(f"{source.path}:") else f"{source.path}: {problem}"
            console.print(clean(named), style="yellow", markup=False)
    question = diagnosis.next_question
    if not diagnosis.plan and question is not None:
        console.print(clean(f"No fix follows from it yet. This would tell most: {question.text}"), markup=False)
        for answer_id, answer in zip(question.answer_ids, question.answers, strict=True):
            hanging(console, clean_indented(f"  --answer {question.id}={answer_id}  {answer}"))


def what_it_is(proposal: Proposal) -> Sequence[str]:
    """A proposal in lines: what changes, what is done, how it is taken back, how it is seen to help."""
    remedy = proposal.remedy
    lines = [remedy.changes]
    if remedy.first:
        lines.append(f"First: {' '.join(remedy.first)}")
    for step in proposal.acts:
        if isinstance(step, Ready):
            was = "" if step.change is None else f"  [{step.change.what} was {step.change.before}]"
            lines.append(f"- {step.says}: {step.act}{was}")
        elif isinstance(step, Wait):
            lines.append(f"- {step.says}: {step.seconds:.0f} s")
    lines.append(f"Undo: {remedy.undo} Risk: {remedy.risk}.")
    if remedy.in_part:
        lines.append("If it does not help, the steps that go further are shown.")
    lines.append(f"It helped when there is {proposal.expects.text} within {remedy.minutes:.0f} minutes.")
    return lines


def can_ask() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty() and sys.stderr.isatty()
