"""``unstuck fix``: carry out the plan with the person's consent. Register with ``app.command()(fix)``."""

from pathlib import Path
from typing import Annotated

import typer


def fix(
    sources: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[SOURCE]...",
            help="As for diagnose: adb, bluez, chain, or files. What is connected is acted on; the rest is guided.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show everything that would be done, command for command; do nothing.")
    ] = False,
    yes: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIX", help="Agree to this fix beforehand; may be given several times.", show_default=False
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="FIX", help="Only this fix of the plan; may be given several times.", show_default=False),
    ] = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="Take back what earlier fixes changed and still stands.")
    ] = False,
    list_all: Annotated[
        bool, typer.Option("--list", help="List everything that could ever be done, and stop.")
    ] = False,
    phone: Annotated[
        str, typer.Option(metavar="SERIAL", help="Which phone, where several are connected; HOST:PORT for Wi-Fi.")
    ] = "",
    folder: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The agent's folder, for the source chain (default: in your state folder)."),
    ] = None,
    link: Annotated[
        str,
        typer.Option(metavar="WHICH", help="How our own tracker is reached, for chain: as 'unstuck agent --tracker'."),
    ] = "bluetooth",
    tracker: Annotated[
        str, typer.Option(metavar="ADDRESS|NAME", help="Which tracker, where several are in the evidence.")
    ] = "",
    package: Annotated[
        str, typer.Option("--app", metavar="PACKAGE", help="The Android package of the tracker's app.")
    ] = "",
    symptom: Annotated[str, typer.Option(metavar="ID", help="What you notice, for example steps_frozen.")] = "",
    answer: Annotated[
        list[str] | None,
        typer.Option(
            metavar="QUESTION=ANSWER", help="Answer a question; may be given several times.", show_default=False
        ),
    ] = None,
    json_file: Annotated[
        str, typer.Option("--json", metavar="FILE|-", help="Write what was tried as JSON; - for standard output.")
    ] = "",
) -> None:
    """Get data moving: each fix of the plan is asked about, done, checked, and taken back if it did not help.

    Nothing that could lose data is done, whatever is asked. What was done is kept in fixes.json in your state folder.
    Exit status: 0 data moves, 1 still stuck, 3 cannot tell, 2 wrong usage, 4 nothing readable.
    """
    from unstuck.cli.fix_run import FixRequest, list_remedies, run

    if list_all:
        list_remedies()
        return
    request = FixRequest(
        sources=tuple(sources or ()),
        dry_run=dry_run,
        yes=frozenset(yes or ()),
        only=frozenset(only or ()),
        undo=undo,
        phone=phone,
        folder=folder,
        link=link,
        tracker=tracker,
        package=package,
        symptom=symptom,
        answers=tuple(answer or ()),
        json_file=json_file,
    )
    raise typer.Exit(run(request))
