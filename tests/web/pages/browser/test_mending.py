"""What a person does when it breaks, on the live chain with faults of the lab: watch, find out, mend, ask a desk."""

import io
import re
import time
import zipfile
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.web.pages.browser.seen import faults
from tests.web.pages.live import lab
from unstuck.cli.lab_live import Live

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

SHOWN_WITHIN_S = 5.0
MENDED_WITHIN_MS = 60_000


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with lab(tmp_path_factory.mktemp("lab")) as found:
        yield found


@pytest.fixture
def owner(browser: Browser, live: Live) -> Iterator[BrowserContext]:
    """Signed in by the one-time link; whatever was broken is put right afterwards."""
    context = browser.new_context(service_workers="block", locale="en-GB", timezone_id="Europe/Berlin")
    page = context.new_page()
    page.goto(live.link())
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{live.address}/")
    expect(page.get_by_role("heading", name="Everything is moving.")).to_be_visible(timeout=20_000)
    page.close()
    yield context
    page = context.new_page()
    page.goto(f"{live.address}/break")
    if page.get_by_role("button", name="Undo it").count():
        page.get_by_role("button", name="Undo it").click()
    page.goto(f"{live.address}/wrong")
    if page.get_by_role("button", name="Begin anew").count():
        page.get_by_role("button", name="Begin anew").click()
    context.close()


def strike(context: BrowserContext, live: Live, fault: str) -> None:
    page = context.new_page()
    page.goto(f"{live.address}/break")
    page.locator(f"button[value={fault}]").click()
    expect(page.get_by_role("heading", name="Broken now")).to_be_visible()
    page.close()


def pass_time(context: BrowserContext, live: Live) -> None:
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{live.address}/break")
    with page.expect_navigation():  # a page that is closed while it sends a form can hang Chromium
        page.get_by_role("button", name="Let 40 minutes pass").click()
    page.close()


def look_at(page: Page, live: Live, *ways: str) -> None:
    for way in ways:
        page.goto(f"{live.address}/wrong")
        page.locator("li", has_text=way).get_by_role("button", name="Look at it now").click()
        page.wait_for_url("**/wrong/found")


def test_out_of_range_is_shown_found_and_mended_by_hand(owner: BrowserContext, live: Live) -> None:
    home = owner.new_page()
    home.goto(f"{live.address}/")
    expect(home.get_by_role("heading", name="Everything is moving.")).to_be_visible()
    expect(home.get_by_role("button", name="Find out why")).to_be_hidden()
    strike(owner, live, "gone_out")
    began_s = time.monotonic()
    expect(home.get_by_role("heading", name=re.compile("Stuck at Bluetooth"))).to_be_visible(
        timeout=1000 * SHOWN_WITHIN_S
    )
    assert time.monotonic() - began_s <= SHOWN_WITHIN_S
    pass_time(owner, live)

    page = owner.new_page()
    page.goto(f"{live.address}/")
    page.get_by_role("button", name="Find out why").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Stuck at Bluetooth")
    look_at(page, live, "The phone on a cable")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Stuck at Bluetooth")
    first = page.locator(".causes > li").first
    expect(first).to_contain_text("out of the phone's reach")
    first.locator("summary").first.click()
    expect(first.get_by_text("Facts behind it").first).to_be_visible()
    assert "/tmp" not in page.locator("main").inner_text()
    assert faults(page) == ""

    page.get_by_role("link", name="Mend it").first.click()
    expect(page.get_by_role("heading", name="Closed doors")).to_be_visible()
    assert faults(page) == ""
    page.get_by_role("button", name="Show me the steps").click()
    expect(page.get_by_role("heading", name=re.compile("Bring phone and tracker"))).to_be_visible()
    assert faults(page) == ""
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("heading", name="It helped: data moves.")).to_be_visible(timeout=MENDED_WITHIN_MS)
    expect(home.get_by_role("heading", name="Everything is moving.")).to_be_visible(timeout=20_000)


def test_bluetooth_off_is_mended_by_the_machine_with_consent(owner: BrowserContext, live: Live) -> None:
    strike(owner, live, "switched_off")
    pass_time(owner, live)
    page = owner.new_page()
    look_at(page, live, "This chain", "The phone on a cable")
    expect(page.locator(".causes > li").first).to_contain_text("Bluetooth")
    page.get_by_role("link", name="Mend it").first.click()
    page.get_by_role("button", name="Let the machine do it").click()
    expect(page.get_by_role("heading", name="Shall this be done?")).to_be_visible()
    expect(page.get_by_text("Taken back", exact=True)).to_be_visible()
    assert faults(page) == ""
    assert live.lab.world is not None
    assert live.lab.world.state.phone.state.bluetooth != "on", "nothing is done before the person agrees"
    page.get_by_role("button", name="Yes, do it").click()
    expect(page.get_by_role("heading", name="It helped: data moves.")).to_be_visible(timeout=MENDED_WITHIN_MS)
    assert live.lab.world.state.phone.state.bluetooth == "on"
    assert faults(page) == ""
    for path in ("/wrong", "/break"):
        page.goto(f"{live.address}{path}")
        assert faults(page) == ""
    page.goto(f"{live.address}/")
    expect(page.get_by_role("heading", name="Everything is moving.")).to_be_visible(timeout=20_000)


