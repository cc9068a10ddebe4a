"""What ``unstuck account`` does, apart from its options so that help stays quick."""

import asyncio
import json
import platform
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from unstuck.chain.phone.person import AccountError, Person
from unstuck.chain.phone.server import is_local
from unstuck.cli.state import Login, login_for, private_folder, read_login, state_folder, write_login
from unstuck.model.errors import ErrorCode, UsageError

THIS_MACHINE = "http://127.0.0.1:8787"
"""Where ``unstuck server`` listens unless told otherwise."""

T = TypeVar("T")

_LABEL_MOST = 64
"""Characters of a login's name that the server takes (server-api.md)."""
_PASSWORD_FILE_MOST = 4096
"""Characters that are read: no password is longer, and a wrong file may be huge."""
_WORDS = {
    "signed_out": "signed out",
    "by_person": "revoked",
    "password_changed": "ended by a new password",
    "second_factor_changed": "ended by a second factor",
}
"""Why a login ended, as the server names it (server-api.md)."""
_NEEDS_CODE = "login.second_factor_needed"


@dataclass(frozen=True, slots=True)
class Who:
    """The command line as given: the person, where, and with what to prove it."""

    name: str
    server: str = ""
    folder: Path | None = None
    password_file: str = ""
    code: str = ""

    @property
    def place(self) -> Path:
        """The agent's folder."""
        return self.folder or state_folder() / "agent"


def create(who: Who, device: str) -> None:
    """Make the account and keep a login for the agent. AccountError and UsageError as their sentences say."""
    folder, address = private_folder(who.place), _address(who)
    secret = _secret(who.password_file, "Password", anew=True)

    async def work() -> str:
        async with Person(address) as person:
            await person.register(who.name, secret)
            return await _then_out(person, _device(person, device))

    _keep(folder, Login(address, asyncio.run(work())), who.name)


def login(who: Who, device: str) -> None:
    """Keep a new login for the agent."""
    folder = private_folder(who.place)
    token = _as_person(who, lambda person, _: _device(person, device))
    _keep(folder, Login(_address(who), token), who.name)


def show(who: Who, *, as_json: bool) -> None:
    """Print the account, its trackers and its logins."""

    async def work(person: Person, _: str) -> dict[str, Any]:
        return {
            "schema": "unstuck.account/1",
            "account": dict(await person.account()),
            "trackers": await person.trackers(),
            "tokens": [one for one in await person.tokens() if not one.get("current")],
        }

    found = _as_person(who, work)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    else:
        _print(found, Console(highlight=False))


def revoke(who: Who, login_id: str) -> None:
    """End a login."""
    _as_person(who, lambda person, _: person.revoke(login_id))
    typer.echo(f"ended: {login_id}. Its agent will say so; what it has not uploaded stays in its journal.")


def password(who: Who, new_password_file: str) -> None:
    """Change the password."""
    _as_person(
        who,
        lambda person, secret: person.change_password(secret, _secret(new_password_file, "New password", anew=True)),
    )
    typer.echo("changed. Every login has ended; on each machine with an agent run 'unstuck account login'.")


def second_factor(who: Who, *, off: bool) -> None:
    """Turn the second factor on or off."""

    async def turn_off(person: Person, secret: str) -> None:
        # The code that signed in is spent: the server takes none twice.
        await person.remove_second_factor(secret, _asked("The next code, or a recovery code"))

    async def turn_on(person: Person, secret: str) -> list[str]:
        key, address = await person.begin_second_factor(secret)
        typer.echo(f"In the authenticator app add a key by hand: {key}\nor open this address on the phone: {address}")
        return await person.confirm_second_factor(_asked("The code that the app shows"))

    if off:
        _as_person(who, turn_off)
        typer.echo("off. The password alone signs in.")
        return
    codes = _as_person(who, turn_on)
    typer.echo("on. Every other login has ended; on each machine with an agent run 'unstuck account login'.")
    typer.echo("Recovery codes, each good once, shown only now; keep them on paper:")
    for one in codes:
        typer.echo(f"  {one}")


def claim(tracker: str, shown: str, label: str, server: str, token_file: Path | None, folder: Path | None) -> None:
    """Claim a tracker with this machine's login."""
    kept = login_for(folder or state_folder() / "agent", server, token_file)
    if kept is None:
        reason = "this machine has no login; run 'unstuck account create' or 'unstuck account login' first"
        raise UsageError(ErrorCode.AGENT_USAGE, given="account claim", reason=reason)

    async def work() -> None:
        async with Person(kept.server, kept.token) as person:
            await person.claim(tracker, shown, label)

    asyncio.run(work())
    typer.echo(f"claimed: {tracker}")


