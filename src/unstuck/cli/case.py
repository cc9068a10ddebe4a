"""``unstuck case``: the case file. Register with ``app.add_typer(case)``."""

from pathlib import Path
from typing import Annotated

import typer

case = typer.Typer(
    name="case",
    help="The case file for a support desk: redacted, and it opens even when a part of it is lost.",
    no_args_is_help=True,
)

File = Annotated[Path, typer.Argument(metavar="FILE", help="A case file (zip), or the case.json out of one.")]
Plain = Annotated[bool, typer.Option("--plain", help="Only plain ASCII signs and no colours.")]


@case.command()
def export(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The case file to write.")],
    sources: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[SOURCE]...",
            help="Evidence, as for 'unstuck diagnose'; none for the fixes alone.",
            show_default=False,
        ),
    ] = None,
    session: Annotated[
        bool, typer.Option("--session", help="With the guided session: its answers, fixes and evidence.")
    ] = False,
    folder: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Where the session is kept (default: in your state folder).", show_default=False
        ),
    ] = None,
    answers: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Answers as JSON, as for 'unstuck diagnose'.", show_default=False),
    ] = None,
    agent: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The agent's folder, for the source chain (default: in your state folder)."),
    ] = None,
    tracker: Annotated[
        str, typer.Option(metavar="ADDRESS|NAME", help="Which tracker, where several are in the evidence.")
    ] = "",
    phone: Annotated[
        str, typer.Option(metavar="SERIAL", help="Which phone, for the source adb; HOST:PORT for Wi-Fi.")
    ] = "",
    with_evidence: Annotated[
        bool,
        typer.Option("--with-evidence", help="Also the lines around each proof, redacted; never whole evidence."),
    ] = False,
) -> None:
    """Write what was seen, asked and tried into one redacted file.

    What cannot be read is said in it; it is written all the same.
    """
    from unstuck.cli.case_export import ExportRequest, run

    run(ExportRequest(output, tuple(sources or ()), session, folder, answers, agent, tracker, with_evidence, phone))


@case.command("open")
def open_(
    file: File,
    json_file: Annotated[
        str, typer.Option("--json", metavar="FILE|-", help="Write the case as JSON; - for standard output.")
    ] = "",
    html_file: Annotated[str, typer.Option("--html", metavar="FILE", help="Write its report as one HTML page.")] = "",
    plain: Plain = False,
) -> None:
    """Show a case: verdict, causes with proof, answers, what was tried, what was not checked, versions.

    Exit status as for diagnose: 0 healthy, 1 stuck, 3 inconclusive, 4 nothing of the case is left.
    """
    from unstuck.cli.case_open import OpenRequest, run

    raise typer.Exit(run(OpenRequest(file, json_file, html_file, plain)))


@case.command()
def show(file: File, plain: Plain = False) -> None:
    """Show what is inside a case file before you send it: each file with its size, and what was replaced."""
    from unstuck.cli.case_open import show as run

    raise typer.Exit(run(file, plain=plain))


@case.command()
def close(
    file: File,
    cause: Annotated[str, typer.Option(metavar="ID", help="The cause that it was.")],
    fix: Annotated[str, typer.Option(metavar="ID", help="The fix that mended it, if one did.")] = "",
    by: Annotated[str, typer.Option(metavar="person|support", help="Whose word it is.")] = "support",
) -> None:
    """Write into a case file how it ended, so that the doctor can learn from it. Nothing is sent anywhere."""
    from unstuck.cli.case_close import run

    run(file, cause, fix, by)
