"""The page in a real browser: quiet, within the screen, usable by keyboard, printable."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests import sample
from tests.web.ledger.test_page import whole
from unstuck.web.ledger.page import page as ledger_page
from unstuck.web.report.html import report

pytestmark = pytest.mark.browser

NAMES = ["stuck_by_range", "takeout", "hostile", "nothing_readable"]
OPEN_ALL = "document.querySelectorAll('details').forEach(d => d.open = true)"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The samples as files."""
    folder = tmp_path_factory.mktemp("reports")
    for name in NAMES:
        (folder / f"{name}.html").write_text(report(getattr(sample, name)()), encoding="utf-8")
    (folder / "ledger.html").write_text(ledger_page(whole(at_risk=True), "Band", "abcd"), encoding="utf-8")
    return folder


def opened(browser: Browser, path: Path, width: int, scheme: str = "light") -> tuple[Page, list[str], list[str]]:
    """A page with what it wrote to the console and what it asked for."""
    page = browser.new_page(
        viewport={"width": width, "height": 800}, color_scheme="dark" if scheme == "dark" else "light"
    )
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    return page, said, asked


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
@pytest.mark.parametrize("name", [*NAMES, "ledger"])
def test_page_is_quiet_asks_for_nothing_and_never_scrolls_sideways(
    browser: Browser, folder: Path, name: str, width: int
) -> None:
    page, said, asked = opened(browser, folder / f"{name}.html", width)
    page.evaluate(OPEN_ALL)
    wide = page.evaluate("document.documentElement.scrollWidth")
    page.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert wide <= width


def test_style_is_applied_despite_the_policy_and_follows_the_scheme(browser: Browser, folder: Path) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        page, _, _ = opened(browser, folder / "stuck_by_range.html", 1280, scheme)
        grounds.append(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))
        page.close()
    assert grounds == ["rgb(252, 253, 252)", "rgb(18, 25, 23)"]


@pytest.mark.parametrize(("width", "seen"), [(1280, "wide"), (360, "narrow")])
def test_one_of_the_two_drawings_is_shown(browser: Browser, folder: Path, width: int, seen: str) -> None:
    page, _, _ = opened(browser, folder / "stuck_by_range.html", width)
    shown = [page.locator(f"svg.chart-{name}").first.is_visible() for name in ("wide", "narrow")]
    size = page.locator(f"svg.chart-{seen} text.tick").first.evaluate("e => e.getBoundingClientRect().height")
    page.close()
    assert shown == [seen == "wide", seen == "narrow"]
    assert size >= 10


def test_proof_is_reached_and_opened_with_the_keyboard(browser: Browser, folder: Path) -> None:
    page, _, _ = opened(browser, folder / "stuck_by_range.html", 1280)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to what to do"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    page.keyboard.press("Enter")
    assert page.locator(".causes details").first.get_attribute("open") is not None
    assert page.get_by_text("disconnection complete, handle 0x44, reason 0x08").first.is_visible()
    page.close()


def test_screen_reader_meets_headings_images_and_tables_by_name(browser: Browser, folder: Path) -> None:
    page, _, _ = opened(browser, folder / "stuck_by_range.html", 1280)
    page.evaluate(OPEN_ALL)
    tree = page.locator("body").aria_snapshot()
    page.close()
    assert 'heading "Stuck at Bluetooth since 22:23 (5 min)." [level=1]' in tree
    assert re.search(r'img "Timeline of links, happenings and signal', tree)
    assert 'table "What happened"' in tree
    assert "lost 22:23 (broken)" in tree


def test_ledger_is_met_by_name_and_its_tables_are_reached_with_the_keyboard(browser: Browser, folder: Path) -> None:
    page, _, _ = opened(browser, folder / "ledger.html", 1280)
    tree = page.locator("body").aria_snapshot()
    page.keyboard.press("Tab")
    reached = page.evaluate("document.activeElement.getAttribute('aria-label')")
    page.emulate_media(media="print")
    pdf = page.pdf(format="A4")
    page.close()
    assert 'heading "Some records were overwritten before they were drained." [level=1]' in tree
    assert 'img "Where the records of each half hour are' in tree
    assert 'region "Every hole"' in tree
    assert reached == "Hours by state"
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_printing_opens_all_proof_and_fits_the_paper(browser: Browser, folder: Path, paper: str) -> None:
    page, _, _ = opened(browser, folder / "stuck_by_range.html", 1280, "dark")
    page.emulate_media(media="print")
    assert page.get_by_text("disconnection complete, handle 0x44, reason 0x08").first.is_visible()
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(20, 32, 29)"
    pdf = page.pdf(format=paper)
    page.close()
    assert pdf.startswith(b"%PDF")
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 5


def test_folded_row_of_the_plan_shows_a_chevron_that_turns(browser: Browser, folder: Path) -> None:
    page, _, _ = opened(browser, folder / "stuck_by_range.html", 1280)
    summary = page.locator(".plan > li > details:not([open]) > summary").first
    looks = (
        "e => { const s = getComputedStyle(e, '::after'); return [s.borderRightWidth !== '0px', s.width, s.transform] }"
    )
    folded = summary.evaluate(looks)
    handle = summary.element_handle()
    summary.click()
    unfolded = handle.evaluate(looks) if handle is not None else None
    page.close()
    assert folded[:2] == [True, "6px"]
    assert unfolded is not None
    assert unfolded[2] != folded[2]