def _as_person(who: Who, work: Callable[[Person, str], Awaitable[T]]) -> T:
    """Sign in, do it, sign out. ``work`` gets the password too: what is grave is proven twice."""
    address, secret = _address(who), _secret(who.password_file, "Password")

    async def whole() -> T:
        async with Person(address) as person:
            try:
                await person.sign_in(who.name, secret, who.code)
            except AccountError as fault:
                if fault.refusal != _NEEDS_CODE or who.code:
                    raise
                await person.sign_in(who.name, secret, _asked("Code of the second factor, or a recovery code"))
            return await _then_out(person, work(person, secret))

    return asyncio.run(whole())


async def _then_out(person: Person, work: Awaitable[T]) -> T:
    """No session stays behind."""
    try:
        return await work
    finally:
        with suppress(AccountError):  # it expires by itself; what was done counts
            await person.sign_out()


async def _device(person: Person, device: str) -> str:
    return await person.device_token((device or platform.node() or "agent")[:_LABEL_MOST])


def _keep(folder: Path, login: Login, name: str) -> None:
    write_login(folder, login)
    typer.echo(f"signed in as {name} at {login.server}. Next: unstuck agent")


def _address(who: Who) -> str:
    kept = read_login(who.place)
    address = who.server or (kept.server if kept else THIS_MACHINE)
    try:
        local = is_local(address)
    except ValueError as error:
        raise UsageError(ErrorCode.AGENT_USAGE, given=f"--server {address}", reason=str(error)) from error
    if address.startswith("http:") and not local:
        reason = "the password would travel unencrypted; use https"
        raise UsageError(ErrorCode.AGENT_USAGE, given=f"--server {address}", reason=reason)
    return address


def _secret(file: str, what: str, *, anew: bool = False) -> str:
    """A password: never an option, which other people on the machine could read from the list of processes."""
    if not file:
        return _asked(what, hidden=True, anew=anew)
    try:
        if file == "-":
            text = sys.stdin.readline(_PASSWORD_FILE_MOST)
        else:
            with Path(file).open(encoding="utf-8") as stream:
                text = stream.readline(_PASSWORD_FILE_MOST)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "is no text"
        raise UsageError(ErrorCode.USAGE_SOURCE, given=file, reason=reason) from error
    return text.rstrip("\r\n")


def _asked(what: str, *, hidden: bool = False, anew: bool = False) -> str:
    if not sys.stdin.isatty():
        way = "--password-file" if hidden else "--code"
        reason = f"nobody can be asked here (no terminal); use {way}"
        raise UsageError(ErrorCode.AGENT_USAGE, given=what.lower(), reason=reason)
    return str(typer.prompt(what, hide_input=hidden, confirmation_prompt=anew, err=True)).strip("\r\n")


def _print(found: dict[str, Any], console: Console) -> None:
    account = found["account"]
    factor = f"on, {account['recovery_codes_left']} recovery codes left" if account.get("second_factor") else "off"
    console.print(f"{account.get('name')} · second factor {factor}", markup=False)
    trackers = [
        (one["tracker"], one["name"], _day(one["claimed_at"]), _day(one["released_at"])) for one in found["trackers"]
    ]
    _table(console, ("tracker", "name", "claimed", "released"), trackers)
    # Sessions that ended would bury the devices; --json has them.
    logins = [
        (one["id"], one["name"], _day(one["created_at"]), _day(one["last_used_at"]), _state(one))
        for one in found["tokens"]
        if one["kind"] == "device" or not one["revoked"]
    ]
    _table(console, ("login", "name", "made", "last used", "state"), logins)


def _table(console: Console, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """One table, with a line of air above."""
    console.print()
    if not rows:
        console.print(f"no {columns[0]} yet")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for column in columns:
        table.add_column(column, no_wrap=column != "name", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def _day(time_s: float | None) -> str:
    return "" if time_s is None else f"{datetime.fromtimestamp(time_s, UTC):%Y-%m-%d}"


def _state(one: Mapping[str, Any]) -> str:
    if one["revoked"]:
        return f"{_WORDS.get(one['revoked'], one['revoked'])} {_day(one['revoked_at'])}"
    return "good" if one["expires_at"] is None else f"until {_day(one['expires_at'])}"
