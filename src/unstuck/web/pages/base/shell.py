"""What makes the pages a house: style sheets and scripts, the installable app, the page for when it is offline."""

import json
from importlib.resources import files

from fastapi import APIRouter, Request
from fastapi.responses import Response

from unstuck.chain.server.domain.refusals import Code, Refusal
from unstuck.web.base.tokens import LIGHT
from unstuck.web.pages.base import security
from unstuck.web.pages.base.visit import AnyVisit, house_of

router = APIRouter(include_in_schema=False)

_WORKER = "worker.js"
_PRECACHED = ("unstuck.css", "app.js", "htmx.min.js", "htmx-sse.min.js", "icon.svg")
"""What the page for offline and the kept first page need."""


@router.get("/static/{name}")
async def static(name: str, request: Request) -> Response:
    """A style sheet, script or icon; who asks does not matter."""
    answer = house_of(request).assets.answer(request, name)
    if answer is None:
        raise Refusal(Code.REQUEST_NOT_FOUND)
    return answer


@router.get("/favicon.ico")
async def favicon(request: Request) -> Response:
    """For browsers that ask without being told."""
    answer = house_of(request).assets.answer(request, "icon-192.png")
    if answer is None:
        raise Refusal(Code.REQUEST_NOT_FOUND)
    return answer


@router.get("/manifest.webmanifest")
def manifest(visit: AnyVisit) -> Response:
    """What an installed app is called and looks like."""
    address = visit.house.assets.address
    told = {
        "id": "/",
        "name": "Unstuck",
        "short_name": "Unstuck",
        "description": str(visit.words.gettext("Where your tracker's data is, and what to do when it stands still.")),
        "lang": visit.words.language,
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": LIGHT["paper"],
        "theme_color": LIGHT["paper"],
        "icons": [
            {"src": address("icon.svg"), "sizes": "any", "type": "image/svg+xml"},
            {"src": address("icon-192.png"), "sizes": "192x192", "type": "image/png"},
            {"src": address("icon-512.png"), "sizes": "512x512", "type": "image/png"},
            {"src": address("icon-maskable-512.png"), "sizes": "512x512", "type": "image/png", "purpose": "maskable"},
        ],
    }
    headers = {**security.headers(), "Cache-Control": "no-cache"}
    return Response(json.dumps(told, ensure_ascii=False), 200, headers, "application/manifest+json")


@router.get("/worker.js")
async def worker(request: Request) -> Response:
    """The service worker. It changes when anything does that it keeps."""
    assets = house_of(request).assets
    script = files("unstuck.web.pages.base").joinpath(_WORKER).read_text("utf-8")
    kept = ["/offline", *(assets.address(name) for name in _PRECACHED)]
    filled = script.replace('"{{ version }}"', json.dumps(assets.version)).replace('"{{ kept }}"', json.dumps(kept))
    headers = {**security.headers(), "Cache-Control": "no-cache"}
    return Response(filled, 200, headers, "text/javascript; charset=utf-8")


@router.get("/offline")
def offline(visit: AnyVisit) -> Response:
    """What is shown without a network when nothing is known."""
    return visit.page("base/offline.html.j2")
