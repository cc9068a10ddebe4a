"""Every page in every theme: no violation of axe's rules, quiet, within the screen, nothing asked of anybody else."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext
from tools.pages_world import World
from tools.screenshots import SHOTS, THEMES, PictureDoor, Shot, contexts

from tests.web.pages.browser.seen import RULES

pytestmark = pytest.mark.browser

EXPECTED = re.compile(r"Unrecognized feature: 'bluetooth'|status of 404|blocked by Playwright")
"""Chromium without Bluetooth does not know the policy's word for it; the page that is not there is one of the
pages; the service worker has a test of its own."""


@pytest.fixture(scope="module", params=THEMES)
def people(request: pytest.FixtureRequest, browser: Browser, house: World) -> Iterator[dict[str, BrowserContext]]:
    """A browser of each person."""
    made = contexts(browser, house, request.param, 1280, 900)
    yield made
    for context in made.values():
        context.close()


@pytest.mark.parametrize("shot", SHOTS, ids=lambda shot: shot.name)
def test_page_is_accessible_quiet_and_within_the_screen(
    people: dict[str, BrowserContext], house: World, door: PictureDoor, shot: Shot
) -> None:
    begin_s = house.clock[0]
    house.clock[0] += shot.later_s
    door.stand(shot.door, house.clock[0])
    page = people[shot.who].new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    try:
        page.goto(f"{house.address}{shot.path}")
        shot.act(page)
        spoken = list(said)  # axe itself says things
        found = Axe().run(page, options=RULES)
        wide = {}
        for width in (320, 1280, 3840):
            page.set_viewport_size({"width": width, "height": 900})
            wide[width] = page.evaluate("document.documentElement.scrollWidth")
    finally:
        page.close()
        house.clock[0] = begin_s
    assert [one for one in spoken if not EXPECTED.search(one)] == []
    assert [url for url in asked if not url.startswith((house.address, "data:"))] == []
    assert found.violations_count == 0, found.generate_report()
    assert all(reached <= width for width, reached in wide.items()), wide


def test_first_page_is_at_most_100_kilobytes_over_the_wire(browser: Browser, house: World, door: PictureDoor) -> None:
    door.stand("", house.clock[0])
    made = contexts(browser, house, "light", 360, 740)
    context = browser.new_context(storage_state=made["alex"].storage_state(), service_workers="block")
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    sizes: list[float] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(f"{house.address}/")
    page.wait_for_load_state("load")
    page.wait_for_timeout(300)
    for one in (context, *made.values()):
        one.close()
    assert len(sizes) >= 5, "page, style and scripts were counted"
    assert sum(sizes) <= 100_000
