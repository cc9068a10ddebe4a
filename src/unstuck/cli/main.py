"""The command ``unstuck``. Heavy parts are imported by the command that needs them, so that help is quick."""

import os
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from unstuck import __version__
from unstuck.cli.account import account
from unstuck.cli.agent import agent
from unstuck.cli.case import case
from unstuck.cli.fix import fix
from unstuck.cli.lab import lab
from unstuck.cli.ledger import ledger
from unstuck.cli.link import link
from unstuck.cli.questions import questions
from unstuck.cli.release import release
from unstuck.cli.server import server
from unstuck.cli.session import session
from unstuck.cli.status import ExitStatus
from unstuck.cli.tracker import tracker
from unstuck.cli.up import up

DOCTOR = "The doctor"
CHAIN = "The open chain"
LAB = "The lab"

app = typer.Typer(
    name="unstuck",
    help="Find where a fitness tracker's data is stuck, prove it, and get it moving.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"unstuck {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    pass


@app.command(rich_help_panel=DOCTOR)
def diagnose(
    sources: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[SOURCE]...",
            help="Files, folders or archives: Bluetooth logs, Android bug reports or command output, Takeout exports."
            " Or a word: adb (an Android phone on a cable or Wi-Fi), iphone, bluez (this computer's Bluetooth),"
            " chain (our own agent's journal and its server).",
            show_default=False,
        ),
    ] = None,
    phone: Annotated[
        str, typer.Option(metavar="SERIAL", help="Which phone, where several are connected; HOST:PORT for Wi-Fi.")
    ] = "",
    seconds: Annotated[
        float,
        typer.Option(metavar="N", help="For bluez and iphone: also record for so long.", show_default=False),
    ] = 0.0,
    full: Annotated[bool, typer.Option("--full", help="For adb: a whole bug report, which takes minutes.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Keep looking and say what changes; Ctrl-C ends it.")] = False,
    every: Annotated[str, typer.Option(metavar="TIME", help="How often --watch looks.")] = "30s",
    folder: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The agent's folder, for the source chain (default: in your state folder)."),
    ] = None,
    tracker: Annotated[
        str, typer.Option(metavar="ADDRESS|NAME", help="Which tracker, where several are in the evidence.")
    ] = "",
    package: Annotated[
        str, typer.Option("--app", metavar="PACKAGE", help="The Android package of the tracker's app.")
    ] = "",
    at: Annotated[str, typer.Option(metavar="TIME", help="Judge as of then (default: the end of the evidence).")] = "",
    since: Annotated[str, typer.Option(metavar="TIME", help="Leave out what was seen before.")] = "",
    symptom: Annotated[str, typer.Option(metavar="ID", help="What you notice, for example steps_frozen.")] = "",
    answer: Annotated[
        list[str] | None,
        typer.Option(
            metavar="QUESTION=ANSWER", help="Answer a question; may be given several times.", show_default=False
        ),
    ] = None,
    answers_file: Annotated[
        Path | None,
        typer.Option(
            "--answers",
            metavar="FILE",
            help="Answers as JSON: question to answer, and symptom, phone, make, tried (see 'unstuck questions').",
            show_default=False,
        ),
    ] = None,
    json_file: Annotated[
        str, typer.Option("--json", metavar="FILE|-", help="Write the diagnosis as JSON; - for standard output.")
    ] = "",
    html_file: Annotated[str, typer.Option("--html", metavar="FILE", help="Write a report as one HTML page.")] = "",
    redact: Annotated[
        bool | None,
        typer.Option(
            "--redact/--no-redact",
            help="Replace addresses, names, accounts and places (default: in JSON and HTML, not on the terminal).",
            show_default=False,
        ),
    ] = None,
    list_checks: Annotated[bool, typer.Option("--list-checks", help="List every check and stop.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Only plain ASCII signs and no colours.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show every finding, also those that say no.")
    ] = False,
) -> None:
    """Say where data is stuck, since when and why, with the proof, and what to do first.

    With nothing given, at a terminal, it leads you through it as 'unstuck session' does.

    Exit status: 0 healthy, 1 stuck, 3 inconclusive, 2 wrong usage, 4 nothing readable.
    """
    from unstuck.cli.diagnose import Request, list_every_check, run
    from unstuck.cli.live import Live

    if list_checks:
        list_every_check()
        return
    request = Request(
        sources=tuple(sources or ()),
        folder=folder,
        tracker=tracker,
        package=package,
        at=at,
        since=since,
        symptom=symptom,
        answers=tuple(answer or ()),
        answers_file=answers_file,
        json_file=json_file,
        html_file=html_file,
        redact=redact,
        plain=plain,
        verbose=verbose,
        live=Live(phone, seconds, full, watch, every),
    )
    raise typer.Exit(run(request))


