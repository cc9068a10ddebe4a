"""Tracker to browser to server, with everything real but the radio: nothing is lost and nothing is there twice."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import cbor2
import pytest
from playwright.async_api import BrowserContext, Error, Page, Route
from tools.screenshots import CHROMIUM, FLAGS

from tests.web.pages.phone.chain import DAY_S, OTHER_CODE, SEED, Chain, Faults, chain, new_tracker
from unstuck.chain.link.coap import Code, Request, Response
from unstuck.chain.tracker.generator import Generator

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(150),
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's Chromium is not installed"),
]


def run(folder: Path, story: Callable[[Chain], Awaitable[None]], **options: Any) -> None:
    """Tell a story, then look that the page had nothing to complain about."""

    async def told() -> None:
        async with chain(folder, **options) as found:
            await story(found)
            assert found.said == []

    asyncio.run(told())


def held(at: Chain) -> int:
    """Records in the tracker's memory."""
    return sum(ranges.total for ranges in at.wire.tracker.memory.held.values())


def assert_all_is_there(at: Chain, least: int = 1000) -> None:
    """Every number the tracker gave is at the server, and every minute of the time once and with its steps."""
    assert at.at_server() == at.recorded
    found = at.minutes(int(time.time()) - 30 * DAY_S, int(time.time()) + DAY_S)
    assert len(found) >= least
    assert len(dict(found)) == len(found)
    source = Generator(SEED)
    assert [steps for _, steps in found] == [source.sample(start).minute.steps for start, _ in found]


def test_all_records_come_over_are_freed_and_reach_the_server(tmp_path: Path) -> None:
    async def story(at: Chain) -> None:
        page = await at.open()
        await at.drain(page)
        assert at.wire.trims
        assert held(at) <= 1  # a minute may have passed
        assert at.at_server() == {}
        await at.let_upload(page)
        await at.row(page, "Everything this browser took over is at the server.")
        assert_all_is_there(at)

    run(tmp_path, story)


def test_browser_that_promises_nothing_lets_the_tracker_free_only_what_the_server_has(tmp_path: Path) -> None:
    async def story(at: Chain) -> None:
        page = await at.open()
        await at.drain(page)
        kept = held(at)
        assert at.wire.trims == []
        assert kept > 2000
        await at.let_upload(page)
        await at.row(page, "Everything this browser took over is at the server.")
        assert held(at) >= kept
        await page.get_by_role("button", name="Once more with the same").click()
        await page.wait_for_function("() => document.querySelectorAll('#log li').length === 3")
        assert at.wire.trims
        assert held(at) <= 2
        assert_all_is_there(at)

    run(tmp_path, story, persistent=False)


def test_with_consent_given_one_press_brings_everything_to_the_server_and_frees_it(tmp_path: Path) -> None:
    async def story(at: Chain) -> None:
        page = await at.open()
        await at.let_upload(page)
        await at.drain(page)
        await at.row(page, "Everything this browser took over is at the server.")
        assert_all_is_there(at)
        assert held(at) <= 1

    run(tmp_path, story, persistent=False)


async def _closed_when(at: Chain, page: Page, which: int, *, handled: bool) -> None:
    """The page is gone when its n-th sync reaches the tracker, which answers it or never heard it."""
    gone = asyncio.Event()
    seen = [0]

    def asked(request: Request) -> Response | None:
        seen[0] += request.path == ("sync",)
        if seen[0] < which or gone.is_set():
            return None
        gone.set()
        at.wire.in_reach = False
        return None if handled else Response(Code.UNAVAILABLE)

    at.wire.asked = asked
    await page.get_by_role("button", name="Choose the tracker and start").click()
    await asyncio.wait_for(gone.wait(), 40)
    await page.close()
    at.wire.end()
    at.wire.in_reach = True
    at.wire.asked = lambda request: None


