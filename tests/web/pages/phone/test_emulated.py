"""Chromium's own Web Bluetooth, with a tracker emulated below it through the debugging protocol.

What the browser itself does is real here: the choice, connecting, discovery, reading, writing, subscribing, ending. Its
emulation has no command that pushes a notification: a small script raises the event on the characteristic instead.
"""

import asyncio
import base64
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, CDPSession, Error, Page
from tools.screenshots import CHROMIUM, FLAGS

from tests.web.pages.phone.chain import MTU, Chain, Wire, chain
from tests.web.pages.phone.test_drain import assert_all_is_there
from unstuck.chain.link.coap import Request
from unstuck.chain.link.gatt import ids

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(120),
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's Chromium is not installed"),
]

ADDRESS = "C0:11:22:33:44:55"
SERVICES = {
    ids.GATTLINK_SERVICE: {ids.GATTLINK_RX: ("writeWithoutResponse",), ids.GATTLINK_TX: ("notify",)},
    ids.LINK_STATUS_SERVICE: {ids.CONNECTION_CONFIGURATION: ("read",), ids.SECURE: ("read",)},
    ids.CONFIRMATION_SERVICE: {ids.EPHEMERAL_POINTER: ("read",), ids.EPHEMERAL: ("write",)},
}
CCCD = "00002902-0000-1000-8000-00805f9b34fb"
NOTIFY = """
(() => {
  let subscribed = null;
  const start = BluetoothRemoteGATTCharacteristic.prototype.startNotifications;
  BluetoothRemoteGATTCharacteristic.prototype.startNotifications = function () {
    subscribed = this;
    return start.call(this);
  };
  window.unstuckHeard = (packets) => {
    for (const packet of packets) {
      const raw = Uint8Array.from(atob(packet), (letter) => letter.charCodeAt(0));
      Object.defineProperty(subscribed, "value", { value: new DataView(raw.buffer), configurable: true });
      subscribed.dispatchEvent(new Event("characteristicvaluechanged"));
    }
  };
})();
"""


class Emulated:
    """The tracker as the browser's Bluetooth sees it; its packets go to the wire and come from it."""

    def __init__(self, wire: Wire, below: CDPSession, page: Page) -> None:
        self.wire = wire
        self.done: list[str] = []
        self._below = below
        self._page = page
        self._names: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._order = asyncio.Lock()

    async def start(self) -> None:
        await self._below.send("BluetoothEmulation.enable", {"state": "powered-on", "leSupported": True})
        await self._below.send(
            "BluetoothEmulation.simulatePreconnectedPeripheral",
            {
                "address": ADDRESS,
                "name": "Band",
                "manufacturerData": [],
                "knownServiceUuids": [ids.GATTLINK_SERVICE],
            },
        )
        self._below.on("BluetoothEmulation.gattOperationReceived", lambda event: self._soon(self._gatt(event)))
        self._below.on(
            "BluetoothEmulation.characteristicOperationReceived", lambda event: self._soon(self._characteristic(event))
        )

    async def choose(self, session: CDPSession) -> None:
        """Choose in the browser's list, once."""
        chosen: list[str] = []

        def prompted(event: dict[str, Any]) -> None:
            if event["devices"] and event["id"] not in chosen:
                chosen.append(event["id"])
                given = {"id": event["id"], "deviceId": event["devices"][0]["id"]}
                self._soon(session.send("DeviceAccess.selectPrompt", given))

        session.on("DeviceAccess.deviceRequestPrompted", prompted)
        await session.send("DeviceAccess.enable")

    async def disconnect(self) -> None:
        """Out of reach: for the tracker too the link is over."""
        self.wire.end()
        await self._below.send("BluetoothEmulation.simulateGATTDisconnection", {"address": ADDRESS})

    def _soon(self, work: Any) -> None:
        async def in_order() -> None:
            async with self._order:
                with suppress(Error):
                    await work

        task = asyncio.get_running_loop().create_task(in_order())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _gatt(self, event: dict[str, Any]) -> None:
        self.done.append(event["type"])
        if event["type"] == "discovery":
            await self._add_services()
        if event["type"] == "connection":
            self.wire._page = self._page
        if event["type"] == "disconnection":
            self.wire.end()
        given = {"address": ADDRESS, "type": event["type"], "code": 0}
        await self._below.send("BluetoothEmulation.simulateGATTOperationResponse", given)

    async def _add_services(self) -> None:
        for service, characteristics in SERVICES.items():
            added = await self._below.send(
                "BluetoothEmulation.addService", {"address": ADDRESS, "serviceUuid": service}
            )
            for name, properties in characteristics.items():
                given = {
                    "serviceId": added["serviceId"],
                    "characteristicUuid": name,
                    "properties": dict.fromkeys(properties, True),
                }
                made = await self._below.send("BluetoothEmulation.addCharacteristic", given)
                self._names[made["characteristicId"]] = name
                if "notify" in properties:
                    await self._below.send(
                        "BluetoothEmulation.addDescriptor",
                        {"characteristicId": made["characteristicId"], "descriptorUuid": CCCD},
                    )

    async def _characteristic(self, event: dict[str, Any]) -> None:
        name, what = self._names[event["characteristicId"]], event["type"]
        self.done.append(what)
        given = {"characteristicId": event["characteristicId"], "type": what, "code": 0}
        if what == "read":
            value = bytes(6) + MTU.to_bytes(2, "little") + b"\0" if name == ids.CONNECTION_CONFIGURATION else bytes(16)
            given["data"] = base64.b64encode(value).decode()
        elif what == "subscribe-to-notifications":
            self.wire._begin()
        await self._below.send("BluetoothEmulation.simulateCharacteristicOperationResponse", given)
        if what == "write" and name == ids.GATTLINK_RX:
            await self.wire.radio({}, "write", event["data"])


