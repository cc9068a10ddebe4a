"""``unstuck account``: what a person does at the server. Register with ``app.add_typer(account)``."""

from pathlib import Path
from typing import Annotated

import typer

account = typer.Typer(
    name="account",
    help="Make an account at a server, sign this machine's agent in, and see and end logins.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The account's name.")]
At = Annotated[
    str, typer.Option("--server", metavar="URL", help="The server (default: the one used last, else on this machine).")
]
Folder = Annotated[
    Path | None,
    typer.Option("--folder", metavar="DIR", help="The agent's folder (default: in your state folder)."),
]
PasswordFile = Annotated[
    str,
    typer.Option(
        "--password-file", metavar="FILE|-", help="Holds the password; '-' is standard input (default: you are asked)."
    ),
]
Code = Annotated[
    str,
    typer.Option("--code", metavar="CODE", help="Of the second factor, or a recovery code (default: you are asked)."),
]
Device = Annotated[
    str, typer.Option("--device", metavar="TEXT", help="How this login is called in the list (default: this machine).")
]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


@account.command()
def create(
    name: Name,
    server: At = "",
    folder: Folder = None,
    password_file: PasswordFile = "",
    device: Device = "",
) -> None:
    """Make an account and sign this machine's agent in to it."""
    from unstuck.cli.account_run import Who, create

    create(Who(name, server, folder, password_file), device)


@account.command()
def login(
    name: Name,
    server: At = "",
    folder: Folder = None,
    password_file: PasswordFile = "",
    code: Code = "",
    device: Device = "",
) -> None:
    """Sign this machine's agent in; also after its login was revoked. Nothing in its journal is lost."""
    from unstuck.cli.account_run import Who, login

    login(Who(name, server, folder, password_file, code), device)


@account.command()
def show(
    name: Name,
    server: At = "",
    folder: Folder = None,
    password_file: PasswordFile = "",
    code: Code = "",
    as_json: AsJson = False,
) -> None:
    """Show the account: second factor, trackers, and every login with its id, last use and why it ended."""
    from unstuck.cli.account_run import Who, show

    show(Who(name, server, folder, password_file, code), as_json=as_json)


@account.command()
def revoke(
    name: Name,
    login_id: Annotated[str, typer.Argument(metavar="ID", help="Of the login, as 'unstuck account show' lists it.")],
    server: At = "",
    folder: Folder = None,
    password_file: PasswordFile = "",
    code: Code = "",
) -> None:
    """End one login, such as that of a lost machine. Its agent says so and keeps its records."""
    from unstuck.cli.account_run import Who, revoke

    revoke(Who(name, server, folder, password_file, code), login_id)


@account.command()
def password(
    name: Name,
    server: At = "",
    folder: Folder = None,
    password_file: PasswordFile = "",
    new_password_file: Annotated[
        str, typer.Option("--new-password-file", metavar="FILE", help="Holds the new one (default: you are asked).")
    ] = "",
    code: Code = "",
) -> None:
    """Change the password. Every login ends, also those of agents: sign in again with 'unstuck account login'."""
    from unstuck.cli.account_run import Who, password

    password(Who(name, server, folder, password_file, code), new_password_file)


@account.command("second-factor")
def second_factor(
    name: Name,
    server: At = "",
    folder: Folder = None,
    password_file: PasswordFile = "",
    code: Code = "",
    off: Annotated[bool, typer.Option("--off", help="Turn it off.")] = False,
) -> None:
    """Turn on time-based codes of an authenticator app; prints the recovery codes once. Every other login ends."""
    from unstuck.cli.account_run import Who, second_factor

    second_factor(Who(name, server, folder, password_file, code), off=off)


@account.command()
def claim(
    tracker: Annotated[str, typer.Argument(metavar="TRACKER", help="The tracker's id.")],
    shown: Annotated[str, typer.Argument(metavar="CODE", help="The code that the tracker shows.")],
    server: At = "",
    token_file: Annotated[
        Path | None, typer.Option("--token-file", metavar="FILE", help="Holds the token; or set UNSTUCK_TOKEN.")
    ] = None,
    folder: Folder = None,
    label: Annotated[str, typer.Option("--label", metavar="TEXT", help="How you call it.")] = "",
) -> None:
    """Make a tracker yours, for the login of this machine. Over Bluetooth the agent does it by itself."""
    from unstuck.cli.account_run import claim

    claim(tracker, shown, label, server, token_file, folder)
