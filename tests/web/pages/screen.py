"""A browser without scripts: it keeps cookies, follows nothing by itself, and sends forms as they are on the page."""

import html
import re
from typing import Any

from httpx import ASGITransport, AsyncClient, Response

from tests.chain.server.world import PASSWORD, World

OWN = {"Sec-Fetch-Site": "same-origin", "Origin": "http://server"}
_INPUT = re.compile(r"<input\b[^>]*>")
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')


class Screen:
    """Somebody at a screen. ``page``: the last answer."""

    def __init__(self, world: World, address: str, headers: dict[str, str]) -> None:
        self.world = world
        self.http = AsyncClient(
            transport=ASGITransport(world.app, client=(address, 40000)),
            base_url="http://server",
            headers={"Accept-Language": "en-GB", **{name.replace("_", "-"): value for name, value in headers.items()}},
        )
        self.page = Response(0)

    def get(self, path: str, **headers: str) -> Response:
        self.page = self.world.portal.call(lambda: self.http.get(path, headers=headers))
        return self.page

    def read(self, path: str) -> str:
        """The page of this path as a person reads it."""
        self.get(path)
        return self.text()

    def post(self, path: str, fields: dict[str, str], headers: dict[str, str] | None = None) -> Response:
        given = OWN if headers is None else headers
        self.page = self.world.portal.call(lambda: self.http.post(path, data=fields, headers=given))
        return self.page

    def submit(self, action: str, **typed: str) -> Response:
        """Send the form of this action that is on the page, with what was typed."""
        return self.post(action, {**self.fields(action), **typed})

    def fields(self, action: str) -> dict[str, str]:
        """The fields of a form as the page has them."""
        found = re.search(rf'<form[^>]*action="{re.escape(action)}"[^>]*>(.*?)</form>', self.page.text, re.DOTALL)
        assert found, f"no form for {action} on {self.page.text[:400]}"
        fields: dict[str, str] = {}
        for tag in _INPUT.findall(found[1]):
            attributes: dict[str, Any] = dict(_ATTRIBUTE.findall(tag))
            if "name" in attributes:
                fields[attributes["name"]] = html.unescape(attributes.get("value", ""))
        return fields

    def text(self) -> str:
        """The page as a person reads it."""
        words = re.sub(r"<[^>]+>", " ", self.page.text)
        return re.sub(r"\s+", " ", html.unescape(words))

    def register(self, name: str, zone: str = "Europe/Berlin") -> "Screen":
        self.get("/register")
        answer = self.submit("/register", name=name, password=PASSWORD, zone=zone)
        assert answer.status_code == 303, self.text()
        return self

    def sign_in(self, name: str, password: str = PASSWORD) -> Response:
        self.get("/sign-in")
        return self.submit("/sign-in", name=name, password=password)

    def token(self) -> str:
        """The session in the cookie: as a thief would read it."""
        found = {cookie.name: cookie.value or "" for cookie in self.http.cookies.jar}
        return found["unstuck-80"]
