"""The server over HTTP, as the agent uses it. Every trouble leaves as :class:`ServerError`."""

import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any, Self

import cbor2
import httpx

from unstuck import __version__
from unstuck.chain.phone import held
from unstuck.chain.phone.answers import (
    MAX_ANSWER_BYTES,
    Ingested,
    ServerError,
    read_ingested,
    read_server_held,
    refusal,
)
from unstuck.chain.phone.engine import Status
from unstuck.chain.phone.entries import Account, Stored
from unstuck.chain.phone.held import Held
from unstuck.chain.phone.reasons import Outcome
from unstuck.chain.phone.words import printable
from unstuck.chain.releases import Manifest

TIMEOUT_S = 30.0
"""For each of connecting, writing and waiting: a full disk sync of a busy server takes seconds, not more."""

_LOGIN_LETTERS = 32
"""Of a digest in hexadecimal: 128 bits."""
_NAME_MOST = 64
"""Letters of an account's id or name that are kept: no name is longer (domain/names.py)."""
_LABEL_MOST = 64
"""Characters of a model or a version that the server takes (server-api.md)."""

AGENT_HEADER = "Unstuck-Agent"
_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})


def is_local(address: str) -> bool:
    """Whether a server's address is this machine. ValueError when it is no address at all."""
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL as fault:
        raise ValueError(str(fault)) from fault
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("it begins with https:// or http://")
    return url.host in _THIS_MACHINE


