"""The page's modules in a real Chromium, without a server: a call enters, what the module gave leaves."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Route, sync_playwright
from tools.screenshots import CHROMIUM, FLAGS

HERE = Path(__file__).parent
MODULES = Path(__file__).parents[4] / "src" / "unstuck" / "web" / "pages" / "static" / "phone"
_ORIGIN = "http://localhost:9"
"""Never asked: every request is answered here. Localhost is a secure context."""


class Machines:
    """Calls functions of machines.js, which call the modules of the page."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def call(self, name: str, given: object) -> Any:
        """What the function gives for this argument."""
        script = f"(given) => import('/machines.js').then((all) => all.{name}('/phone/', given))"
        return self._page.evaluate(script, given)


@contextmanager
def machines() -> Iterator[Machines]:
    """A page that has nothing but the modules."""

    def answer(route: Route) -> None:
        name = route.request.url.removeprefix(f"{_ORIGIN}/")
        if not name:
            route.fulfill(body="<!doctype html>", content_type="text/html")
        else:
            file = MODULES / name.removeprefix("phone/") if name.startswith("phone/") else HERE / name
            route.fulfill(body=file.read_text("utf-8"), content_type="text/javascript")

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        page = browser.new_page()
        page.route("**/*", answer)
        page.goto(f"{_ORIGIN}/")
        yield Machines(page)
        browser.close()
