"""The real chain on virtual time, made to follow a :class:`State`: tracker, radio, phone, network, server.

Everything but the radio waves, the phone's own system and the passing of time is what a self-hoster runs.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import cbor2
from bumble import hci
from fastapi import FastAPI

from unstuck.chain.link.coap import Code, Request
from unstuck.chain.link.radio.air import Air
from unstuck.chain.link.radio.central import VirtualPhone
from unstuck.chain.link.radio.controller import Elsewhere
from unstuck.chain.link.radio.host import Host
from unstuck.chain.link.radio.physics import Spot, Surroundings
from unstuck.chain.link.radio.trace import Trace
from unstuck.chain.phone.entries import Attempt
from unstuck.chain.records.ranges import Ranges
from unstuck.chain.server.domain.possession import code_of, tracker_id
from unstuck.chain.tracker.bluetooth.peripheral import Peripheral, static_address
from unstuck.chain.tracker.memory import Capacity
from unstuck.lab.app import AppProcess
from unstuck.lab.backend import Backend
from unstuck.lab.linked import LinkNotes
from unstuck.lab.neighbours import Beacon, OtherPhone
from unstuck.lab.network import PhoneNetwork
from unstuck.lab.phone.models import MODELS
from unstuck.lab.phone.phone import LabPhone
from unstuck.lab.phone.state import Bond
from unstuck.lab.state import Hung, State, Wedged
from unstuck.lab.wrist import LabTracker

TRACE_FILE = "btsnoop_hci.log"
PHONE_ADDRESS = "02:55:4E:53:54:4B"

LOOK_EVERY_S = 30.0
"""How often the world looks whether anything has to follow the state: half a tracker's minute."""

WORN_BEFORE_S = 3 * 3600
"""The tracker has been worn this long when a case begins."""

RESTART_S = 9.0
"""A tracker is away for this long when its button is held."""

LOOPING_UP_S = 1.5
"""One that restarts by itself over and over is there for so long: it advertises, and goes before a link is set up."""


@dataclass(frozen=True, slots=True)
class TrackerKind:
    """A product: its name in the air, whose app it needs, and whether our own chain's evidence comes with it.

    ``keeps_hours``: of minute detail. A lab's day is short, so its trackers keep hours where real ones keep days.
    """

    id: str
    name: str
    package: str
    app: str
    open: bool
    keeps_hours: int = 168


KINDS = {
    kind.id: kind
    for kind in (
        TrackerKind("unstuck", "Unstuck One", "unstuck.agent", "the Unstuck agent", True),
        TrackerKind("inspire", "Inspire 3", "com.fitbit.FitbitMobile", "Google Health (Fitbit)", False),
        TrackerKind("charge", "Charge 6", "com.fitbit.FitbitMobile", "Google Health (Fitbit)", False),
    )
}


@dataclass(frozen=True, slots=True)
class Setting:
    """Which phone and tracker, from when (Unix s), and the seed of all chance."""

    phone: str = "pixel-14"
    tracker: str = "unstuck"
    begins_s: float = 1_773_298_800.0
    seed: int = 1
    memory_hours: int = 0
    """Hours of detail that the tracker keeps; 0: as its kind does."""