class Server:
    """One account's server. ``transport`` replaces the network, for a server in the same process.

    ``login``: names the token without giving it away; at another address it is the same login.

    ValueError when ``address`` is none.
    """

    def __init__(self, address: str, token: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.login = hashlib.sha256(token.encode()).hexdigest()[:_LOGIN_LETTERS]
        self._address = address
        headers = {AGENT_HEADER: __version__, "Authorization": f"Bearer {token}"}
        self._http = httpx.AsyncClient(
            base_url=address,
            headers=headers,
            timeout=TIMEOUT_S,
            transport=transport,
            # The way to this machine is never through a proxy that the environment names.
            trust_env=not is_local(address),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def renew(self, token: str) -> None:
        """Go on with another token of the same account."""
        self.login = hashlib.sha256(token.encode()).hexdigest()[:_LOGIN_LETTERS]
        self._http.headers["Authorization"] = f"Bearer {token}"

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def ingest(self, tracker: str, batches: Sequence[Stored], raw: Sequence[bytes], now_s: int) -> Ingested:
        """Upload these batches; what comes back as durable is on the server's disk."""
        body = cbor2.dumps({"tracker": tracker, "batches": list(raw)})
        answer = await self._ask("POST", "/v1/ingest", content=body, headers={"Content-Type": "application/cbor"})
        return read_ingested(answer, batches, now_s)

    async def me(self) -> Account:
        """Whose login this is."""
        found = await self._map("/v1/me")
        account, name = found.get("account"), found.get("name")
        # An id is compared: made printable, one could become another's.
        if not isinstance(account, str) or not account or not account.isprintable() or not isinstance(name, str):
            raise ServerError(Outcome.SERVER_UNREADABLE, "it does not say whose login this is")
        return Account(account[:_NAME_MOST], printable(name, _NAME_MOST), self._address)

    async def claim(self, tracker: str, code: str) -> None:
        """Make the tracker this account's, with the code that only who has it knows."""
        await self._ask("POST", "/v1/trackers", json={"tracker": tracker, "code": code})

    async def held(self, tracker: str) -> Held:
        """Every record of this tracker that the server holds."""
        return read_server_held(await self.ledger(tracker))

    async def ledger(self, tracker: str) -> dict[str, Any]:
        """The whole ledger of this tracker, as JSON."""
        return await self._map(f"/v1/trackers/{tracker}/ledger")

    async def days(self, tracker: str, first_s: int, end_s: int) -> dict[str, Any]:
        """Totals of the days of a span (Unix seconds, UTC days), as JSON."""
        return await self._map(f"/v1/trackers/{tracker}/days", {"from": first_s, "to": end_s})

    async def tell_held(self, tracker: str, status: Status | None, phone: Held) -> None:
        """Tell what tracker (where it was asked) and phone hold that the server has not confirmed."""
        told: dict[str, object] = {"phone": {"held": held.to_plain(phone)}}
        if status is not None:
            versions = {"model": status.model, "firmware": status.firmware}
            told["tracker"] = {
                "now": status.now_s,
                "held": held.to_plain(status.held),
                "overwritten": held.to_plain(status.overwritten),
                **({} if status.keeps_s is None else {"keeps_s": status.keeps_s}),
                # What the server could not take for a label is left out: it must not keep the ranges from being told.
                **{
                    name: text for name, text in versions.items() if text.isprintable() and 0 < len(text) <= _LABEL_MOST
                },
            }
        await self._ask("POST", f"/v1/trackers/{tracker}/held", json=told)

    async def check_firmware(self, tracker: str) -> None:
        """Nothing, when the server supports the firmware it was told of; else ServerError says what to do."""
        await self._map(f"/v1/trackers/{tracker}/firmware")

    async def releases(self) -> dict[str, Any]:
        """The releases that the server offers, as JSON; :func:`unstuck.chain.phone.firmware.read_offers` reads it."""
        return await self._map("/v1/releases")

    async def image(self, release: Manifest, offset: int) -> AsyncIterator[bytes]:
        """The image of a release from an offset on, in pieces, no more than is missing."""
        path = f"/v1/releases/{release.kind}/{release.product}/{release.version}/image"
        # Offsets are those of the image itself, not of what a proxy may make of it.
        headers = {"Range": f"bytes={offset}-", "Accept-Encoding": "identity"}
        left = release.size_bytes - offset
        try:
            async with self._http.stream("GET", path, headers=headers) as answer:
                if not answer.is_success:
                    raise refusal(
                        answer.status_code, answer.headers.get("Retry-After"), read_json(await read_bounded(answer))
                    )
                passed_over = 0 if answer.status_code == httpx.codes.PARTIAL_CONTENT else offset
                async for part in answer.aiter_bytes():
                    piece = part[passed_over:][:left]
                    passed_over = max(0, passed_over - len(part))
                    left -= len(piece)
                    if piece:
                        yield piece
        except httpx.TimeoutException as fault:
            raise ServerError(Outcome.SERVER_SILENT, "no answer in time") from fault
        except (httpx.HTTPError, httpx.InvalidURL) as fault:
            raise ServerError(Outcome.SERVER_SILENT, str(fault) or type(fault).__name__) from fault

    async def watermarks(self, tracker: str) -> dict[str, Any]:
        """The newest record of each hop, as JSON."""
        return await self._map(f"/v1/trackers/{tracker}/watermarks")

    async def status(self) -> dict[str, Any]:
        """The server's public status document, as JSON."""
        return await self._map("/v1/status")

    async def _map(self, path: str, query: dict[str, int] | None = None) -> dict[str, Any]:
        found = read_json(await self._ask("GET", path, params=query))
        if not isinstance(found, dict):
            raise ServerError(Outcome.SERVER_UNREADABLE, "no map")
        return found

    async def _ask(self, method: str, path: str, **options: Any) -> bytes:
        """The body of a success."""
        try:
            async with self._http.stream(method, path, **options) as answer:
                body = await read_bounded(answer)
        except httpx.TimeoutException as fault:
            raise ServerError(Outcome.SERVER_SILENT, "no answer in time") from fault
        except (httpx.HTTPError, httpx.InvalidURL) as fault:
            raise ServerError(Outcome.SERVER_SILENT, str(fault) or type(fault).__name__) from fault
        if not answer.is_success:
            raise refusal(answer.status_code, answer.headers.get("Retry-After"), read_json(body))
        return body


async def read_bounded(answer: httpx.Response) -> bytes:
    """Bounded: what a hostile or wrong server sends must not fill this machine's memory."""
    body = bytearray()
    async for part in answer.aiter_bytes():
        body += part
        if len(body) > MAX_ANSWER_BYTES:
            raise ServerError(Outcome.SERVER_UNREADABLE, "its answer is too long")
    return bytes(body)


def read_json(body: bytes) -> object:
    """None where it is no JSON, which no reader takes for what it wants."""
    try:
        found: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found
