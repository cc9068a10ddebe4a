"""What ``unstuck lab`` does."""

import asyncio
import json
import random
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from unstuck.chain.paced import run as run_paced
from unstuck.cli.beside import beside
from unstuck.cli.progress import Progress
from unstuck.cli.status import ExitStatus
from unstuck.cli.stopping import on_stop
from unstuck.cli.terminal import render
from unstuck.doctor.knowledge.loader import load
from unstuck.lab.adbd import Adbd
from unstuck.lab.case import BEHAVIOURS, Case, Played, parse, play, possible
from unstuck.lab.evidence import REPORT_FILE, Given
from unstuck.lab.faults.all import FAULTS, HEALTHY
from unstuck.lab.phone.lived import LivedPhone
from unstuck.lab.phone.models import MODELS
from unstuck.lab.phone.phone import LabPhone
from unstuck.lab.phone.state import Bond
from unstuck.lab.state import State
from unstuck.lab.world import KINDS, TRACE_FILE
from unstuck.model.errors import ErrorCode, UsageError

HEAD_WIDE = 14
"""Columns of what a line is about."""


@dataclass(frozen=True, slots=True)
class RunRequest:
    """The command line as given."""

    fault: str
    phone: str = "pixel-14"
    tracker: str = "unstuck"
    behaviour: str = "ordinary"
    given: str = "all"
    seed: int = 1
    keep: Path | None = None
    as_json: bool = False
    plain: bool = False


def show_list(*, as_json: bool) -> None:
    """Everything that a case can be made of."""
    everything = {**FAULTS, **HEALTHY}
    if as_json:
        rows = [
            {"id": fault.id, "cause": fault.cause or None, "says": fault.says, "also": sorted(fault.also)}
            for fault in everything.values()
        ]
        phones = [{"id": model.id, "name": model.name, "android": model.android} for model in MODELS.values()]
        document = {
            "faults": rows,
            "phones": phones,
            "trackers": [{"id": kind.id, "name": kind.name} for kind in KINDS.values()],
            "behaviours": list(BEHAVIOURS),
            "evidence": [one.value for one in Given],
        }
        typer.echo(json.dumps(document, indent=2))
        return
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False)
    for head in ("fault", "cause", "what happens"):
        table.add_column(head, no_wrap=head != "what happens")
    for fault in everything.values():
        table.add_row(fault.id, fault.cause or "nothing is wrong", fault.says)
    console.print(table)
    console.print()
    console.print("Phones:     " + ", ".join(MODELS), markup=False)
    console.print("Trackers:   " + ", ".join(KINDS), markup=False)
    console.print("Behaviours: " + ", ".join(BEHAVIOURS), markup=False)


def run(request: RunRequest) -> ExitStatus:
    """Play one case and show it. UsageError: there is no such fault, phone, tracker, behaviour or evidence."""
    case, given = _case(request)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as made, Progress() as progress:
        folder = Path(made)
        progress("playing the case", 0, 0)
        played = run_paced(play(case, folder, (given,)))
        if request.keep is not None:
            _keep(folder, request.keep)
    took_s = time.monotonic() - began
    if request.as_json:
        typer.echo(json.dumps(_document(played, given, took_s), indent=2))
    else:
        _show(played, given, took_s, Console(no_color=request.plain or None, highlight=False), plain=request.plain)
    return ExitStatus.HEALTHY if _well(played, given) else ExitStatus.STUCK


def _case(request: RunRequest) -> tuple[Case, Given]:
    try:
        ids = parse(request.fault)
    except KeyError as error:
        raise _unknown(str(error.args[0]), "fault", (*FAULTS, *HEALTHY)) from None
    for word, given, known in (
        ("phone", request.phone, tuple(MODELS)),
        ("tracker", request.tracker, tuple(KINDS)),
        ("behaviour", request.behaviour, BEHAVIOURS),
        ("kind of evidence", request.given, tuple(one.value for one in Given)),
    ):
        if given not in known:
            raise _unknown(given, word, known)
    case = Case(ids, request.phone, request.tracker, request.behaviour, request.seed)
    if not possible(case):
        fitting = [model for model in MODELS if possible(Case(ids, model))]
        reason = f"that phone cannot have it; these can: {', '.join(fitting) or 'none'}"
        raise UsageError(ErrorCode.USAGE_SOURCE, given=f"{request.fault} on {request.phone}", reason=reason)
    return case, Given(request.given)


def _unknown(given: str, what: str, known: tuple[str, ...]) -> UsageError:
    return UsageError(
        ErrorCode.USAGE_SOURCE, given=given, reason=f"there is no such {what}; known are {', '.join(known)}"
    )


def _keep(folder: Path, wanted: Path) -> None:
    try:
        wanted.mkdir(parents=True, exist_ok=True)
        for name in (REPORT_FILE, TRACE_FILE):
            if (folder / name).exists():
                shutil.copy(folder / name, wanted / name)
    except OSError as error:
        reason = error.strerror or "it cannot be written"
        raise UsageError(ErrorCode.USAGE_OUTPUT, path=str(wanted), reason=reason) from error


def _well(played: Played, given: Given) -> bool:
    judged = played.judged.get(given)
    if judged is None:
        return not played.truth
    diagnosis = judged.guided.diagnosis
    named = bool(diagnosis.causes) and diagnosis.causes[0].id in played.truth
    right = named if played.truth else diagnosis.verdict.value != "stuck"
    return right and played.mended is played.expected and not played.lost


