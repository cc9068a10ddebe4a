"""``unstuck ledger TRACKER``: which hop holds which records. Register with ``app.command()(ledger)``."""

from pathlib import Path
from typing import Annotated

import typer


def ledger(
    tracker: Annotated[
        str, typer.Argument(metavar="[TRACKER]", help="The tracker's id (default: the only one in the journal).")
    ] = "",
    server: Annotated[str, typer.Option(metavar="URL", help="The server (default: the one the agent uses).")] = "",
    token_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Holds the token; or set UNSTUCK_TOKEN.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The agent's folder (default: in your state folder).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as JSON.")] = False,
    html_file: Annotated[
        str, typer.Option("--html", metavar="FILE", help="Write the picture of the last 30 days as one HTML page.")
    ] = "",
    plain: Annotated[bool, typer.Option("--plain", help="Only plain ASCII signs and no colours.")] = False,
) -> None:
    """Show what each hop holds, every hole with its one reason, the last 30 days as a map, and what is at risk.

    Asks the server; without one, or when it is silent, the agent's own journal speaks for all it knows.
    """
    from unstuck.cli.ledger_run import LedgerRequest, run

    raise typer.Exit(run(LedgerRequest(tracker, server, token_file, folder, as_json, html_file, plain)))
