"""``unstuck agent``: the phone's part of the chain. Register with ``app.command()(agent)``."""

from pathlib import Path
from typing import Annotated

import typer

from unstuck.cli.numbers import finite


def agent(
    tracker: Annotated[
        str,
        typer.Option(
            metavar="WHICH",
            help="A Bluetooth address or name, 'bluetooth' for the first tracker heard, or HOST:PORT of one on UDP.",
        ),
    ] = "bluetooth",
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
    every: Annotated[
        float, typer.Option(callback=finite, min=1, metavar="SECONDS", help="The rhythm of syncs.")
    ] = 900.0,
    adopt_journal: Annotated[
        bool,
        typer.Option("--adopt-journal", help="Send all that the journal holds to this account, whosever it is."),
    ] = False,
    once: Annotated[
        bool, typer.Option("--once", help="Sync once, then stop: status 0 when all went well, else 1.")
    ] = False,
    update_firmware: Annotated[
        bool,
        typer.Option(
            "--update-firmware",
            help="Update the tracker's firmware from the server's releases, then stop: status 0 when it is new.",
        ),
    ] = False,
    seconds: Annotated[float, typer.Option(callback=finite, metavar="N", help="Stop after this (0: at Ctrl-C).")] = 0.0,
    pair_again: Annotated[
        bool,
        typer.Option("--pair-again", help="Forget this machine's key of the tracker and pair anew; erases nothing."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Drain a tracker, keep its records safe and upload them. Signal SIGUSR1 means "sync now".

    Nothing is freed on the tracker before it is on this disk; nothing is dropped here before the server has it.
    A firmware update takes as long as the link needs; cut off, it goes on where it was when started again.
    """
    from unstuck.cli.agent_run import AgentRequest, run

    request = AgentRequest(
        tracker,
        server,
        token_file,
        folder,
        every,
        once,
        seconds,
        as_json,
        pair_again,
        update_firmware,
        adopt_journal,
    )
    raise typer.Exit(run(request))