def _show(played: Played, given: Given, took_s: float, console: Console, *, plain: bool) -> None:
    def say(head: str, text: str) -> None:
        beside(console, head, HEAD_WIDE, text)

    everything = {**FAULTS, **HEALTHY}
    console.print()
    for fault in played.case.faults:
        say("The fault", everything[fault].says + ".")
    say("True is", ", ".join(sorted(played.truth)) or "nothing is wrong")
    symptom = load().symptoms.get(played.symptom)
    say("Noticed", f"{symptom.says}." if symptom else "Nothing that a person would complain of.")
    say("At the server", f"the newest record is {played.late_s / 60:,.0f} min old." if played.late_s >= 0 else "")
    judged = played.judged.get(given)
    if judged is None:
        say("The doctor", "was not asked: nobody complained.")
        return
    render(judged.guided.diagnosis, console, plain=plain)
    treated = judged.guided.treated
    done = ", ".join(treated.fixes) or "nothing"
    say("Asked", f"{treated.questions} questions.")
    say("Done", f"{done}: {treated.minutes:.0f} min of a person's time.")
    for head, other in (("An article", played.article), ("Who knows all", played.hindsight)):
        harm = f", and {other.lost:,} records lost" if other.lost else ", and locked out" if other.harmful else ""
        gave_up = "" if other.moved else ", and data still stands"
        say(head, f"{', '.join(other.fixes) or 'nothing'}: {other.minutes:.0f} min{gave_up}{harm}.")
    caught = "caught up with everything" if played.mended else "did not catch up"
    lost = f"{played.lost:,} records were lost" if played.lost else "no record was lost"
    say("The chain", f"{caught}; {lost}.")
    say("Played in", f"{took_s:.1f} s.")
    console.print()


def _document(played: Played, given: Given, took_s: float) -> dict[str, object]:
    judged = played.judged.get(given)
    guided = judged.guided if judged is not None else None
    return {
        "case": played.case.label,
        "symptom": played.symptom or None,
        "truth": sorted(played.truth),
        "hops": sorted(played.hops),
        "late_s": round(played.late_s, 1),
        "verdict": guided.diagnosis.verdict.value if guided else None,
        "stuck_at": guided.diagnosis.stuck_at.value if guided and guided.diagnosis.stuck_at else None,
        "causes": [{"id": one.id, "probability": round(one.probability, 4)} for one in guided.diagnosis.causes]
        if guided
        else [],
        "questions": guided.treated.questions if guided else 0,
        "fixes": list(guided.treated.fixes) if guided else [],
        "minutes": guided.treated.minutes if guided else None,
        "article_minutes": played.article.minutes,
        "hindsight_minutes": played.hindsight.minutes,
        "mended": played.mended,
        "lost": played.lost,
        "seconds": round(took_s, 2),
    }


def serve_phone(model: str, fault: str, port: int, seconds: float) -> None:
    """Until the time is over or Ctrl-C. UsageError: no such model or fault, or the port cannot be had."""
    if model not in MODELS:
        raise _unknown(model, "phone", tuple(MODELS))
    if fault and fault not in FAULTS:
        raise _unknown(fault, "fault", tuple(FAULTS))
    made = _lived(model, fault)
    try:
        asyncio.run(_served(made, port, seconds))
    except OSError as error:
        reason = error.strerror or "it cannot be used"
        raise UsageError(ErrorCode.AGENT_USAGE, given=f"--port {port}", reason=reason) from error


def _lived(model: str, fault: str) -> LivedPhone:
    """It worked for hours; two hours ago, or as long as the fault takes, the fault began."""
    kind, dice = KINDS["inspire"], random.Random(1)
    states: list[State] = []

    def before(phone: LabPhone) -> None:
        states.append(State(phone))
        if fault:
            FAULTS[fault].before(states[0], dice)

    def strike(change: Callable[[State, random.Random], None]) -> Callable[[LabPhone], None]:
        return lambda phone: change(states[0], dice)

    steps = FAULTS[fault].steps if fault else ()
    return LivedPhone(
        MODELS[model],
        time.time,
        package=kind.package,
        app_name=kind.app,
        tracker=Bond(_TRACKER, kind.name),
        strikes=[(step.after_s, strike(step.change)) for step in steps],
        before=before,
    )


_TRACKER = "E6:5E:00:00:00:01"
"""Address of the tracker that the served phone is bonded with; there is none behind it."""

LIVES_EVERY_S = 3.0
"""How often the served phone's app looks whether it may sync."""


async def _served(made: LivedPhone, port: int, seconds: float) -> None:
    stopped = asyncio.Event()
    on_stop(stopped.set)
    async with Adbd(made, port=port) as served:
        typer.echo(f"{made.model.name}, Android {made.model.android}, synthetic. Now, elsewhere:")
        typer.echo(f"  adb connect {served.address}")
        typer.echo(f"  unstuck diagnose adb --phone {served.address}")
        typer.echo(f"  unstuck fix adb --phone {served.address}")
        until = time.monotonic() + seconds if seconds else float("inf")
        while not stopped.is_set() and time.monotonic() < until:
            made.sync_if_due()
            with suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), min(LIVES_EVERY_S, max(0.0, until - time.monotonic())))
