"""``unstuck lab``: faults made on purpose in the real chain. Register with ``app.add_typer(lab, name="lab")``."""

from pathlib import Path
from typing import Annotated

import typer

lab = typer.Typer(
    help="Break the chain on purpose, and see what the doctor makes of it.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@lab.command("list")
def list_faults(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Every fault, the cause it makes true, and the phones, trackers and behaviours there are."""
    from unstuck.cli.lab_run import show_list

    show_list(as_json=as_json)


@lab.command()
def run(
    fault: Annotated[str, typer.Argument(metavar="FAULT", help="From 'unstuck lab list'; several at once: a+b.")],
    phone: Annotated[str, typer.Option(metavar="MODEL", help="Whose phone it is.")] = "pixel-14",
    tracker: Annotated[str, typer.Option(metavar="KIND", help="Which tracker.")] = "unstuck",
    behaviour: Annotated[str, typer.Option(metavar="ID", help="How the person is.")] = "ordinary",
    given: Annotated[
        str, typer.Option("--evidence", metavar="KIND", help="What the person has: all, report, trace or answers.")
    ] = "all",
    seed: Annotated[int, typer.Option(min=0, help="Seed of all chance; the same seed plays the same case.")] = 1,
    keep: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep the evidence there (bug report, Bluetooth log).", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Only plain ASCII signs and no colours.")] = False,
) -> None:
    """Play one case on virtual time: all is well, the fault, what the person notices, the diagnosis, fixes, data again.

    Exit status: 0 the right cause was first and the chain caught up, 1 it was not or did not, 2 wrong usage.
    """
    from unstuck.cli.lab_run import RunRequest
    from unstuck.cli.lab_run import run as play

    raise typer.Exit(play(RunRequest(fault, phone, tracker, behaviour, given, seed, keep, as_json, plain)))


@lab.command()
def phone(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="From 'unstuck lab list'.")] = "pixel-14",
    fault: Annotated[str, typer.Option(metavar="FAULT", help="Let the phone have this fault of a phone.")] = "",
    port: Annotated[int, typer.Option(min=0, max=65535, help="TCP port; 0: any that is free.")] = 0,
    seconds: Annotated[float, typer.Option(min=0.0, help="Stop after so long; 0: on Ctrl-C.")] = 0.0,
) -> None:
    """Serve a synthetic phone to a real adb client, to try 'unstuck diagnose adb' and 'unstuck fix' on.

    It answers 'adb connect 127.0.0.1:PORT' and obeys what is changed through it.
    """
    from unstuck.cli.lab_run import serve_phone

    serve_phone(model, fault, port, seconds)


@lab.command()
def live(
    fault: Annotated[str, typer.Option(metavar="ID", help="Strike this fault; from 'unstuck lab list'.")] = "",
    after: Annotated[float, typer.Option(metavar="MIN", min=0.0, help="So many minutes of the lab later.")] = 0.0,
    speed: Annotated[float, typer.Option(metavar="X", min=1.0, max=600.0, help="Seconds of it in a real one.")] = 20.0,
    port: Annotated[int, typer.Option(min=0, max=65535, help="TCP port; 0: any that is free.")] = 0,
    seconds: Annotated[float, typer.Option(min=0.0, help="Stop after so long; 0: on Ctrl-C.")] = 0.0,
) -> None:
    """Show the lab's chain in a browser: break it there, watch it, see why, and mend it.

    Tracker, radio waves and phone are synthetic and live on faster time; agent, server and pages are the real ones.
    """
    from unstuck.cli.lab_live import LiveRequest
    from unstuck.cli.lab_live import run as run_live

    raise typer.Exit(run_live(LiveRequest(fault, after, speed, port, seconds)))
