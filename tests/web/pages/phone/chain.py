"""A real tracker, a real Chromium with the real page, a real server; the radio between the first two is stood in for.

The tracker's end of the link is that of our Bluetooth peripheral: the same stack, the same answers. Its packets travel
by the page's debugging channel instead of by air; :class:`Wire` loses, doubles and delays them when told.
"""

import asyncio
import base64
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cbor2
from playwright.async_api import Browser, BrowserContext, Error, Page, Playwright, async_playwright
from tools.pages_world import CODE, PASSWORD, Person, World, world
from tools.screenshots import CHROMIUM, FLAGS

from unstuck.chain.link.coap import Code, Endpoint, Request, Response
from unstuck.chain.link.driver import Driver
from unstuck.chain.link.gatt import ids
from unstuck.chain.link.settings import over_gatt
from unstuck.chain.link.stack import Role, Stack
from unstuck.chain.records import Ranges
from unstuck.chain.server.domain.possession import code_of, tracker_id
from unstuck.chain.tracker.device import Tracker
from unstuck.chain.tracker.files import Folder
from unstuck.chain.tracker.firmware_resource import CBOR_FORMAT
from unstuck.chain.tracker.generator import Generator
from unstuck.chain.tracker.resources import Identity

MTU = 247
WAIT_MS = 40_000
RETRANSMIT_MS = 400.0
"""The tracker's, on this wire: with the usual 4 s a test with losses would take minutes."""
LATE_S = 0.03
SHIM = Path(__file__).with_name("radio.js")
DAY_S = 86_400


@dataclass(frozen=True)
class Faults:
    """Chances per packet, both ways."""

    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0


class Wire:
    """One tracker, reached by the page that is connected. ``asked`` sees every request first, and may answer."""

    def __init__(self, tracker: Tracker, code: str, faults: Faults, seed: int) -> None:
        self.tracker = tracker
        self.faults = faults
        self.asked: Callable[[Request], Response | None] = lambda request: None
        self.in_reach = True
        self.choosing = True
        self.bonds = True
        self.requests: list[str] = []
        self.trims: list[tuple[int, int]] = []
        self.connections = 0
        self.packets = 0
        self.sent_bytes = 0
        self._code = code
        self._dice = random.Random(seed)
        self._driver: Driver | None = None
        self._page: Page | None = None
        self._queue: list[str] = []
        self._pump: asyncio.Task[None] | None = None
        self._later: set[asyncio.TimerHandle] = set()

    async def radio(self, source: dict[str, Any], what: str, given: str) -> object:
        """What the stand-in in the page asks."""
        match what:
            case "choose":
                return self.choosing
            case "connect":
                self._page = source["page"]
                self.connections += 1
                return self.in_reach
            case "read":
                if given == ids.SECURE and not self.bonds:
                    return None
                value = bytes(6) + MTU.to_bytes(2, "little") + b"\0" if given == ids.CONNECTION_CONFIGURATION else b"\0"
                return base64.b64encode(value).decode()
            case "subscribe":
                self._begin()
            case "write":
                packet = base64.b64decode(given)
                assert len(packet) <= MTU - 3
                self._disturbed(lambda: self._received(packet))
            case "disconnect":
                self.end()
        return None

    def _received(self, packet: bytes) -> None:
        if self._driver is not None:
            self._driver.received(packet)

    async def lose_link(self) -> None:
        """Out of reach, as the browser hears it."""
        page = self._page
        self.end()
        if page is not None:
            with suppress(Error):
                await page.evaluate("window.unstuckGone()")

    def end(self) -> None:
        """This connection is over."""
        if self._driver is not None:
            self._driver.close()
        self._driver = None
        self._queue.clear()
        for timer in self._later:
            timer.cancel()
        self._later.clear()

    def _begin(self) -> None:
        self.end()
        stack = Stack(Role.NODE, settings=replace(over_gatt(MTU - 3), retransmit_ms=RETRANSMIT_MS))
        self._driver = Driver(
            stack, self._transmit, lambda event: None, Endpoint(random.Random(), self._answer, seals=False)
        )
        self._driver.start()

    def _answer(self, request: Request) -> Response:
        path = request.path[0] if request.path else ""
        self.requests.append(path)
        instead = self.asked(request)
        if instead is not None:
            return instead
        if path == "claim":
            told = cbor2.dumps({"id": self.tracker.identity.id, "code": self._code})
            return Response(Code.CONTENT, told, CBOR_FORMAT)
        response = self.tracker.handle(request, time.time())
        if path == "sync" and response.ok and len(numbers := cbor2.loads(request.payload)) > 4:
            self.trims.append((numbers[4], numbers[5]))
        return response

    def _transmit(self, packet: bytes) -> None:
        self.packets += 1
        self.sent_bytes += len(packet)
        self._disturbed(lambda: self._put(packet))

    def _disturbed(self, deliver: Callable[[], object]) -> None:
        faults, dice = self.faults, self._dice
        if dice.random() < faults.loss:
            return
        for _ in range(2 if dice.random() < faults.duplicate else 1):
            if dice.random() < faults.reorder:
                self._later.add(asyncio.get_running_loop().call_later(LATE_S, deliver))
            else:
                deliver()

    def _put(self, packet: bytes) -> None:
        self._queue.append(base64.b64encode(packet).decode())
        if self._pump is None or self._pump.done():
            self._pump = asyncio.get_running_loop().create_task(self._pumped())

    async def _pumped(self) -> None:
        """A page that was closed hears nothing."""
        while self._queue and self._page is not None:
            packets, self._queue = self._queue, []
            with suppress(Error):
                await self._page.evaluate("(packets) => window.unstuckHeard(packets)", packets)


