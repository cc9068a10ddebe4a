"""A file on its way: how far it is, stopping it on the way and while it is read."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tools.pages_world import World, world
from tools.screenshots import sign_in

from tests.web.pages.browser.seen import faults
from tests.web.pages.test_uploads import report
from unstuck.web.pages.bench import Bench

pytestmark = pytest.mark.browser

SENT_BYTES = 3 * 2**20
SLOW_BYTES_S = 2**20
"""So slow that sending takes seconds, and so fast that a test does not."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("sending")) as house:
        house.person("alex")
        yield house


@pytest.fixture
def page(browser: Browser, server: World) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="en-GB", service_workers="block")
    page = context.new_page()
    page.set_default_timeout(20_000)
    sign_in(page, server.address, "alex")
    page.goto(f"{server.address}/wrong")
    yield page
    context.close()


@pytest.fixture
def bench(server: World) -> Bench:
    found = server.app.state.bench
    assert isinstance(found, Bench)
    return found


def emptied(bench: Bench) -> bool:
    """Whether nothing of an upload is on the disk, within a moment."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if not bench.uploads and bench.upload_bytes == 0:
            return True
        time.sleep(0.05)
    return False


def slow(page: Page) -> Callable[[bool], None]:
    """Make the way to the server slow; what is given back breaks it, and mends it again (slow no more)."""
    session = page.context.new_cdp_session(page)

    def network(there: bool, up_bytes_s: float = -1) -> None:
        asked = {"offline": not there, "latency": 0, "downloadThroughput": -1, "uploadThroughput": up_bytes_s}
        session.send("Network.emulateNetworkConditions", asked)

    session.send("Network.enable")
    network(True, SLOW_BYTES_S)
    return network


def choose(page: Page, name: str, data: bytes) -> None:
    page.locator("#file").set_input_files({"name": name, "mimeType": "application/octet-stream", "buffer": data})


def test_sending_says_how_far_it_is_and_can_be_stopped(page: Page, bench: Bench) -> None:
    slow(page)
    choose(page, "trace.log", bytes(SENT_BYTES))
    send = page.get_by_role("button", name="Send and read it")
    send.click()
    percent = page.locator("[data-percent]")
    expect(percent).to_have_text(re.compile(r"^[1-9]\d? %$"))
    assert int(percent.inner_text().split()[0]) < 100, "it is on its way"
    assert page.get_by_role("progressbar", name="Sending").evaluate("bar => bar.value") > 0
    expect(send).to_be_disabled()
    assert faults(page) == ""
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("progressbar", name="Sending")).to_be_hidden()
    expect(send).to_be_enabled()
    expect(page.locator("[data-problem]")).to_be_empty()
    assert page.url.endswith("/wrong")
    assert emptied(bench)


def test_connection_that_breaks_while_sending_is_said_and_it_can_be_sent_again(page: Page, bench: Bench) -> None:
    network = slow(page)
    choose(page, "trace.log", bytes(SENT_BYTES))
    page.get_by_role("button", name="Send and read it").click()
    expect(page.locator("[data-percent]")).to_have_text(re.compile(r"^[1-9]\d? %$"))
    network(False)
    expect(page.get_by_text("The upload broke off. Nothing was kept; try again.")).to_be_visible()
    network(True)
    assert emptied(bench)
    choose(page, "bugreport.zip", report())
    page.get_by_role("button", name="Send and read it").click()
    page.wait_for_url("**/wrong/found")
    expect(page.locator(".causes > li").first).to_contain_text("Bluetooth")
    page.locator("details.proof > summary").first.click()
    assert faults(page) == ""
    assert emptied(bench)


def test_reading_says_that_it_waits_and_can_be_stopped(browser: Browser, tmp_path: Path) -> None:
    with world(tmp_path) as house:
        house.person("alex")
        bench = house.app.state.bench
        bench.limits = replace(bench.limits, at_once=0)  # nobody's turn comes
        context = browser.new_context(locale="en-GB", service_workers="block")
        page = context.new_page()
        sign_in(page, house.address, "alex")
        page.goto(f"{house.address}/wrong")
        choose(page, "bugreport.zip", report())
        page.get_by_role("button", name="Send and read it").click()
        expect(page.get_by_role("heading", name="Reading bugreport.zip")).to_be_visible()
        expect(page.get_by_text("It waits until another one is through.")).to_be_visible()
        assert faults(page) == ""
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text("Stopped. The files are deleted.")).to_be_visible()
        assert emptied(bench)
        context.close()
