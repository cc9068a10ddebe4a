"""``unstuck tracker``: a virtual tracker on UDP or Bluetooth. Register with ``app.command()(tracker)``."""

from pathlib import Path
from typing import Annotated

import typer

from unstuck.cli.numbers import DRIFT_MOST_PPM, SPEED_MOST, finite


def tracker(
    replay: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="Replay real minutes: a wide Fitabase minute file, may be gzipped."),
    ] = None,
    user: Annotated[str, typer.Option(metavar="ID", help="Whose minutes, where the file has several people.")] = "",
    seed: Annotated[int, typer.Option(help="Without a replay: which made-up person wears it.")] = 1,
    identity: Annotated[
        str,
        typer.Option(
            "--id", metavar="ID", help="An id of your own, which no account can claim (default: from its code)."
        ),
    ] = "",
    name: Annotated[str, typer.Option(help="The name it shows.")] = "Unstuck virtual tracker",
    memory: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where its memory lies (default: in your state folder).")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="UDP port to listen on; 0 takes a free one.")] = 5684,
    radio: Annotated[
        str,
        typer.Option(
            metavar="RADIO",
            help="'udp', or a Bluetooth controller for it alone as Bumble names it: usb:0, serial:PORT. "
            "The signal USR1 is its button: another phone may pair for two minutes.",
        ),
    ] = "udp",
    speed: Annotated[
        float,
        typer.Option(callback=finite, min=1, max=SPEED_MOST, help="How much faster than real time its days pass."),
    ] = 1.0,
    drift_ppm: Annotated[
        float,
        typer.Option(
            "--drift",
            callback=finite,
            min=-DRIFT_MOST_PPM,
            max=DRIFT_MOST_PPM,
            metavar="PPM",
            help="How wrong its clock runs.",
        ),
    ] = 0.0,
    release_key: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="A maker's public key: firmware signed with it is taken; may be given several times.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Run a virtual tracker that a phone agent can drain. Stop it with Ctrl-C; nothing it recorded is lost."""
    from unstuck.cli.tracker_run import Settings, run

    keys = tuple(release_key or ())
    run(Settings(replay, user, seed, identity, name, memory, host, port, radio, speed, drift_ppm, keys))
