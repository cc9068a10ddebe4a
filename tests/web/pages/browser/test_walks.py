"""What a person does with the pages, in a real Chromium."""

import re
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect
from tools.pages_world import PASSWORD, World, furnish, world
from tools.screenshots import PictureDoor, sign_in

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A browser of its own."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, timezone_id="Europe/Berlin", locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield page
    context.close()


def registered(page: Page, house: World, name: str) -> None:
    page.goto(f"{house.address}/register")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    page.wait_for_url(f"{house.address}/")


def test_second_factor_is_set_up_from_its_picture_and_asked_for(page: Page, house: World) -> None:
    registered(page, house, "second")
    page.goto(f"{house.address}/settings")
    page.locator("#account form[action$=second-factor]").get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Set up a second factor").click()
    picture = page.get_by_role("img", name=re.compile("QR code"))
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0"), "the policy lets it through"
    secret = page.locator("code.secret").inner_text()
    page.get_by_label("Code that the app shows now").fill(pyotp.TOTP(secret).at(int(house.clock[0])))
    page.get_by_role("button", name="Turn it on").click()
    assert page.locator("#codes li").count() == 10
    page.get_by_role("link", name="I have written them down").click()
    page.get_by_role("button", name="Sign out").last.click()
    page.wait_for_url(f"{house.address}/sign-in")
    house.clock[0] += 60
    page.get_by_label("Name").fill("second")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
    page.get_by_label("Code").fill(pyotp.TOTP(secret).at(int(house.clock[0])))
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="No tracker yet.")).to_be_visible()


def test_everything_is_reached_with_the_keyboard_and_focus_is_seen(page: Page, house: World, door: PictureDoor) -> None:
    door.stand("stuck", house.clock[0])
    sign_in(page, house.address, "alex")
    page.goto(f"{house.address}/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    reached = []
    for _ in range(20):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                "[document.activeElement.id || document.activeElement.getAttribute('href'),"
                " getComputedStyle(document.activeElement).outlineStyle]"
            )
        )
        if reached[-1][0] is None:
            break
    names = [name for name, _ in reached]
    assert "sync" in names
    assert sum("/days/" in (name or "") for name in names) == 8, "seven days and the link below them"
    assert all(outline != "none" for name, outline in reached if name), reached


def test_theme_of_the_account_wins_over_that_of_the_device(page: Page, house: World) -> None:
    registered(page, house, "theme")
    grounds = {}
    for label in ("dark", "light"):
        page.goto(f"{house.address}/settings")
        page.get_by_label("Colours").select_option(label=label)
        page.get_by_role("button", name="Save").click()
        page.wait_for_url(re.compile("done=view"))
        grounds[label] = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert grounds == {"dark": "rgb(18, 25, 23)", "light": "rgb(252, 253, 252)"}


def test_zone_of_the_device_is_taken_at_the_first_sign_in(page: Page, house: World) -> None:
    registered(page, house, "zone")
    expect(page.get_by_text("Times are those of Europe/Berlin.")).to_be_visible()


def test_what_takes_a_moment_shows_that_it_was_begun_and_is_not_begun_twice(page: Page, house: World) -> None:
    sign_in(page, house.address, "alex")
    page.goto(f"{house.address}/wrong")
    page.evaluate(
        "document.addEventListener('submit', event => { sessionStorage.seen = "
        "(sessionStorage.seen || '') + event.submitter.ariaBusy + (event.defaultPrevented ? ' kept' : ' sent') + ';' })"
    )
    page.get_by_role("button", name="Look at it now").dblclick()
    page.wait_for_url("**/wrong/found")
    assert page.evaluate("sessionStorage.seen") == "true sent;true kept;"
    page.go_back()
    assert page.locator("button[aria-busy]").count() == 0


def test_chart_is_drawn_and_the_table_folds_away_but_stays(page: Page, house: World) -> None:
    sign_in(page, house.address, "alex")
    page.goto(f"{house.address}/days/2026-11-25")
    expect(page.locator(".charts canvas")).to_have_count(2)
    expect(page.get_by_role("region", name="The day by hours")).to_be_hidden()
    page.get_by_text("As a table").click()
    expect(page.get_by_role("region", name="The day by hours")).to_be_visible()
    page.get_by_role("link", name="Day before").click()
    expect(page.get_by_role("heading", name="24 November 2026")).to_be_visible()


def test_chart_that_cannot_be_loaded_says_so_and_leaves_the_table(page: Page, house: World) -> None:
    sign_in(page, house.address, "alex")
    page.route("**/chart.json*", lambda route: route.abort())
    page.goto(f"{house.address}/days/2026-11-25")
    expect(page.get_by_text("The chart could not be loaded")).to_be_visible()
    expect(page.get_by_role("region", name="The day by hours")).to_be_visible()


def test_all_is_read_and_changed_without_scripts(browser: Browser, house: World, door: PictureDoor) -> None:
    door.stand("stuck", house.clock[0])
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, house.address, "alex")
    assert "Stuck at Bluetooth" in page.get_by_role("heading", level=1).inner_text()
    page.get_by_role("button", name="Sync now").click()
    assert door.asked >= 1
    page.get_by_role("link", name="Days", exact=True).click()
    page.get_by_text("As a table").click()
    assert page.get_by_role("row").count() == 25
    page.get_by_role("link", name="Settings").click()
    page.get_by_label("Time of day").select_option("12")
    page.get_by_role("button", name="Save").click()
    assert "Saved." in page.locator("main").inner_text()
    page.get_by_label("Time of day").select_option("")
    page.get_by_role("button", name="Save").click()
    context.close()


def test_without_a_network_it_says_what_it_knew_and_since_when_until_sign_out(browser: Browser, tmp_path: Path) -> None:
    context = browser.new_context(timezone_id="Europe/Berlin", locale="en-GB")
    page = context.new_page()
    with world(tmp_path) as house:
        person = house.person("alex")
        person.claim()
        furnish(person)
        sign_in(page, house.address, "alex")
        page.wait_for_function("navigator.serviceWorker.controller !== null")
        page.goto(f"{house.address}/")
        port = int(house.address.rsplit(":", 1)[1])
        address = house.address
        page.goto("about:blank")
    page.goto(f"{address}/")
    expect(page.get_by_text("Offline: as of 14:42.")).to_be_visible()
    expect(page.locator("#today-part").get_by_text("4,191")).to_be_visible()
    page.goto(f"{address}/settings")
    expect(page.get_by_text("Offline: as of 14:42.")).to_be_visible()
    with world(tmp_path, port=port) as house:
        page.goto(f"{address}/")
        expect(page.get_by_text("Offline: as of")).to_be_hidden()
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url(f"{address}/sign-in")
        page.reload()
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        page.wait_for_function("navigator.serviceWorker.controller !== null")
        assert page.evaluate("caches.has('home')") is False
        page.goto("about:blank")
    try:
        page.goto(f"{address}/")
        assert "4,191" not in page.content()
        expect(page.get_by_role("heading", name="No way to the server.")).to_be_visible()
    finally:
        context.close()


def test_it_can_be_installed(page: Page, house: World) -> None:
    page.goto(f"{house.address}/sign-in")
    session = page.context.new_cdp_session(page)
    found = session.send("Page.getAppManifest")
    assert found["errors"] == []
    assert '"start_url": "/"' in found["data"]
    faults = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert [fault["errorId"] for fault in faults if fault["errorId"] != "in-incognito"] == []
