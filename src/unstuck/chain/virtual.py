"""A virtual tracker and a virtual phone in one air: minutes of a source enter; a link and a trace of it leave."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from unstuck.chain.link.radio.air import Air
from unstuck.chain.link.radio.central import VirtualPhone
from unstuck.chain.link.radio.host import Host
from unstuck.chain.link.radio.physics import Barrier, Spot, Surroundings, Wall
from unstuck.chain.link.radio.trace import Trace
from unstuck.chain.phone.bluetooth import BluetoothLink, Radio
from unstuck.chain.phone.host import Host as HostPolicy
from unstuck.chain.phone.hosts import Desktop
from unstuck.chain.tracker.bluetooth.peripheral import Peripheral, static_address
from unstuck.chain.tracker.device import Tracker

TRACE_FILE = "btsnoop_hci.log"
"""As Android names it; the one of the run before is kept with ``.last``, as Android does."""

PHONE_ADDRESS = "02:55:4E:53:54:4B"
"""A locally administered public address, which no maker can have given to a real phone."""

NEAR = Spot(2.0, 0.0)
"""On the wrist, the phone on the table."""

AWAY = Spot(23.0, 0.0)
"""At the other end of the house, behind a thick wall: heard now and then, too weak to hold a link."""

WALL = Barrier(6.0, -50.0, 6.0, 50.0, Wall.HEAVY)

WALK_STEPS = 20
WALK_STEP_S = 1.0
"""About a metre a second: a person walking."""


class VirtualPair:
    """The phone on a table, the tracker on a wrist near by. Make it on the loop that runs it."""

    def __init__(
        self,
        folder: Path,
        tracker: Tracker,
        code: str,
        true_time: Callable[[], float],
        on_change: Callable[[], None] = lambda: None,
        seed: int = 0,
        host: HostPolicy | None = None,
    ) -> None:
        self.air = Air(Surroundings((WALL,)), seed)
        self.trace_file = folder / TRACE_FILE
        self._phone = VirtualPhone(Host("phone", PHONE_ADDRESS, self.air, folder / "phone-keys.json"))
        wrist = Host("tracker", static_address(tracker.identity.id), self.air, folder / "tracker-keys.json", NEAR)
        self._tracker = tracker
        self._wrist = wrist
        self._true_time = true_time
        self._output: BinaryIO | None = None
        self.peripheral = Peripheral(tracker, wrist, true_time, code=code)
        radio = Radio(self._phone.client, self._phone.scanner)
        self.link = BluetoothLink("", radio, host=host or Desktop(folder), on_change=on_change)

    async def start(self) -> None:
        """Switch both on; everything between phone and controller is written down from here on."""
        if self.trace_file.exists():
            self.trace_file.replace(self.trace_file.with_name(TRACE_FILE + ".last"))
        self._output = self.trace_file.open("wb")
        self._phone.host.snoop(Trace(self._output, self._true_time))
        await self._phone.host.turn_on()
        await self.peripheral.start()

    async def renew_bond(self) -> None:
        """Do what a person does when one side has lost its keys, for nobody is there to press a button."""
        phone, wrist = [await _bonds(host) for host in (self._phone.host, self._wrist)]
        if wrist and not phone:
            self.peripheral.open_pairing()
        elif phone and not wrist:
            self.link.pair_again = True

    async def run(self) -> None:
        """The tracker records its minutes until cancelled."""
        while True:
            self._tracker.advance(self._true_time())
            await asyncio.sleep(1.0)

    async def walk_away(self) -> None:
        """The wrist leaves the room, step by step."""
        for step in range(1, WALK_STEPS + 1):
            share = step / WALK_STEPS
            self._wrist.controller.spot = Spot(NEAR.x_m + share * (AWAY.x_m - NEAR.x_m), NEAR.y_m)
            self.air.changed()
            await asyncio.sleep(WALK_STEP_S)

    async def stop(self) -> None:
        """Close the link in order and the trace with it."""
        await self.link.close()
        await self.peripheral.stop()
        await self._phone.host.turn_off()
        self._phone.host.snoop(None)
        if self._output is not None:
            self._output.close()


async def _bonds(host: Host) -> int:
    store = host.device.keystore
    return len(await store.get_all()) if store is not None else 0