def test_hostile_zip_ends_in_one_sentence(owner: BrowserContext, live: Live) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bugreport-x.txt", b"== dumpstate: 2026-01-01 00:00:00\n" + bytes(100 * 2**20))
    page = owner.new_page()
    page.goto(f"{live.address}/wrong")
    page.locator("#file").set_input_files({"name": "b.zip", "mimeType": "application/zip", "buffer": target.getvalue()})
    page.get_by_role("button", name="Send and read it").click()
    expect(page.get_by_role("heading", name="That could not be read.")).to_be_visible(timeout=30_000)
    sentence = page.locator("#problem").inner_text()
    assert sentence.count(". ") <= 1
    assert "nothing of it was used" in sentence


def test_file_that_is_too_large_is_refused_before_it_is_sent(owner: BrowserContext, live: Live) -> None:
    page = owner.new_page()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.goto(f"{live.address}/wrong")
    page.eval_on_selector("form[data-upload]", "form => { form.dataset.most = '10' }")
    page.locator("#file").set_input_files({"name": "a.zip", "mimeType": "application/zip", "buffer": bytes(100)})
    page.get_by_role("button", name="Send and read it").click()
    expect(page.get_by_text("That file is larger than is taken here.")).to_be_visible()
    assert sent == []


def test_case_is_opened_by_a_desk_and_withdrawn(owner: BrowserContext, browser: Browser, live: Live) -> None:
    page = owner.new_page()
    look_at(page, live, "This chain")
    page.goto(f"{live.address}/case")
    page.get_by_role("button", name="Make it and look at it").click()
    assert faults(page) == ""
    page.get_by_label("When the agent last reached").check()
    page.get_by_role("button", name="Make a link").click()
    address = page.locator("#link").inner_text()

    context = browser.new_context(service_workers="block")
    desk = context.new_page()
    desk.goto(address)
    expect(desk.get_by_role("heading", level=1)).to_be_visible()
    assert "owner" not in desk.locator("main .verdict").inner_text().lower()
    desk.get_by_role("button", name="Look again").click()
    expect(desk.get_by_text("Bluetooth link")).to_be_visible()
    assert faults(desk) == ""
    desk.get_by_label("A note to the owner").fill("Is the phone's battery saver on?")
    desk.get_by_role("button", name="Leave the note").click()

    page.goto(page.url.removesuffix("/link"))
    expect(page.get_by_text("Is the phone's battery saver on?")).to_be_visible()
    expect(page.locator("#opened")).to_contain_text("It was opened")
    page.get_by_role("button", name="Withdraw the link").click()
    answer = desk.goto(address)
    assert answer is not None
    assert answer.status == 404
    context.close()


def test_another_account_has_no_hands_here(browser: Browser, live: Live) -> None:
    context = browser.new_context(service_workers="block")
    page = context.new_page()
    page.goto(f"{live.address}/register")
    page.get_by_label("Name").fill(f"stranger-{time.monotonic_ns()}")
    page.get_by_label("Password").fill("correct horse battery staple")
    page.get_by_role("button", name="Make the account").click()
    page.wait_for_url(f"{live.address}/")
    page.goto(f"{live.address}/wrong")
    assert page.get_by_role("button", name="Look at it now").count() == 0
    answer = page.goto(f"{live.address}/break")
    assert answer is not None
    assert answer.status == 404
    context.close()


def test_the_same_walk_without_scripts(browser: Browser, live: Live, owner: BrowserContext) -> None:
    state = owner.storage_state()
    strike(owner, live, "gone_out")
    pass_time(owner, live)
    context = browser.new_context(storage_state=state, java_script_enabled=False, service_workers="block")
    page = context.new_page()
    look_at(page, live, "This chain")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Stuck at Bluetooth")
    page.get_by_role("link", name="Mend it").first.click()
    page.get_by_role("button", name="Show me the steps").click()
    for _ in range(40):
        if page.get_by_role("button", name="Done").count():
            break
        time.sleep(0.25)
        page.reload()
    page.get_by_role("button", name="Done").click()
    for _ in range(200):
        if page.get_by_role("heading", name="It helped: data moves.").count():
            break
        time.sleep(0.25)
        page.goto(f"{live.address}/mend")
    expect(page.get_by_role("heading", name="It helped: data moves.")).to_be_visible()
    context.close()
