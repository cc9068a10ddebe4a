"""The way from the phone to the service: requests enter, answers or the failures of a network leave.

It stands at the outermost wire, below the agent's own HTTP client: what it raises is what that client meets on a
real network of this kind.
"""

import asyncio
from collections.abc import Callable

import httpx

from unstuck.chain.phone.host import Network
from unstuck.chain.phone.server import AGENT_HEADER
from unstuck.lab.state import Down, State

CERTIFICATE_DAYS = 45.0
"""How far a clock may be off before certificates fail: they are valid for 90 days (Let's Encrypt's), half on each
side of now on average."""

_DAY_S = 86_400.0
_SILENCE_S = 60.0
"""Longer than any time-out of the agent's (30 s): it gives up first."""

_PORTAL = "<html><head><title>Welcome</title></head><body>Sign in to use this network</body></html>"
_PROXY = "<html><body><h1>Bad gateway</h1></body></html>"


class PhoneNetwork(httpx.AsyncBaseTransport):
    """``state``: how the world stands now. ``inner``: the service itself."""

    def __init__(self, state: Callable[[], State], inner: httpx.AsyncBaseTransport) -> None:
        self._state = state
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, late or wrong or not at all as the network and the service are."""
        state = self._state()
        phone = state.phone.state
        match phone.network:
            case Network.NONE:
                raise httpx.ConnectError("[Errno -3] Temporary failure in name resolution", request=request)
            case Network.CAPTIVE_PORTAL:
                return httpx.Response(200, html=_PORTAL, request=request)
            case Network.UNVALIDATED:
                raise httpx.ConnectTimeout("timed out", request=request)
        if abs(phone.clock_offset_s) > CERTIFICATE_DAYS * _DAY_S:
            late = "expired" if phone.clock_offset_s > 0 else "not yet valid"
            reason = f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate is {late}"
            raise httpx.ConnectError(reason, request=request)
        match state.service.down:
            case Down.FAULT:
                return httpx.Response(500, html=_PROXY, request=request)
            case Down.UNAVAILABLE:
                return httpx.Response(503, html=_PROXY, request=request)
            case Down.GARBAGE:
                return httpx.Response(200, html=_PROXY, request=request)
            case Down.TIMEOUT:
                await asyncio.sleep(_SILENCE_S)
                raise httpx.ReadTimeout("timed out", request=request)
        request.headers[AGENT_HEADER] = phone.app.version_name
        return await self._inner.handle_async_request(request)