class Chain:
    """All of it."""

    def __init__(self, folder: Path, playwright: Playwright, browser: Browser, wire: Wire) -> None:
        self.folder = folder
        self.playwright = playwright
        self.browser = browser
        self.wire = wire
        self.tracker = wire.tracker.identity.id
        self.said: list[str] = []
        self._port = 0
        self._servers: AsyncExitStack | None = None
        self.world: World
        self.person: Person
        self.context: BrowserContext

    @property
    def address(self) -> str:
        return self.world.address.replace("127.0.0.1", "localhost")

    async def serve(self) -> None:
        """Start the server; after a stop on the same port and the same data."""
        self._servers = AsyncExitStack()
        self.world = self._servers.enter_context(world(self.folder / "server", now_s=time.time(), port=self._port))
        self._port = int(self.world.address.rpartition(":")[2])

    async def stop_serving(self) -> None:
        """No way to the server."""
        if self._servers is not None:
            await self._servers.aclose()
        self._servers = None

    async def new_context(self, *, persistent: bool = True, workers: bool = True) -> BrowserContext:
        """A browser with nothing in it, whose Bluetooth leads to the wire. ``workers``: it lets service workers run."""
        context = await self.browser.new_context(locale="en-GB", service_workers="allow" if workers else "block")
        await self.furnish(context)
        if persistent:
            await self.promise_storage(context, self.browser)
        return context

    async def furnish(self, context: BrowserContext) -> None:
        """Its Bluetooth leads to the wire."""
        await context.expose_binding("unstuckRadio", self.wire.radio)
        await context.add_init_script(path=SHIM)

    async def promise_storage(self, context: BrowserContext, browser: Browser) -> None:
        """As a browser does by itself for a site that is used often or installed."""
        page = await context.new_page()
        info = await (await context.new_cdp_session(page)).send("Target.getTargetInfo")
        await (await browser.new_browser_cdp_session()).send(
            "Browser.setPermission",
            {
                "origin": self.address,
                "permission": {"name": "persistent-storage"},
                "setting": "granted",
                "browserContextId": info["targetInfo"]["browserContextId"],
            },
        )
        await page.close()

    async def open(self, path: str = "/phone") -> Page:
        """The page, ready."""
        page = await self.context.new_page()
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("console", lambda message: self.said.append(message.text) if message.type == "error" else None)
        await page.goto(f"{self.address}{path}")
        if path == "/phone":
            await page.wait_for_selector("body[data-ready]", timeout=WAIT_MS)
        return page

    async def sign_in(self) -> None:
        page = await self.context.new_page()
        await page.goto(f"{self.address}/sign-in")
        await page.get_by_label("Name").fill(self.person.name)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await page.wait_for_url(f"{self.address}/")
        await page.close()

    async def let_upload(self, page: Page) -> None:
        """Give the consent."""
        await page.get_by_role("button", name="Let this browser upload").click()
        await page.wait_for_selector("#upload-acts:not([hidden])", timeout=WAIT_MS)

    async def drain(self, page: Page, headline: str = "Synced.") -> None:
        """Press, and wait until it ended so."""
        await page.get_by_role("button", name="Choose the tracker and start").click()
        await self.ends(page, headline)

    @staticmethod
    async def ends(page: Page, headline: str) -> None:
        script = "(wanted) => document.getElementById('headline').textContent === wanted"
        try:
            await page.wait_for_function(script, arg=headline, timeout=WAIT_MS)
        except Error as error:
            raise AssertionError(await page.inner_text("main")) from error

    async def row(self, page: Page, text: str) -> None:
        """Wait for the counts beside the tracker's name."""
        try:
            await page.get_by_text(text).first.wait_for(timeout=WAIT_MS)
        except Error as error:
            raise AssertionError(await page.inner_text("main")) from error

    @property
    def recorded(self) -> dict[int, Ranges]:
        """Every number that the tracker has ever given, by boot, of boots with records."""
        memory = self.wire.tracker.memory
        return {boot: Ranges.span(0, end - 1) for boot, end in memory.ends.items() if end}

    def at_server(self) -> dict[int, Ranges]:
        answer = self.person.ask("GET", f"/v1/trackers/{self.tracker}/ledger").json()
        return {int(boot): Ranges.of(pairs) for boot, pairs in answer["hops"]["server"]["held"].items()}

    async def arrived(self) -> None:
        """Wait until the server has all that the tracker has recorded."""
        until = time.monotonic() + WAIT_MS / 1000
        while self.at_server() != self.recorded:
            assert time.monotonic() < until, (self.at_server(), self.recorded)
            await asyncio.sleep(0.1)

    @staticmethod
    async def until(so: Callable[[], bool]) -> None:
        """Wait for it."""
        until = time.monotonic() + WAIT_MS / 1000
        while not so():
            assert time.monotonic() < until
            await asyncio.sleep(0.1)

    def minutes(self, first_s: int, end_s: int) -> list[tuple[int, int]]:
        """Start and steps of every minute at the server."""
        found: list[tuple[int, int]] = []
        for start_s in range(first_s, end_s, 7 * DAY_S):
            path = f"/v1/trackers/{self.tracker}/minutes?from={start_s}&to={min(end_s, start_s + 7 * DAY_S)}"
            columns = self.person.ask("GET", path).json()["minutes"]
            found += zip(columns["start"], columns["steps"], strict=True)
        return found