@pytest.mark.parametrize(
    ("which", "handled", "trimmed"),
    [
        pytest.param(1, True, False, id="before anything is kept"),
        pytest.param(2, False, False, id="kept, and the trim never reached the tracker"),
        pytest.param(2, True, True, id="kept and trimmed, and the answer never came"),
    ],
)
def test_page_that_is_closed_in_the_middle_goes_on_where_it_was(
    tmp_path: Path, which: int, handled: bool, trimmed: bool
) -> None:
    async def story(at: Chain) -> None:
        page = await at.open()
        await at.let_upload(page)
        before = held(at)
        await _closed_when(at, page, which, handled=handled)
        assert (held(at) < before) == trimmed
        page = await at.open()
        await page.get_by_role("button", name="Choose the tracker and start").click()
        await at.until(lambda: held(at) <= 2)
        await at.arrived()
        assert_all_is_there(at)

    run(tmp_path, story)


@pytest.mark.parametrize("taken", [False, True], ids=["server never had it", "server took it, the answer never came"])
def test_page_that_is_closed_during_an_upload_sends_it_again(tmp_path: Path, taken: bool) -> None:
    async def story(at: Chain) -> None:
        page = await at.open()
        await at.drain(page)
        gone = asyncio.Event()

        async def route(route: Route) -> None:
            if taken:
                await route.fetch()
            gone.set()
            await asyncio.sleep(60)

        await page.route("**/v1/ingest", route)
        await page.get_by_role("button", name="Let this browser upload").click()
        await asyncio.wait_for(gone.wait(), 40)
        assert bool(at.at_server()) == taken
        await page.close()
        page = await at.open()
        await at.row(page, "Everything this browser took over is at the server.")
        assert_all_is_there(at)

    run(tmp_path, story)


def test_offline_page_drains_and_uploads_when_there_is_a_way_again(tmp_path: Path) -> None:
    async def story(at: Chain) -> None:
        page = await at.open()
        await at.let_upload(page)
        await page.evaluate("navigator.serviceWorker.ready.then(() => undefined)")
        await page.wait_for_function("() => caches.keys().then((all) => all.some((one) => one.startsWith('phone-')))")
        await page.close()
        await at.stop_serving()
        page = await at.open()
        assert await page.inner_text(".foot") == f"Unstuck {await page.evaluate('JSON.parse(told.textContent).agent')}"
        await at.drain(page, "The server cannot be reached.")
        await at.row(page, "wait here for the server.")
        assert held(at) <= 1
        await at.serve()
        await page.get_by_role("button", name="Upload now").click()
        await at.row(page, "Everything this browser took over is at the server.")
        assert_all_is_there(at)
        at.said.clear()  # the browser's own words about a server that was not there

    run(tmp_path, story)


def test_browser_wakes_the_service_worker_to_upload_when_no_page_is_open(tmp_path: Path) -> None:
    async def story(at: Chain) -> None:
        page = await at.open()
        await at.let_upload(page)
        await page.evaluate("navigator.serviceWorker.ready.then(() => undefined)")
        # The page's own way to the server is closed, so only the worker can have sent what arrives.
        await page.route("**/v1/ingest", lambda route: route.abort())
        await at.drain(page, "The server cannot be reached.")
        await page.close()
        await at.arrived()
        assert_all_is_there(at)
        at.said.clear()  # the browser's own words about the request that was stopped

    run(tmp_path, story)


def test_other_tracker_than_the_chosen_one_is_left_alone(tmp_path: Path) -> None:
    async def story(at: Chain) -> None:
        page = await at.open()
        await at.drain(page)
        other = new_tracker(tmp_path / "other", OTHER_CODE, time.time(), 1)
        at.wire.tracker = other
        requests = len(at.wire.requests)
        await page.get_by_label("Which tracker").select_option(at.tracker)
        await at.drain(page, "Another tracker answered.")
        assert at.wire.requests[requests:] == ["status"]
        assert sum(ranges.total for ranges in other.memory.held.values()) > 1000
        await page.get_by_label("Which tracker").select_option("")
        await at.drain(page)
        assert await page.locator("#trackers li").count() == 2
        await at.let_upload(page)  # of the two, the account has claimed only the first
        await at.row(page, "0 records wait in this browser")

    run(tmp_path, story)


