"""Tokens: a person lists them, makes one for a device, and revokes any."""

from typing import Annotated

from fastapi import APIRouter, Path

from unstuck.chain.server.domain import tokens
from unstuck.chain.server.domain.refusals import Code, Refusal
from unstuck.chain.server.domain.tokens import Revoked, TokenKind
from unstuck.chain.server.routes import shapes
from unstuck.chain.server.routes.guard import Person, TheServices
from unstuck.chain.server.storage import accounts

router = APIRouter(prefix="/v1/tokens")


@router.get("")
def list_tokens(caller: Person, services: TheServices) -> shapes.Tokens:
    """All tokens of the account, also those revoked and why."""
    with services.database.read() as connection:
        rows = accounts.list_tokens(connection, caller.account)
    return shapes.Tokens(tokens=[shapes.TokenShape(**row, current=row["id"] == caller.token) for row in rows])


@router.post("", status_code=201)
def make_device_token(given: shapes.NewToken, caller: Person, services: TheServices) -> shapes.MadeToken:
    """A token for an agent; it is good until it is revoked."""
    fresh = tokens.make(TokenKind.DEVICE, services.ambient.random_bytes(tokens.ID_BYTES + tokens.SECRET_BYTES))
    now = services.ambient.now()
    with services.database.write() as connection:
        accounts.locked(connection, caller.account)
        session = accounts.token(connection, caller.token)
        if session is None or session.revoked is not None:  # a password change may have come in between
            raise Refusal(Code.LOGIN_CHANGED_MEANWHILE)
        if len(accounts.live_tokens(connection, caller.account, TokenKind.DEVICE, now)) >= tokens.MOST_DEVICES:
            raise Refusal(Code.TOKEN_TOO_MANY)
        accounts.add_token(connection, caller.account, TokenKind.DEVICE, fresh, given.name, now, None)
    return shapes.MadeToken(id=fresh.id, token=fresh.text)


@router.delete("/{token}", status_code=204)
def revoke_token(token: Annotated[str, Path(pattern="^[0-9a-f]{16}$")], caller: Person, services: TheServices) -> None:
    """Revoke one; what its journal held counts as gone."""
    with services.database.write() as connection:
        if not accounts.revoke(connection, caller.account, token, Revoked.BY_PERSON, services.ambient.now()):
            raise Refusal(Code.TOKEN_NOT_FOUND)
