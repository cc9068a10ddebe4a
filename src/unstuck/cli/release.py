"""``unstuck release``: keys, signatures and the server's registry. Register with ``app.add_typer(release)``."""

from pathlib import Path
from typing import Annotated

import typer

release = typer.Typer(
    name="release",
    help="Sign releases of agents and firmware, and offer them on a server.",
    no_args_is_help=True,
)

Data = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="The server's data (default: the user's data folder).", show_default=False),
]
DatabaseUrl = Annotated[
    str,
    typer.Option(metavar="URL", envvar="UNSTUCK_DATABASE", help="As for 'unstuck server'.", show_envvar=True),
]


@release.command()
def keygen(
    name: Annotated[Path, typer.Argument(metavar="NAME", help="Makes NAME.key, to be kept secret, and NAME.pub.")],
) -> None:
    """Make a pair of keys. Whoever has NAME.key can put firmware on every tracker that trusts NAME.pub."""
    from unstuck.cli.release_run import keygen as run

    run(name)


@release.command()
def sign(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="The file that is installed.")],
    key: Annotated[Path, typer.Option(metavar="FILE", help="The maker's private key.")],
    product: Annotated[str, typer.Option(metavar="MODEL", help="The model of tracker, or the agent's name.")],
    version: Annotated[str, typer.Option(metavar="VERSION", help="Major.minor.patch, such as 1.4.0.")],
    kind: Annotated[str, typer.Option(metavar="firmware|agent", help="What it is for.")] = "firmware",
    battery: Annotated[int, typer.Option(min=0, max=100, help="Least charge to install it, in percent.")] = 50,
    over: Annotated[str, typer.Option(metavar="VERSION", help="Least version it may be installed over.")] = "",
    notes: Annotated[str, typer.Option(metavar="TEXT", help="What is new, for people.")] = "",
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where it is written (default: IMAGE.release).")
    ] = None,
) -> None:
    """Sign an image: writes its manifest with the signature into one small file beside it."""
    from unstuck.cli.release_run import SignRequest
    from unstuck.cli.release_run import sign as run

    run(SignRequest(image, key, kind, product, version, battery, over, notes, output))


@release.command()
def publish(
    signed: Annotated[Path, typer.Argument(metavar="RELEASE", help="The signed manifest.")],
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="The image it is of.")],
    key: Annotated[Path, typer.Option(metavar="FILE", help="The maker's public key, which must have signed it.")],
    data: Data = None,
    database: DatabaseUrl = "",
) -> None:
    """Offer a release on the server of this machine. What is not signed or not whole never gets in."""
    from unstuck.cli.release_run import publish as run

    run(signed, image, key, data, database)


@release.command("list")
def list_(
    data: Data = None,
    database: DatabaseUrl = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List the releases of the server on this machine, also those withdrawn."""
    from unstuck.cli.release_run import show

    show(data, database, as_json)


@release.command()
def withdraw(
    kind: Annotated[str, typer.Argument(metavar="firmware|agent")],
    product: Annotated[str, typer.Argument(metavar="MODEL")],
    version: Annotated[str, typer.Argument(metavar="VERSION")],
    data: Data = None,
    database: DatabaseUrl = "",
) -> None:
    """Offer a release no more. Where it is installed it stays; its version is never used again."""
    from unstuck.cli.release_run import withdraw as run

    run(kind, product, version, data, database)
