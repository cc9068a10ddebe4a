"""``unstuck agent``: the phone's part of the chain. Register with ``app.command()(agent)``."""

from pathlib import Path
from typing import Annotated

import typer


def agent(
    tracker: Annotated[str, typer.Option(metavar="HOST:PORT", help="The tracker's UDP address.")] = "127.0.0.1:5684",
    server: Annotated[
        str, typer.Option(metavar="URL", help="The server (default: the one used last, else none).")
    ] = "",
    token_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Holds the device token; or set UNSTUCK_TOKEN. It is kept for next time."),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Journal and login (default: in your state folder).")
    ] = None,
    every: Annotated[float, typer.Option(min=1, metavar="SECONDS", help="The rhythm of syncs.")] = 900.0,
    adopt_journal: Annotated[
        bool,
        typer.Option("--adopt-journal", help="Send all that the journal holds to this account, whosever it is."),
    ] = False,
    once: Annotated[
        bool, typer.Option("--once", help="Sync once, then stop: status 0 when all went well, else 1.")
    ] = False,
    seconds: Annotated[float, typer.Option(metavar="N", help="Stop after this (0: at Ctrl-C).")] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Drain a tracker, keep its records safe and upload them. Signal SIGUSR1 means "sync now".

    Nothing is freed on the tracker before it is on this disk; nothing is dropped here before the server has it.
    """
    from unstuck.cli.agent_run import AgentRequest, run

    raise typer.Exit(
        run(AgentRequest(tracker, server, token_file, folder, every, once, seconds, as_json, adopt_journal))
    )