SEED = 11


@asynccontextmanager
async def chain(
    folder: Path,
    *,
    days: float = 2,
    faults: Faults | None = None,
    seed: int = 1,
    persistent: bool = True,
    claimed: bool = True,
    signed_in: bool = True,
) -> AsyncIterator[Chain]:
    """A tracker with so many days, an account that owns it, a browser that is signed in."""
    (folder / "server").mkdir()
    now_s = time.time()
    tracker = new_tracker(folder / "tracker", CODE, now_s, days)
    wire = Wire(tracker, CODE, faults or Faults(), seed)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        found = Chain(folder, playwright, browser, wire)
        await found.serve()
        try:
            found.person = found.world.person("alex")
            if claimed:
                claim = {"tracker": found.tracker, "code": CODE, "name": "Band"}
                found.person.ask("POST", "/v1/trackers", json=claim)
            found.context = await found.new_context(persistent=persistent)
            if signed_in:
                await found.sign_in()
            yield found
        finally:
            wire.end()
            await browser.close()
            await found.stop_serving()


def new_tracker(folder: Path, code: str, now_s: float, days: float) -> Tracker:
    """One that was switched on so many days ago."""
    folder.mkdir()
    began_s = now_s - days * DAY_S
    identity = Identity(tracker_id(code), "Band", "1.0.0")
    tracker = Tracker(identity, Folder(folder), Generator(SEED), began_s)
    tracker.advance(now_s)
    return tracker


OTHER_CODE = code_of(bytes(range(50, 60)))