class World:
    """From ``async with`` to its end, on the loop that is running. ``state`` may be changed any time; :meth:`apply`
    makes the chain follow."""

    def __init__(
        self,
        folder: Path,
        setting: Setting,
        *,
        prepare: Callable[[FastAPI], None] | None = None,
        port: int = 0,
    ) -> None:
        """``prepare``, ``port``: as :class:`Backend` takes them, for a world that is looked at in a browser."""
        self._loop = asyncio.get_running_loop()
        self._loop_began_s = self._loop.time()
        self.folder = folder
        self.setting = setting
        self.kind = KINDS[setting.tracker]
        self.dice = random.Random(f"world {setting.seed}")
        code = code_of(random.Random(setting.seed).randbytes(10))
        self.tracker_id = tracker_id(code)
        phone = LabPhone(
            MODELS[setting.phone],
            lambda: self.true_time(),  # a function, so that a copy of the phone shares the clock and not the world
            package=self.kind.package,
            app_name=self.kind.app,
            seed=setting.seed,
        )
        self.state = State(phone)
        self.state.person.used_phone_s = setting.begins_s
        self.air = Air(Surroundings(), setting.seed)
        self.radio = VirtualPhone(Host("phone", PHONE_ADDRESS, self.air))
        self.address = static_address(self.tracker_id)
        self._wrist = Host("tracker", self.address, self.air, None, self.state.rooms.wrist)
        hours = setting.memory_hours or self.kind.keeps_hours
        self.tracker = LabTracker(
            self.kind.name,
            self.tracker_id,
            lambda: self.state,
            setting.begins_s - WORN_BEFORE_S,
            seed=setting.seed,
            capacity=Capacity(detail=hours * 60 + 200) if hours != 168 else None,
        )
        self.peripheral = Peripheral(self.tracker, self._wrist, self.true_time, code=code)
        self.backend = Backend(folder, self.true_time, code, prepare=prepare, port=port)
        self.app = AppProcess(
            folder,
            self.tracker_id,
            phone,
            self.radio,
            self.backend.address,
            PhoneNetwork(lambda: self.state, self.backend.transport),
            self.phone_time,
            self.true_time,
            self.dice.random,
        )
        self._beacon = Beacon(self.air, Spot(5.0, 3.0))
        self._other = OtherPhone(self.air, Spot(3.0, 2.0))
        self._trace: BinaryIO | None = None
        self._was = _Was()
        self._living: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def true_time(self) -> float:
        """Unix seconds, as the sun has it."""
        return self.setting.begins_s + self._loop.time() - self._loop_began_s

    def phone_time(self) -> float:
        """Unix seconds, as the phone has it."""
        return self.true_time() + self.state.phone.state.clock_offset_s

    async def __aenter__(self) -> Self:
        self._trace = (self.folder / TRACE_FILE).open("wb")
        self.radio.host.snoop(Trace(self._trace, self.phone_time))
        LinkNotes(self.state.phone, self.true_time, self.address).listen(self.radio.host.device)
        await self.backend.__aenter__()
        await self.radio.host.turn_on()
        if self.state.rooms.beacon:
            await self._beacon.start()
        await self.peripheral.start()
        await self.apply()
        self._living = self._loop.create_task(self._live())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        living = [task for task in (self._living, *self._tasks) if task is not None]
        for task in living:
            task.cancel()
        if living:
            await asyncio.wait(living)
        await self.app.stop()
        await self._other.stop()
        await self._beacon.stop()
        await self.peripheral.stop()
        await self.radio.host.turn_off()
        self.radio.host.snoop(None)
        await self.backend.__aexit__(kind, error, trace)
        if self._trace is not None:
            self._trace.close()

    async def pass_time(self, seconds: float) -> None:
        """Let the world live so long."""
        await asyncio.sleep(seconds)
        if self._living is not None and self._living.done():
            self._living.result()

    def trace(self) -> bytes:
        """The Bluetooth log up to now."""
        if self._trace is not None:
            self._trace.flush()
        return (self.folder / TRACE_FILE).read_bytes()

    @property
    def attempts(self) -> list[Attempt]:
        """All attempts of the app."""
        return self.app.attempts

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def lost(self) -> int:
        """Records that were recorded and are nowhere now, though the tracker overwrote none of them."""
        memory = self.tracker.memory
        server, phone = self.backend.held(), self.app.held()
        gone, nothing = 0, Ranges()
        for boot, end in memory.ends.items():
            known = memory.overwritten.get(boot, nothing) | memory.held.get(boot, nothing)
            known = known | server.get(boot, nothing) | phone.get(boot, nothing)
            gone += (Ranges.span(0, end - 1) - known).total
        return gone

    async def _live(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.apply()

    # following the state

    async def apply(self) -> None:
        """Make everything as the state says."""
        async with self._lock:
            self._count()
            await self._rooms()
            await self._phone_bluetooth()
            await self._tracker()
            await self._bonds()
            await self._service()
            await self._app()

    async def _rooms(self) -> None:
        rooms = self.state.rooms
        around = Surroundings(rooms.walls, rooms.jammers, rooms.metal_db)
        radio = self.radio.host.controller
        elsewhere = Elsewhere(rooms.phone_links, rooms.phone_busy)
        now = (rooms.wrist, around, elsewhere)
        if now != self._was.rooms:
            self._was.rooms = now
            self._wrist.controller.spot = rooms.wrist
            self.air.surroundings = around
            radio.elsewhere = elsewhere
            self.air.changed()
        if rooms.drop_link:
            rooms.drop_link = False
            await self._drop_link()

    async def _drop_link(self) -> None:
        for connection in list(self.radio.host.device.connections.values()):
            with suppress(hci.HCI_Error):
                await connection.disconnect()

    async def _phone_bluetooth(self) -> None:
        phone, wedged = self.state.phone.state, self.state.rooms.wedged
        radio = self.radio.host
        if phone.booted_s != self._was.booted_s:
            self._was.booted_s = phone.booted_s
            if radio.controller.stalled:  # first: to a chip that hangs no link can be closed
                radio.controller.stalled = False
                radio.cut()
            await self.app.stop()
            await radio.turn_off()
        self.radio.no_clients = wedged is Wedged.NO_CLIENTS
        radio.controller.refuses = (
            hci.HCI_ErrorCode.CONNECTION_FAILED_TO_BE_ESTABLISHED_ERROR if wedged is Wedged.REFUSES else None
        )
        on = phone.powered and phone.bluetooth == "on" and wedged is not Wedged.TURNING
        stalled = wedged is Wedged.CHIP
        if stalled and not radio.controller.stalled:
            self.air.cut(radio.controller)
        if radio.controller.stalled and not stalled:
            radio.controller.stalled = False
            radio.cut()  # the chip had to be reset, and all its links are gone
        radio.controller.stalled = stalled
        if not stalled and on != radio.on:
            await (radio.turn_on() if on else radio.turn_off())

    async def _tracker(self) -> None:
        wrist, was = self.state.wrist, self._was
        self.tracker.follow()
        silent = wrist.off or wrist.hung is Hung.RADIO
        self.peripheral.mute = wrist.hung is Hung.MUTE
        if not wrist.off:
            with suppress(OSError):  # its memory is broken, and what it measures is lost
                self.tracker.advance(self.true_time())
        if silent != was.silent:
            was.silent = silent
            if silent:
                await self.peripheral.fall_silent()
            else:
                if was.was_off:
                    with suppress(OSError):
                        self._tracker_restarts()
                await self.peripheral.start()
        was.was_off = wrist.off
        if self.tracker.firmware.version != wrist.firmware and not silent:
            self.tracker.install(wrist.firmware)
            wrist.restarts += 1
        if wrist.restarts_every_s and not was.looping:
            was.looping = True
            self._spawn(self._keep_restarting())
        exchanged = was.refuses and not wrist.memory_refuses
        was.refuses = wrist.memory_refuses
        if (wrist.restarts != was.restarts or exchanged) and not wrist.off:
            was.restarts = wrist.restarts
            with suppress(OSError):
                self._tracker_restarts()
            if not silent:
                self._spawn(self.peripheral.restart(RESTART_S))
        wrist.overwriting = bool(self.tracker.memory.overwritten)
        if wrist.lagging and self.state.undrained < _FRESH_RECORDS:
            wrist.lagging = False

    async def _keep_restarting(self) -> None:
        """Up for a moment, too short for anything, and gone again, until the fault ends."""
        wrist = self.state.wrist
        while wrist.restarts_every_s and not wrist.off:
            with suppress(OSError):
                self._tracker_restarts()
            await self.peripheral.restart(max(RESTART_S, wrist.restarts_every_s - LOOPING_UP_S))
            await asyncio.sleep(LOOPING_UP_S)
        self._was.looping = False

    def _tracker_restarts(self) -> None:
        self.tracker.handle(Request(Code.POST, ("restart",)), self.true_time())

    async def _bonds(self) -> None:
        wrist, was = self.state.wrist, self._was
        phone = self.state.phone.state
        bonded = any(bond.address == self.address for bond in phone.bonds)
        if wrist.erased != was.erased:
            was.erased = wrist.erased
            body = cbor2.dumps({"confirm": self.tracker_id})
            self.tracker.handle(Request(Code.DELETE, ("memory",), (), body), self.true_time())
            await self._pair_anew()
        if wrist.paired_anew != was.paired_anew:
            was.paired_anew = wrist.paired_anew
            await self._pair_anew()
        if wrist.forgot_bond and not was.forgot_bond:
            await self.peripheral.forget_bonds()
        was.forgot_bond = wrist.forgot_bond
        if wrist.wrong_key and not was.wrong_key:
            await self._spoil_key()
        was.wrong_key = wrist.wrong_key
        if was.bonded and not bonded:
            await self.radio.forget(self.address)
        keys = await self.radio.bonded()
        if self.address in keys and not bonded and not was.bonded:
            phone.bonds.append(Bond(self.address, self.kind.name))
            bonded = True
        was.bonded = bonded
        await self._other.follow(self.state.rooms.other_phone, self.peripheral)

    async def _pair_anew(self) -> None:
        """Both sides forget, as a person makes them, and the tracker's button opens it."""
        await self.radio.forget(self.address)
        await self.peripheral.forget_bonds()
        self.peripheral.open_pairing()
        await self.app.link.close()
        self._was.bonded = False
        self.note_paired()
        phone = self.state.phone.state
        phone.bonds[:] = [bond for bond in phone.bonds if bond.address != self.address]

    def note_paired(self) -> None:
        """Both sides have a new key of each other: nothing is left of what was wrong with the old ones."""
        self.state.wrist.forgot_bond = self.state.wrist.wrong_key = False
        self._was.forgot_bond = self._was.wrong_key = False
        self.state.phone_forgot = False

    async def _spoil_key(self) -> None:
        """The tracker's key is another one from now on."""
        store = self._wrist.device.keystore
        assert store is not None
        for name, keys in await store.get_all():
            for key in (keys.ltk, keys.ltk_central, keys.ltk_peripheral):
                if key is not None:
                    key.value = self.dice.randbytes(16)
            await store.update(name, keys)
        for connection in list(self._wrist.device.connections.values()):
            with suppress(hci.HCI_Error):
                await connection.disconnect()

    async def _service(self) -> None:
        service, was = self.state.service, self._was
        now = (service.minimum_app, service.minimum_firmware, service.down)
        if now != was.service:
            was.service = now
            self.backend.set(service, service.down.value == "maintenance")
        token = self.backend.token
        if service.login != was.login:
            was.login = service.login
            if service.login.value == "good":
                await self.backend.sign_in()
            else:
                await self.backend.spoil_login(service.login)
        if service.claimed != was.claimed:
            was.claimed = service.claimed
            await self.backend.claim(service.claimed)
        if token != self.backend.token and self.app.running:
            await self.app.stop()

    async def _app(self) -> None:
        state, was = self.state, self._was
        app = state.phone.state.app
        if state.app_installed != was.app_installed:
            was.app_installed = state.app_installed
            await self.app.stop()
            for file in self.folder.glob("journal.sqlite*"):
                file.unlink()
        if app.data_corrupt and not was.corrupt:
            await self.app.stop()
            _scribble(self.app.journal_file)
        was.corrupt = app.data_corrupt
        await self.app.follow(self.backend.token)
        if state.synced_by_hand != was.synced and self.app.agent is not None:
            self.app.agent.sync_now()
        was.synced = state.synced_by_hand

    def _count(self) -> None:
        self.state.unsent = self.app.unsent()
        held = sum(ranges.total for ranges in self.tracker.memory.held.values())
        self.state.undrained = max(0, held - self._known_to_phone())

    def _known_to_phone(self) -> int:
        """Records on the tracker that the phone has too: they wait for their trim."""
        agent = self.app.agent
        if agent is None:
            return self._was.known
        ledger = agent.snapshot().ledger
        known = 0
        for boot, ranges in self.tracker.memory.held.items():
            known += (ranges & ledger.committed.get(boot, type(ranges)())).total
        self._was.known = known
        return known


_FRESH_RECORDS = 30
"""So few records not drained are those of the last minutes: the phone has caught up."""


@dataclass(slots=True)
class _Was:
    """What the chain was last made to be."""

    rooms: object = None
    booted_s: float = 0.0
    silent: bool = False
    was_off: bool = False
    restarts: int = 0
    looping: bool = False
    refuses: bool = False
    erased: int = 0
    paired_anew: int = 0
    forgot_bond: bool = False
    wrong_key: bool = False
    bonded: bool = False
    service: object = None
    login: object = None
    claimed: object = None
    app_installed: int = 1
    corrupt: bool = False
    synced: int = 0
    known: int = 0


def _scribble(journal: Path) -> None:
    """What a power cut on a bad flash leaves of a database."""
    if journal.exists():
        for name in ("-wal", "-shm"):
            journal.with_name(journal.name + name).unlink(missing_ok=True)
        data = bytearray(journal.read_bytes())
        data[40:400] = bytes(360)
        journal.write_bytes(bytes(data))
