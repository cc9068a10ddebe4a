"""``unstuck session``: the guided session in the terminal. Register with ``app.command()(session)``."""

from pathlib import Path
from typing import Annotated

import typer


def session(
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the session that was left.")] = False,
    new: Annotated[bool, typer.Option("--new", help="Begin anew; a session that was left is forgotten.")] = False,
    folder: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Where the session is kept (default: in your state folder).", show_default=False
        ),
    ] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Only plain ASCII signs and no colours.")] = False,
) -> None:
    """Be led through it without any evidence: what you notice, a few questions, then fix by fix.

    Keys: a number to choose, ? for "I don't know", b to go back, e to give a file, q to leave. It is kept at every
    step. Exit status as for diagnose.
    """
    from unstuck.cli.session_run import SessionRequest, run

    raise typer.Exit(run(SessionRequest(resume=resume, new=new, folder=folder, plain=plain)))