def test_lost_link_is_taken_up_again_where_it_broke(tmp_path: Path) -> None:
    async def story(at: Chain) -> None:
        page = await at.open()
        await at.let_upload(page)
        lost = asyncio.Event()
        send = at.wire._transmit

        def transmit(packet: bytes) -> None:
            send(packet)
            if at.wire.packets > 30 and not lost.is_set():
                lost.set()
                asyncio.get_running_loop().create_task(at.wire.lose_link())

        at.wire._transmit = transmit  # type: ignore[method-assign]  # the air
        await at.drain(page)
        assert lost.is_set()
        assert at.wire.connections == 2
        await at.row(page, "Everything this browser took over is at the server.")
        assert "The connection to the tracker was lost" in await page.inner_text("#log")
        assert_all_is_there(at)

    run(tmp_path, story, days=6)


def test_revoked_token_is_said_and_a_new_consent_goes_on(tmp_path: Path) -> None:
    async def story(at: Chain) -> None:
        page = await at.open()
        await at.let_upload(page)
        tokens = at.person.ask("GET", "/v1/tokens").json()["tokens"]
        mine = next(one for one in tokens if one["kind"] == "device")
        at.person.ask("DELETE", f"/v1/tokens/{mine['id']}")
        await at.drain(page, "This browser's token was revoked in the settings.")
        await at.row(page, "wait here for the server.")
        assert at.at_server() == {}
        await at.let_upload(page)
        await at.row(page, "Everything this browser took over is at the server.")
        assert_all_is_there(at)
        at.said.clear()  # the browser's own words about the 401

    run(tmp_path, story)


def test_tracker_that_nobody_claimed_is_claimed_by_the_code_it_told(tmp_path: Path) -> None:
    async def story(at: Chain) -> None:
        page = await at.open()
        await at.let_upload(page)
        await at.drain(page)
        await at.row(page, "Everything this browser took over is at the server.")
        assert_all_is_there(at)
        at.said.clear()  # the browser's own words about the 403 before the claim

    run(tmp_path, story, claimed=False)


def test_second_tab_drains_too_but_frees_nothing(tmp_path: Path) -> None:
    async def story(at: Chain) -> None:
        first = await at.open()
        page = await at.open()
        await at.drain(page, "The tracker was not told to free memory.")
        assert at.wire.trims == []
        assert "another page may write to the same records" in await page.inner_text("#log")
        await page.close()
        await first.close()
        page = await at.open()
        await page.get_by_role("button", name="Choose the tracker and start").click()
        await page.wait_for_function("() => document.querySelectorAll('#log li').length === 2")
        assert at.wire.trims
        assert held(at) <= 2

    run(tmp_path, story)


def test_records_of_one_account_never_go_to_another(tmp_path: Path) -> None:
    async def story(at: Chain) -> None:
        # Without the worker, which would have uploaded before the other person comes.
        at.context = await at.new_context(workers=False)
        await at.sign_in()
        page = await at.open()
        await at.let_upload(page)
        await page.route("**/v1/ingest", lambda route: route.abort())
        await at.drain(page, "The server cannot be reached.")
        await page.close()
        alex, at.person = at.person, at.world.person("bea")
        await at.context.clear_cookies()
        await at.sign_in()
        page = await at.open()
        # Opened, the page uploads what waits, with the token of the account it was taken over for.
        await at.row(page, "But you are signed in as bea.")
        at.person = alex
        await at.arrived()
        assert_all_is_there(at)
        at.said.clear()  # the browser's own words about the request that was stopped

    run(tmp_path, story, signed_in=False)


def test_sign_out_keeps_what_waits_and_takes_the_rest(tmp_path: Path) -> None:
    async def story(at: Chain) -> None:
        count = (
            "indexedDB.databases().then((all) => all.length ? new Promise((done) => {"
            " const asked = indexedDB.open('unstuck-phone'); asked.onsuccess = () => {"
            " const rows = asked.result.transaction('batch').objectStore('batch').count();"
            " rows.onsuccess = () => { asked.result.close(); done(rows.result); }; }; }) : 0)"
        )
        page = await at.open()
        await at.drain(page)
        await page.get_by_role("button", name="Sign out").click()
        await page.wait_for_url("**/sign-in")
        await page.wait_for_timeout(500)
        assert await page.evaluate(count) >= 1
        await page.close()
        await at.sign_in()
        page = await at.open()
        await at.let_upload(page)
        await at.row(page, "Everything this browser took over is at the server.")
        await page.get_by_role("button", name="Sign out").click()
        await page.wait_for_url("**/sign-in")
        for _ in range(50):
            if not await page.evaluate(count):
                break
            await asyncio.sleep(0.1)
        assert await page.evaluate(count) == 0
        assert_all_is_there(at)

    run(tmp_path, story)


