"""The login of ``unstuck up`` at its own server: the kept one, else a new account that claims the tracker."""

import asyncio
import json
import secrets
import time
from dataclasses import replace
from pathlib import Path

from unstuck.chain.paced_http import PacedTransport
from unstuck.chain.phone.answers import ServerError
from unstuck.chain.phone.person import AccountError, Person
from unstuck.chain.phone.server import Server
from unstuck.chain.phone.tracker import Claim
from unstuck.cli.state import Login, read_login, write_login, write_private
from unstuck.model.errors import ErrorCode, UsageError

ACCOUNT_FILE = "account.json"
START_PATIENCE_S = 20.0
"""Real seconds for the server to answer at first; it takes one or two."""


async def login_at(folder: Path, address: str, claim: Claim, label: str, *, fresh: bool = False) -> Login:
    """This device's login; the tracker is this account's then. AccountError when the server will not, or is silent.
    UsageError when what was kept of an earlier one cannot be read. ``fresh``: a new one, whatever is kept.
    """
    async with Person(address, transport=PacedTransport()) as person:
        await _answers(person)
        kept = read_login(folder)
        if not fresh and kept is not None and await _knows(address, kept.token, claim.tracker):
            kept = replace(kept, server=address)
            write_login(folder, kept)  # the port may be another one this time; 'unstuck ledger' reads it here
            return kept
        await _signed_in(person, folder / ACCOUNT_FILE)
        await person.claim(claim.tracker, claim.code, label)
        made = Login(address, await person.device_token("unstuck up"))
        write_login(folder, made)
        return made


async def _knows(address: str, token: str, tracker: str) -> bool:
    async with Server(address, token, PacedTransport()) as server:
        try:
            await server.watermarks(tracker)
        except ServerError:
            return False
    return True


async def _signed_in(person: Person, file: Path) -> None:
    """As this machine's own account, which is made when there is none yet, or this server knows it no more."""
    kept = _kept(file)
    if kept is not None:
        try:
            return await person.sign_in(**kept)
        except AccountError as fault:
            if fault.code != ErrorCode.SERVER_REFUSED:
                raise
    account = {"name": f"owner-{secrets.token_hex(6)}", "password": secrets.token_urlsafe(24)}
    write_private(file, json.dumps(account))
    return await person.register(**account)


def _kept(file: Path) -> dict[str, str] | None:
    """Name and password of the account, if there is one. UsageError when the file cannot be read: a new account would
    have none of the records of the old one.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        account = {key: found[key] for key in ("name", "password")}
        if not all(isinstance(one, str) for one in account.values()):
            raise TypeError("not text")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(ErrorCode.USAGE_SOURCE, given=str(file), reason="is no account; remove it") from error
    return account


async def _answers(person: Person) -> None:
    """Wait until the server answers."""
    until = time.monotonic() + START_PATIENCE_S
    while True:
        try:
            return await person.status()
        except AccountError as fault:
            if fault.code != ErrorCode.SERVER_SILENT or time.monotonic() > until:
                raise
            await asyncio.sleep(0.05)
