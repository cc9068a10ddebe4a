"""What ``unstuck fix`` does: looks, treats with the hands of what is connected, or only says what it would do."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import typer
from rich.console import Console

from unstuck.cli import diagnose, fix_view, live
from unstuck.cli.beside import beside, hanging
from unstuck.cli.fix_journal import FixJournal
from unstuck.cli.fix_view import Terminal
from unstuck.cli.live import Live
from unstuck.cli.output import write_report
from unstuck.cli.state import state_folder, usual_folder
from unstuck.cli.status import ExitStatus
from unstuck.doctor.diagnose import Examination
from unstuck.doctor.knowledge.loader import load
from unstuck.doctor.privacy.redaction import Redactor
from unstuck.doctor.remedies.acts import Channel
from unstuck.doctor.remedies.catalogue import REMEDIES, remedies_for
from unstuck.doctor.remedies.drive import Hand, drive
from unstuck.doctor.remedies.hands.adb import AdbHand
from unstuck.doctor.remedies.journal import Entry
from unstuck.doctor.remedies.needs import Proposal
from unstuck.doctor.remedies.permit import held_back
from unstuck.doctor.remedies.remedy import NotPossibleError, ready
from unstuck.doctor.remedies.success import expected
from unstuck.doctor.remedies.treatment import Outcome, Treatment
from unstuck.doctor.telling.history import history_documents
from unstuck.model.diagnosis import Verdict
from unstuck.model.errors import ErrorCode, LiveError, UsageError
from unstuck.model.history import Tried

SCHEMA_ID = "unstuck.fix/1"
"""Name and version of the document that ``--json`` writes."""

SHELL_LIMIT_S = 60.0
"""Seconds for one command on the phone: 'am start' waits for the app, which can be slow."""

_STATUS = {True: ExitStatus.HEALTHY, False: ExitStatus.STUCK, None: ExitStatus.INCONCLUSIVE}
_MOVES = {Verdict.HEALTHY: True, Verdict.STUCK: False}


@dataclass(frozen=True, slots=True)
class FixRequest:
    """The command line as given."""

    sources: tuple[Path, ...]
    dry_run: bool = False
    yes: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    undo: bool = False
    phone: str = ""
    folder: Path | None = None
    link: str = "bluetooth"
    tracker: str = ""
    package: str = ""
    symptom: str = ""
    answers: tuple[str, ...] = ()
    json_file: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """The live sources among what was given."""
        return live.words(self.sources)


@dataclass(slots=True)
class _Connected:
    """Hands by channel, and the live options that lead to the same phone and adapter."""

    hands: dict[Channel, Hand] = field(default_factory=dict)
    live: Live = field(default_factory=Live)


def run(request: FixRequest) -> ExitStatus:
    """Do it. UsageError for what cannot be meant; an interrupt leaves the journal as it stands and says so."""
    for name in request.yes | request.only:
        if name not in load().fixes:
            reason = f"there is no such fix; known are {', '.join(load().fixes)}"
            raise UsageError(ErrorCode.USAGE_SOURCE, given=name, reason=reason)
    if not request.sources and not request.undo and not request.symptom and not request.answers:
        reason = "name what to look at: adb, bluez, chain or files"
        raise UsageError(ErrorCode.USAGE_SOURCE, given="fix", reason=reason)
    live.check(Live(phone=request.phone), request.words or ((live.ADB,) if request.undo else ()))
    console = Console(highlight=False, soft_wrap=True, stderr=request.json_file == "-")
    try:
        return asyncio.run(_run(request, console))
    except (KeyboardInterrupt, typer.Abort):
        typer.echo("\nunstuck: stopped. What was changed so far stands; 'unstuck fix --undo' takes it back.", err=True)
        asyncio.run(_finish_halves(request, console))
        return ExitStatus.INTERRUPTED


def list_remedies() -> None:
    """Everything that could ever be done, by fix."""
    console = Console(highlight=False, soft_wrap=True)
    longest = max(map(len, REMEDIES))
    for fix in load().fixes.values():
        own = [one for one in REMEDIES.values() if one.fix == fix.id]
        head = f"{fix.id}: {fix.title}" + ("" if own else " (guided)")
        hanging(console, head, "bold")
        for one in own:
            beside(console, one.id, longest, f"{one.changes} Undo: {one.undo} Risk: {one.risk}.")


async def _run(request: FixRequest, console: Console) -> ExitStatus:
    async with AsyncExitStack() as stack:
        connected = await _connect(request, stack)
        if request.dry_run and not request.undo:
            return await _only_say(request, connected, console)
        journal = stack.enter_context(FixJournal(state_folder()))
        asks = fix_view.can_ask()
        if not asks and not request.yes and not request.dry_run:
            typer.echo("fix: nobody can be asked here (no terminal); agree with --yes FIX. Nothing is done.", err=True)
            return ExitStatus.WRONG_USAGE if request.undo else await _only_say(request, connected, console)
        world = Terminal(
            lambda tried: _look(request, connected, tried), journal, request.yes, asks=asks, console=console
        )
        if request.undo:
            return await _undo(request, connected, journal, world, console)
        _say_what_stands(journal.entries, console)
        treatment = Treatment(journal.next_number, request.only, live=bool(request.words))
        outcome = await drive(treatment.run(), world, connected.hands)
        _end(request, outcome, console)
        return _status(request, outcome.last, outcome.moves)


# looking


def _look(request: FixRequest, connected: _Connected, tried: tuple[Tried, ...]) -> Examination:
    return diagnose.look(
        diagnose.Request(
            request.sources,
            folder=request.folder,
            tracker=request.tracker,
            package=request.package,
            symptom=request.symptom,
            answers=request.answers,
            live=connected.live,
        ),
        tried=tried,
    )


async def _connect(request: FixRequest, stack: AsyncExitStack) -> _Connected:
    """A hand for each live source that can be reached; the others are a source with a problem."""
    kept = FixJournal(state_folder()).entries if request.undo else ()
    undoing = [one.target for one in kept if _is_left(request, one)]
    phones = {target.device for target in undoing if target is not None and target.channel is Channel.ADB}
    phone = request.phone or (phones.pop() if len(phones) == 1 else "")
    connected = _Connected(live=Live(phone=phone))
    words = request.words or {str(target.channel) for target in undoing if target is not None}
    if live.CHAIN in words:
        from unstuck.cli.fix_chain import ChainHand

        connected.hands[Channel.CHAIN] = ChainHand(request.folder or usual_folder(), request.link)
    if live.ADB in words:
        _connect_phone(connected)
    if live.BLUEZ in words:
        await _connect_bluez(connected, stack)
    return connected


def _connect_phone(connected: _Connected) -> None:
    from unstuck.evidence.adb.client import AdbClient

    client = AdbClient()
    try:
        serial = client.choose(connected.live.phone).serial
    except LiveError:
        return

    async def shell(command: str) -> tuple[str, int | None]:
        result = await asyncio.to_thread(client.shell, serial, command, SHELL_LIMIT_S)
        return (result.stdout + result.stderr).decode("utf-8", "replace"), result.status

    connected.hands[Channel.ADB] = AdbHand(shell)
    connected.live = replace(connected.live, phone=serial)


async def _connect_bluez(connected: _Connected, stack: AsyncExitStack) -> None:
    from unstuck.doctor.remedies.bluez import ADAPTER
    from unstuck.doctor.remedies.hands.bluez import BluezHand
    from unstuck.evidence.bluez.bus import managed_objects

    try:
        objects = await managed_objects()
    except LiveError:
        return
    adapters = sorted(path for path, interfaces in objects.items() if ADAPTER in interfaces)
    if adapters:
        connected.live = replace(connected.live, adapter=adapters[0])
        connected.hands[Channel.BLUEZ] = await stack.enter_async_context(BluezHand())


# only saying


async def _only_say(request: FixRequest, connected: _Connected, console: Console) -> ExitStatus:
    """Everything that would be done, as things stand now. Only looks are made."""
    seen = await asyncio.to_thread(_look, request, connected, ())
    fix_view.plan(seen, console)
    for planned in seen.diagnosis.plan:
        if request.only and planned.fix not in request.only:
            continue
        console.print(f"\n{planned.title}", style="bold", markup=False)
        own = remedies_for(planned.fix, seen.targets)
        if not own:
            lines = [f"{number}. {line}" for number, line in enumerate(planned.steps, 1)]
            for line in [f"not now: {planned.blocked}."] if planned.blocked else ["by hand:", *lines]:
                hanging(console, fix_view.clean_indented(f"  {line}"))
        for remedy, target in own:
            reason = held_back(remedy, seen.diagnosis.plan, seen.situation)
            hand: Hand | None = connected.hands.get(target.channel)
            raw = {look: None if hand is None else await hand.look(look) for look in remedy.looks(target)}
            try:
                acts = ready(remedy, target, raw)
                said = [*fix_view.what_it_is(Proposal(planned, remedy, target, acts, expected(seen)))]
                said = said if acts else ["it is so already: nothing to do"]
            except NotPossibleError as missing:
                said = [f"not possible here: {missing}"]
            for line in [f"{remedy.id}: not now: {reason}."] if reason else [f"{remedy.id}:", *said]:
                hanging(console, fix_view.clean_indented(f"  {line}"))
    _write(request, seen, seen, (), _MOVES.get(seen.diagnosis.verdict))
    return _status(request, seen, _MOVES.get(seen.diagnosis.verdict))


# undoing


async def _undo(
    request: FixRequest, connected: _Connected, journal: FixJournal, world: Terminal, console: Console
) -> ExitStatus:
    standing = [entry for entry in journal.entries if _is_left(request, entry)]
    if not standing:
        console.print("Nothing that Unstuck changed still stands.")
        return ExitStatus.HEALTHY
    within = [entry for entry in standing if _is_reached(connected, entry)]
    for entry in standing:
        if entry not in within:
            where = entry.target.device if entry.target is not None else "a device"
            console.print(f"{entry.tried.fix}: connect {where} to take it back.", markup=False)
    if request.dry_run:
        for entry in within:
            for change in entry.standing:
                line = f"{entry.tried.fix}: would set {change.what} back from {change.after} to {change.before}"
                console.print(line, markup=False)
        return ExitStatus.STUCK
    await drive(Treatment().undo(within, REMEDIES), world, connected.hands)
    left = [entry for entry in journal.entries if _is_left(request, entry)]
    return ExitStatus.STUCK if left else ExitStatus.HEALTHY


async def _finish_halves(request: FixRequest, console: Console) -> None:
    """What was meant for a moment only, as Bluetooth off before it goes on again, is never left at its half.

    The person's yes to the fix was one to its end too.
    """
    async with AsyncExitStack() as stack:
        journal = stack.enter_context(FixJournal(state_folder()))
        halves = [entry for entry in journal.entries if entry.tried.ended is None and _is_half(entry)]
        if not halves:
            return
        connected = await _connect(request, stack)
        agreed = frozenset(entry.tried.fix for entry in halves)
        world = Terminal(lambda tried: _look(request, connected, tried), journal, agreed, asks=False, console=console)
        within = [entry for entry in halves if _is_reached(connected, entry)]
        await drive(Treatment().undo(within, REMEDIES), world, connected.hands)


def _is_half(entry: Entry) -> bool:
    remedy, target = REMEDIES.get(entry.remedy), entry.target
    return (
        remedy is not None
        and target is not None
        and any(remedy.gives_back(target, change.what) for change in entry.standing)
    )


def _is_left(request: FixRequest, entry: Entry) -> bool:
    """Whether it is meant, and something of it still stands."""
    return bool(entry.standing) and (not request.only or entry.tried.fix in request.only)


def _is_reached(connected: _Connected, entry: Entry) -> bool:
    """Whether the very device of that time is connected."""
    target = entry.target
    if target is None or target.channel not in connected.hands:
        return False
    return target.channel is not Channel.ADB or target.device == connected.live.phone


def _say_what_stands(entries: tuple[Entry, ...], console: Console) -> None:
    left = [entry for entry in entries if entry.standing and entry.tried.ended is None]
    for entry in left:
        text = (
            f"An earlier run was cut off during '{entry.tried.fix}'; 'unstuck fix --undo' takes back what it changed."
        )
        console.print(text, style="yellow", markup=False)


# the end


def _end(request: FixRequest, outcome: Outcome, console: Console) -> None:
    words = {
        True: "Data moves.",
        False: "Data still stands still.",
        None: "Whether data moves cannot be told from here.",
    }
    console.print(f"\n{words[outcome.moves]}", style="bold", markup=False)
    if any(entry.standing for entry in outcome.entries):
        console.print("What was changed and kept can be taken back with 'unstuck fix --undo'.", markup=False)
    _write(request, outcome.first, outcome.last, outcome.entries, outcome.moves)


def _write(
    request: FixRequest, first: Examination, last: Examination, entries: tuple[Entry, ...], moves: bool | None
) -> None:
    """The document; names of devices in it become pseudonyms."""
    if not request.json_file:
        return
    document = {
        "schema": SCHEMA_ID,
        "data_moves": moves,
        "verdict_before": first.diagnosis.verdict.value,
        "verdict_after": last.diagnosis.verdict.value,
        "plan": [_planned(step.fix, step.title, step.automatic, step.blocked) for step in last.diagnosis.plan],
        "tried": history_documents(entry.tried for entry in entries),
    }
    redactor = Redactor()
    text = json.dumps(document, indent=2, ensure_ascii=False)
    redactor.text(text)
    write_report(request.json_file, redactor.text(text), [one for one in request.sources if one.exists()])


def _planned(fix: str, title: str, automatic: bool, blocked: str | None) -> Mapping[str, object]:
    return {"fix": fix, "title": title, "automatic": automatic, "blocked": blocked}


def _status(request: FixRequest, seen: Examination, moves: bool | None) -> ExitStatus:
    if request.sources and not any(one.readable for one in seen.diagnosis.sources if one.kind != "answers"):
        return ExitStatus.UNREADABLE
    return _STATUS[moves]
