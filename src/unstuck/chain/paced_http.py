"""HTTP on a paced clock: while a server works, which takes real time, the loop's clock runs no faster than that."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, nullcontext

import httpx

from unstuck.chain.paced import PacedLoop


class PacedTransport(httpx.AsyncBaseTransport):
    """``inner``: the way to the server. On any other loop it changes nothing."""

    def __init__(self, inner: httpx.AsyncBaseTransport | None = None) -> None:
        self._inner = inner or httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request; the answer's body comes later and is waited for in the same way."""
        with _held():
            answer = await self._inner.handle_async_request(request)
        assert isinstance(answer.stream, httpx.AsyncByteStream)
        answer.stream = _Body(answer.stream)
        return answer

    async def aclose(self) -> None:
        """Close what is below."""
        await self._inner.aclose()


class _Body(httpx.AsyncByteStream):
    """The rest of an answer: at 2000 times real time a wait of 10 ms would be all of the client's patience."""

    def __init__(self, inner: httpx.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        parts = aiter(self._inner)
        while True:
            with _held():
                part = await anext(parts, None)
            if part is None:
                return
            yield part

    async def aclose(self) -> None:
        """Give the connection back."""
        await self._inner.aclose()


def _held() -> AbstractContextManager[None]:
    loop = asyncio.get_running_loop()
    return loop.held() if isinstance(loop, PacedLoop) else nullcontext()
