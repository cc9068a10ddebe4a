"""The first page beside a real running chain: ``unstuck up`` with its agent, tracker and radio."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser


@contextmanager
def up(folder: Path, *options: str) -> Iterator[str]:
    """A running chain; the one-time link that it prints."""
    unstuck = [sys.executable, "-m", "unstuck.cli.main"]
    command = [*unstuck, "up", "--virtual", "--plain", "--folder", str(folder), *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            for line in process.stderr:
                if found := re.search(r"http://\S+/sign-in/once/\S+", line):
                    yield found[0]
                    break
            else:
                raise AssertionError("it printed no link")
        finally:
            process.terminate()
            process.stderr.read()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(timezone_id="UTC", locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(20_000)
    yield page
    context.close()


def open_by(page: Page, link: str) -> str:
    """Open the pages by the link; their address."""
    page.goto(link)
    page.get_by_role("button", name=re.compile("Sign in as owner-")).click()
    address = link.split("/sign-in")[0]
    page.wait_for_url(f"{address}/")
    return address


def test_link_of_the_terminal_opens_a_page_that_moves_with_the_chain(page: Page, tmp_path: Path) -> None:
    with up(tmp_path, "--speed", "60", "--every", "60") as link:
        open_by(page, link)
        server = page.locator("[data-hop=server] .count b")
        expect(server).not_to_have_text("0")
        before = server.inner_text()
        page.evaluate("window.same = true")
        expect(server).not_to_have_text(before, timeout=20_000)
        assert page.evaluate("window.same"), "the page was not loaded anew"
        expect(page.locator("[data-hop=bluetooth]")).to_contain_text("connected")
        page.goto(link)
        expect(page.get_by_role("heading", name="This link is good no more.")).to_be_visible()


def test_a_lost_link_is_shown_by_itself_and_sync_now_tries_at_once(page: Page, tmp_path: Path) -> None:
    with up(tmp_path, "--speed", "30", "--every", "60", "--walk-away", "6") as link:
        open_by(page, link)
        headline = page.get_by_role("heading", level=1)
        expect(headline).to_have_text(re.compile("Everything is moving"))
        expect(headline).to_have_text(re.compile("Stuck at Bluetooth since"), timeout=30_000)
        expect(page.locator("[data-hop=bluetooth]")).to_have_class(re.compile("broken"))
        expect(page.locator("#said")).to_have_text(re.compile("Stuck at Bluetooth"))
        page.get_by_role("button", name="Sync now").focus()
        page.keyboard.press("Enter")
        expect(page.locator(".syncs")).to_contain_text("going on now")
        assert page.evaluate("document.activeElement.id") == "sync", "focus stays where it is while the rest changes"
