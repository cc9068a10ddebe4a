"""Style sheets, scripts and icons: read and compressed once, served where the address changes with the content."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from fastapi import Request
from fastapi.responses import Response

from unstuck.web.base import style

_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"
STYLE = "unstuck.css"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file. ``packed``: gzip, where that is smaller."""

    body: bytes
    packed: bytes | None
    kind: str
    digest: str


class Assets:
    """All of them by name."""

    def __init__(self, found: dict[str, Asset]) -> None:
        self._found = found

    def address(self, name: str) -> str:
        """Where a page finds it. KeyError: there is none."""
        return f"/static/{name}?v={self._found[name].digest}"

    @property
    def version(self) -> str:
        """Changes when any of them does."""
        return hashlib.sha256("".join(one.digest for one in self._found.values()).encode()).hexdigest()[:12]

    def names(self) -> tuple[str, ...]:
        """Of all."""
        return tuple(self._found)

    def answer(self, request: Request, name: str) -> Response | None:
        """The file; None: there is none of this name."""
        found = self._found.get(name)
        if found is None:
            return None
        same = request.query_params.get("v") == found.digest
        headers = {
            "Cache-Control": _FOR_EVER if same else _ASK_AGAIN,
            "ETag": f'"{found.digest}"',
            "Content-Security-Policy": "default-src 'none'; style-src 'self'",
            "Cross-Origin-Resource-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "Vary": "Accept-Encoding",
        }
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        body = found.body
        if found.packed is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
            body, headers["Content-Encoding"] = found.packed, "gzip"
        return Response(body, 200, headers, found.kind)


@cache
def load() -> Assets:
    """Those of this package."""
    found = {
        one.name: asset(one.name, one.read_bytes())
        for one in sorted(files("unstuck.web.pages").joinpath("static").iterdir(), key=lambda one: one.name)
        if _suffix(one.name) in _KINDS
    }
    sheet = style.style_sheet(style.rules("unstuck.web.pages.base", "pages.css"))
    found[STYLE] = asset(STYLE, sheet.encode())
    return Assets(found)


def asset(name: str, body: bytes) -> Asset:
    """A file of one of the kinds that are served."""
    packed = gzip.compress(body, 9, mtime=0)
    digest = hashlib.sha256(body).hexdigest()[:16]
    return Asset(body, packed if len(packed) < len(body) else None, _KINDS[_suffix(name)], digest)


def _suffix(name: str) -> str:
    return name[name.rfind(".") :]
