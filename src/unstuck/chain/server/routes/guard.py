"""Who asks, and whether they may: the dependencies that every route but the public ones has."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Request

from unstuck.chain.releases import versions
from unstuck.chain.server.domain import tokens
from unstuck.chain.server.domain.limits import neighbourhood
from unstuck.chain.server.domain.names import TRACKER_PATTERN
from unstuck.chain.server.domain.refusals import Code, Refusal
from unstuck.chain.server.domain.tokens import Presented, TokenKind
from unstuck.chain.server.services import Services
from unstuck.chain.server.storage import accounts, trackers

AGENT_HEADER = "Unstuck-Agent"
_COUNTED = "address_counted"
"""Noted with the request: the door has counted it already."""
_TOUCH_S = 300.0
"""Seconds between two notes of when a token was used: a person wants the day, not a write for each request."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose token it is."""

    account: int
    token: str
    kind: TokenKind


def services_of(request: Request) -> Services:
    """The services of this application."""
    found = request.app.state.services
    if not isinstance(found, Services):
        raise TypeError("the application was not made by create_app")
    return found


TheServices = Annotated[Services, Depends(services_of)]


def address_of(request: Request) -> str:
    """What counts as one network address."""
    return neighbourhood(request.client.host) if request.client else "none"


def check_address(request: Request, services: TheServices) -> None:
    """For requests without a token: not too often from one address. Counts a request once, whoever asks."""
    if not getattr(request.state, _COUNTED, False):
        setattr(request.state, _COUNTED, True)
        services.count(("address", address_of(request)), services.settings.rates.address)


def _caller(request: Request, services: TheServices) -> Caller:
    return admit(request, services, tokens.read(request.headers.get("Authorization")))


def admit(request: Request, services: Services, presented: Presented | None) -> Caller:
    """Whose token was presented, counted for it. Refusal: there is none, or it is good no more, or too often."""
    if presented is None:
        check_address(request, services)
        raise Refusal(Code.TOKEN_MISSING)
    now = services.ambient.now()
    with services.database.read() as connection:
        stored = accounts.token(connection, presented.id)
    refused = tokens.judge(presented, stored, now)
    if refused is not None or stored is None:
        check_address(request, services)
        raise Refusal(refused or Code.TOKEN_UNKNOWN)
    services.count(("token", stored.id), services.settings.rates.account)
    if stored.last_used_at is None or now - stored.last_used_at >= _TOUCH_S:
        with services.database.write() as connection:
            accounts.touch(connection, stored.account, stored.id, now)
    return Caller(stored.account, stored.id, stored.kind)


Anyone = Annotated[Caller, Depends(_caller)]


def _person(caller: Anyone) -> Caller:
    if caller.kind is not TokenKind.SESSION:
        raise Refusal(Code.TOKEN_WRONG_KIND)
    return caller


def _device(caller: Anyone) -> Caller:
    if caller.kind is not TokenKind.DEVICE:
        raise Refusal(Code.TOKEN_WRONG_KIND)
    return caller


Device = Annotated[Caller, Depends(_device)]


def check_agent(request: Request, services: Services) -> None:
    """Refusal: the agent is older than the server accepts."""
    minimum = services.settings.minimum_agent
    if versions.is_too_old(request.headers.get(AGENT_HEADER), minimum):
        raise Refusal(Code.AGENT_TOO_OLD, extra={"minimum": minimum})


def _agent(caller: Device, request: Request, services: TheServices) -> Caller:
    check_agent(request, services)
    return caller


Person = Annotated[Caller, Depends(_person)]
Agent = Annotated[Caller, Depends(_agent)]
Tracker = Annotated[str, Path(pattern=TRACKER_PATTERN, description="The tracker's id.")]


def _owned(tracker: Tracker, caller: Anyone, services: TheServices) -> str:
    """The tracker, which the account has or had. Another's and nobody's are answered alike."""
    with services.database.read() as connection:
        if trackers.get(connection, caller.account, tracker) is None:
            raise Refusal(Code.TRACKER_NOT_CLAIMED)
    return tracker


OwnTracker = Annotated[str, Depends(_owned)]
