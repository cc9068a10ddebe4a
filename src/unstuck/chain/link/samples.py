"""Resources for trying a link out: requests enter, responses leave. What an independent implementation can ask for."""

from typing import Final

from unstuck.chain.link.coap import Code, Request, Response

TEXT, LINKS, OCTETS = 0, 40, 42
"""Content formats: plain text, link format, bytes."""

HELLO: Final = b"hello from coap"
BIG: Final = bytes((31 * index + 7) % 256 for index in range(51_200))
"""The body that the recorded exchanges carry."""

STORE_LIMIT_BODIES: Final = 100
"""Bodies kept; a stranger may connect, and memory is finite."""


class SampleResources:
    """``/hello``, ``/helloworld``, ``/big``, and ``/up`` and ``/store/NAME``, which keep what is put there."""

    def __init__(self) -> None:
        self._stored: dict[tuple[str, ...], bytes] = {}

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        fixed = {
            ("hello",): (HELLO, TEXT),
            ("helloworld",): (b"Hello, World", TEXT),
            ("big",): (BIG, OCTETS),
            (".well-known", "core"): (b"</hello>,</helloworld>,</big>,</up>,</store>", LINKS),
        }
        if request.path in fixed:
            body, content_format = fixed[request.path]
            return _only_get(request) or Response(Code.CONTENT, body, content_format)
        if request.path == ("up",) or (len(request.path) == 2 and request.path[0] == "store"):
            return self._keep(request)
        return Response(Code.NOT_FOUND)

    def _keep(self, request: Request) -> Response:
        known = request.path in self._stored
        match request.method:
            case Code.PUT if known or len(self._stored) < STORE_LIMIT_BODIES:
                self._stored[request.path] = request.payload
                return Response(Code.CHANGED if known else Code.CREATED)
            case Code.PUT:
                return Response(Code.UNAVAILABLE)
            case Code.GET if known:
                return Response(Code.CONTENT, self._stored[request.path], OCTETS)
            case Code.DELETE:
                self._stored.pop(request.path, None)
                return Response(Code.DELETED)
            case Code.GET:
                return Response(Code.NOT_FOUND)
        return Response(Code.METHOD_NOT_ALLOWED)


def _only_get(request: Request) -> Response | None:
    return None if request.method is Code.GET else Response(Code.METHOD_NOT_ALLOWED)
