"""The command ``unstuck server``."""

from pathlib import Path
from typing import Annotated

import typer


def server(
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Where the data is kept (default: the user's data folder).", show_default=False
        ),
    ] = None,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where to listen; 0 takes a free one.")] = 8787,
    database: Annotated[
        str,
        typer.Option(
            metavar="URL",
            envvar="UNSTUCK_DATABASE",
            help="Another database, such as postgresql+psycopg://user@host/name (default: SQLite in the data folder).",
            show_envvar=True,
        ),
    ] = "",
    minimum_agent: Annotated[
        str, typer.Option(metavar="VERSION", help="Refuse agents older than this, such as 0.2.0.")
    ] = "",
    minimum_firmware: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODEL=VERSION",
            help="Call trackers of this model with older firmware outdated; may be given several times.",
            show_default=False,
        ),
    ] = None,
    registration: Annotated[bool, typer.Option(help="Whether new accounts may be made.")] = True,
    forwarded_from: Annotated[
        str, typer.Option(metavar="ADDRESS", help="The proxy in front whose X-Forwarded-For is believed.")
    ] = "",
) -> None:
    """Run the server: accounts, uploads and the ledger, and the pages that show them at its address.

    A file called 'maintenance' in the data folder puts it into maintenance; its text is shown to people.
    """
    from fastapi import FastAPI

    from unstuck.chain.releases.versions import read
    from unstuck.chain.server.domain.settings import Settings
    from unstuck.chain.server.serve import Options, default_data, serve
    from unstuck.model.errors import ErrorCode, UsageError
    from unstuck.web.pages.mount import mount

    if minimum_agent and read(minimum_agent) is None:
        raise UsageError(ErrorCode.USAGE_SOURCE, given=minimum_agent, reason="is not a version such as 0.2.0")
    firmware = dict(given.partition("=")[::2] for given in minimum_firmware or ())
    for model, version in firmware.items():
        if not model or read(version) is None:
            reason = "is not a model and a version such as band-2=1.4.0"
            raise UsageError(ErrorCode.USAGE_SOURCE, given=f"--minimum-firmware {model}={version}", reason=reason)
    settings = Settings(minimum_agent=minimum_agent, minimum_firmware=firmware, registration_open=registration)
    folder = data or default_data()

    def furnish(app: FastAPI) -> str:
        mount(app)
        return "Open that address in a browser: the pages are there."

    serve(Options(folder, host, port, database, forwarded_from, settings), typer.echo, furnish)
