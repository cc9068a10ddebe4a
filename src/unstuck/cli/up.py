"""``unstuck up``: the whole chain on this machine. Register with ``app.command()(up)``."""

from pathlib import Path
from typing import Annotated

import typer

from unstuck.cli.numbers import SPEED_MOST, finite


def up(
    replay: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="The tracker replays real minutes: a wide Fitabase minute file."),
    ] = None,
    user: Annotated[str, typer.Option(metavar="ID", help="Whose minutes, where the file has several people.")] = "",
    seed: Annotated[int, typer.Option(help="Without a replay: which made-up person wears the tracker.")] = 1,
    speed: Annotated[
        float,
        typer.Option(callback=finite, min=1, max=SPEED_MOST, help="How much faster than real time everything passes."),
    ] = 1.0,
    every: Annotated[
        float,
        typer.Option(callback=finite, min=1, metavar="SECONDS", help="The rhythm of syncs, in the chain's own time."),
    ] = 60.0,
    folder: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where everything is kept (default: in your state folder).")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The server's port; 0 takes a free one.")] = 0,
    seconds: Annotated[
        float, typer.Option(callback=finite, min=0, metavar="N", help="Stop after N real seconds (0: at Ctrl-C).")
    ] = 0.0,
    virtual: Annotated[
        bool, typer.Option("--virtual", help="A virtual tracker on a virtual radio, even where there is Bluetooth.")
    ] = False,
    at: Annotated[
        str, typer.Option(metavar="HH:MM", help="Time of day (UTC) at which the virtual day begins (default: now).")
    ] = "",
    walk_away: Annotated[
        float,
        typer.Option(
            callback=finite,
            min=0,
            metavar="N",
            help="Carry the virtual tracker out of reach after N real seconds (0: never).",
        ),
    ] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="Where it stands at the end, as JSON.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Lines instead of a picture, no colours.")] = False,
) -> None:
    """Run tracker, link, agent and server here, and watch records go from hop to hop.

    With a Bluetooth adapter the agent looks for a tracker near by; without one, or with --virtual, a virtual tracker
    and a virtual phone share a virtual radio, and the phone's Bluetooth log is kept as btsnoop_hci.log in the folder.
    Ctrl-C stops all of it cleanly; started again it goes on where it was.
    """
    from unstuck.cli.up_run import UpRequest, run

    request = UpRequest(replay, user, seed, speed, every, folder, port, seconds, as_json, plain, virtual, at, walk_away)
    raise typer.Exit(run(request))