@app.command(rich_help_panel=DOCTOR)
def explain(
    topic: Annotated[
        str, typer.Argument(metavar="CAUSE|FIX|FINDING", help="An id, as reports and --list-checks show it.")
    ],
    platform: Annotated[
        str, typer.Option(metavar="NAME", help="Steps for iphone, android or a maker such as samsung.")
    ] = "",
    plain: Annotated[bool, typer.Option("--plain", help="No colours.")] = False,
) -> None:
    """Explain a cause, a fix with its steps, a finding, a question or a symptom."""
    from unstuck.cli.explain import explain_topic

    explain_topic(topic, platform, plain=plain)


app.command(rich_help_panel=DOCTOR)(session)
app.command(rich_help_panel=DOCTOR)(questions)
app.add_typer(lab, name="lab", rich_help_panel=LAB)
app.add_typer(case, rich_help_panel=DOCTOR)
app.command(rich_help_panel=DOCTOR)(fix)
app.command(rich_help_panel=CHAIN)(up)
app.command(rich_help_panel=CHAIN)(ledger)
app.command(rich_help_panel=CHAIN)(agent)
app.command(rich_help_panel=CHAIN)(link)
app.add_typer(account, rich_help_panel=CHAIN)
app.add_typer(release, rich_help_panel=CHAIN)
app.command(rich_help_panel=CHAIN)(server)
app.command(rich_help_panel=CHAIN)(tracker)


def _our_fault(error: Exception) -> ExitStatus:
    """One sentence where a person would get a traceback; the whole of it with UNSTUCK_DEBUG=1."""
    if os.environ.get("UNSTUCK_DEBUG"):
        traceback.print_exception(error)
    else:
        message = f"unstuck: a fault of Unstuck itself ({type(error).__name__}); nothing was changed."
        typer.echo(f"{message} Please report it with what UNSTUCK_DEBUG=1 prints.", err=True)
    return ExitStatus.OUR_FAULT


def main() -> None:
    """Run the command; every error of ours is one sentence on standard error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a sign the terminal cannot show must not end the report
    sys.exit(_run())


def _run() -> int:
    from unstuck.model.errors import UnstuckError

    try:
        app()
        sys.stdout.flush()
    except UnstuckError as error:
        typer.echo(f"unstuck: {error}", err=True)
        return ExitStatus.WRONG_USAGE
    except KeyboardInterrupt:
        typer.echo("unstuck: stopped; nothing was changed.", err=True)
        return ExitStatus.INTERRUPTED
    except SystemExit as done:
        return _flushed(done.code if isinstance(done.code, int) else ExitStatus.WRONG_USAGE)
    except OSError as error:
        return _cannot_write(error)
    except Exception as error:  # noqa: BLE001 - the outermost edge: Python's own exit status 1 would read as "stuck"
        return _our_fault(error)
    return ExitStatus.HEALTHY


def _flushed(status: int) -> int:
    """The status, once what was printed is really out."""
    try:
        sys.stdout.flush()
    except OSError as error:
        return _cannot_write(error)
    return status


def _cannot_write(error: OSError) -> ExitStatus:
    """Standard output is gone or full; a reader that stopped reading (head) is no fault."""
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - Python flushes it once more at its end
    if not isinstance(error, BrokenPipeError):
        typer.echo(f"unstuck: the output cannot be written ({error.strerror or 'unknown'}).", err=True)
    return ExitStatus.WRONG_USAGE


if __name__ == "__main__":
    main()