@pytest.mark.parametrize("seed", range(3))
def test_lossy_air_costs_time_and_nothing_else(tmp_path: Path, seed: int) -> None:
    async def story(at: Chain) -> None:
        page = await at.open()
        await at.let_upload(page)
        await at.drain(page)
        await at.row(page, "Everything this browser took over is at the server.")
        assert_all_is_there(at)
        assert held(at) <= 2

    run(tmp_path, story, days=4, faults=Faults(0.04, 0.05, 0.04), seed=seed)


def test_server_that_refuses_a_record_is_said_and_the_record_stays(tmp_path: Path) -> None:
    async def story(at: Chain) -> None:
        page = await at.open()
        await at.let_upload(page)

        async def route(route: Route) -> None:
            body = {
                "durable": {},
                "rejected": [{"batch": 0, "boot": None, "first": None, "last": None, "code": "batch.time"}],
            }
            await route.fulfill(body=cbor2.dumps(body), content_type="application/cbor")

        await page.route("**/v1/ingest", route)
        await at.drain(page, "The server rejected some records.")
        await at.row(page, "wait here for the server.")
        assert "batch.time" in await page.inner_text("#log")
        assert at.at_server() == {}

    run(tmp_path, story)


def test_power_cut_right_after_the_trim_loses_nothing(tmp_path: Path) -> None:
    async def story(at: Chain) -> None:
        profile = str(tmp_path / "profile")

        async def browser() -> BrowserContext:
            launch = at.playwright.chromium.launch_persistent_context
            context = await launch(profile, executable_path=str(CHROMIUM), args=list(FLAGS), locale="en-GB")
            await at.furnish(context)
            return context

        at.context = await browser()
        whole = at.context.browser
        assert whole is not None
        await at.promise_storage(at.context, whole)
        await at.sign_in()
        page = await at.open()
        before = held(at)
        await page.get_by_role("button", name="Choose the tracker and start").click()
        await at.until(lambda: held(at) < before)
        session = await whole.new_browser_cdp_session()
        with suppress(Error):  # nobody is left to answer
            await session.send("Browser.crash")
        at.wire.end()
        at.context = await browser()
        await at.context.clear_cookies()  # whether the login was on the disk by then is chance
        await at.sign_in()
        page = await at.open()
        await at.row(page, "wait here for the server.")
        await at.let_upload(page)
        await at.arrived()
        assert_all_is_there(at)
        await at.context.close()

    run(tmp_path, story)


def test_browser_without_web_bluetooth_is_told_so(tmp_path: Path) -> None:
    async def story(at: Chain) -> None:
        await at.context.add_init_script("Object.defineProperty(navigator, 'bluetooth', { value: undefined })")
        page = await at.open()
        await at.ends(page, "This browser has no Web Bluetooth.")
        assert await page.get_by_role("button", name="Choose the tracker and start").is_disabled()
        assert "No browser on an iPhone has it" in await page.inner_text("#next")
        for width in (320, 768, 1280):
            await page.set_viewport_size({"width": width, "height": 800})
            assert await page.evaluate("document.documentElement.scrollWidth") <= width

    run(tmp_path, story, days=0.1)


@pytest.mark.parametrize(
    ("change", "headline"),
    [
        ("choosing", "No tracker was chosen."),
        ("in_reach", "The tracker was heard, but no connection came about."),
        ("bonds", "The tracker refused to pair."),
    ],
)
def test_trouble_with_bluetooth_is_said_by_its_reason(tmp_path: Path, change: str, headline: str) -> None:
    async def story(at: Chain) -> None:
        page = await at.open()
        setattr(at.wire, change, False)
        await at.drain(page, headline)
        assert "the tracker keeps its records" in await page.inner_text("#meaning")
        setattr(at.wire, change, True)
        await at.drain(page)

    run(tmp_path, story, days=0.5)