async def _opened(at: Chain, browser: Browser) -> tuple[Page, Emulated]:
    at.context = await browser.new_context(locale="en-GB")
    await at.context.add_init_script(NOTIFY)
    await at.promise_storage(at.context, browser)
    await at.sign_in()
    below = await browser.new_browser_cdp_session()
    page = await at.context.new_page()
    await page.close()
    page = await at.open("/sign-in")
    emulated = Emulated(at.wire, below, page)
    await emulated.start()
    await page.goto(f"{at.address}/phone")
    await page.wait_for_selector("body[data-ready]")
    await emulated.choose(await at.context.new_cdp_session(page))
    return page, emulated


def test_chromium_itself_chooses_connects_reads_writes_and_subscribes(tmp_path: Path) -> None:
    async def story() -> None:
        async with chain(tmp_path, days=1, signed_in=False) as at:
            flags = [*FLAGS, "--enable-features=WebBluetooth"]
            browser = await at.playwright.chromium.launch(executable_path=str(CHROMIUM), args=flags)
            try:
                page, emulated = await _opened(at, browser)
                await at.let_upload(page)
                await at.drain(page)
                await at.arrived()
                assert_all_is_there(at, 500)
                assert {"connection", "discovery", "read", "write", "subscribe-to-notifications"} <= set(emulated.done)
                assert at.said == []
            finally:
                await browser.close()

    asyncio.run(story())


def test_disconnection_as_chromium_tells_it_is_taken_up_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with chain(tmp_path, days=1, signed_in=False) as at:
            flags = [*FLAGS, "--enable-features=WebBluetooth"]
            browser = await at.playwright.chromium.launch(executable_path=str(CHROMIUM), args=flags)
            try:
                page, emulated = await _opened(at, browser)
                await at.let_upload(page)
                lost: list[asyncio.Task[None]] = []

                def asked(request: Request) -> None:
                    if request.path == ("sync",) and not lost:
                        lost.append(asyncio.get_running_loop().create_task(emulated.disconnect()))

                at.wire.asked = asked
                await at.drain(page)
                await at.arrived()
                assert lost
                assert emulated.done.count("connection") == 2
                assert "The connection to the tracker was lost" in await page.inner_text("#log")
                assert_all_is_there(at, 500)
            finally:
                await browser.close()

    asyncio.run(story())
