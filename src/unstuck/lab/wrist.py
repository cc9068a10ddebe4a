"""The tracker of the lab: the chain's own, with what can be wrong with one: dead sensors, old firmware, bad flash."""

from collections.abc import Callable
from dataclasses import replace

from unstuck.chain.link.coap import Code, Request, Response
from unstuck.chain.releases.versions import is_too_old
from unstuck.chain.tracker.battery import FULL_MILLIPERCENT
from unstuck.chain.tracker.device import Tracker
from unstuck.chain.tracker.files import RamFiles
from unstuck.chain.tracker.generator import Generator
from unstuck.chain.tracker.memory import Capacity
from unstuck.chain.tracker.resources import Identity
from unstuck.chain.tracker.source import Sample
from unstuck.lab.backend import MODEL
from unstuck.lab.state import State

_NEW_REQUESTS = frozenset({"sync", "records"})
"""What a new app asks for in a way that old firmware does not know."""


class Worn:
    """The wrist as a source: a person's minutes while the tracker is worn and its sensor lives.

    A tracker in a drawer measures nothing; the chain's generator leaves it off for a while on its own, as people do.
    """

    def __init__(self, state: Callable[[], State], seed: int) -> None:
        self._state = state
        self._person = Generator(seed)

    def sample(self, minute_s: int) -> Sample | None:
        """The minute, or None where nothing was measured."""
        wrist = self._state().wrist
        if wrist.sensor_dead or wrist.on_charger or not wrist.worn:
            return None
        return self._person.sample(minute_s)


class Flash(RamFiles):
    """Memory that can go bad: then nothing can be written to it, what is there stays."""

    def __init__(self) -> None:
        super().__init__()
        self.bad = False

    def create(self, name: str, data: bytes) -> None:
        """OSError: it is bad."""
        self._check()
        super().create(name, data)

    def append(self, name: str, data: bytes) -> None:
        """OSError: it is bad."""
        self._check()
        super().append(name, data)

    def _check(self) -> None:
        if self.bad:
            raise OSError(5, "the flash cannot be written")


class LabTracker(Tracker):
    """A tracker whose battery and faults follow the state."""

    def __init__(
        self,
        name: str,
        identity: str,
        state: Callable[[], State],
        begins_s: float,
        *,
        seed: int,
        capacity: Capacity | None = None,
        release_keys: tuple[bytes, ...] = (),
    ) -> None:
        self._lab_state = state
        self.flash = Flash()
        super().__init__(
            Identity(identity, name, state().wrist.firmware, MODEL),
            self.flash,
            Worn(state, seed),
            begins_s,
            capacity=capacity,
            release_keys=release_keys,
        )

    def follow(self) -> None:
        """Take over what the state says of battery and flash."""
        wrist = self._lab_state().wrist
        self.flash.bad = wrist.memory_refuses
        level = round(min(100.0, max(0.0, wrist.battery_percent)) / 100 * FULL_MILLIPERCENT)
        self.notes = replace(self.notes, battery_millipercent=level, charging=int(wrist.on_charger))

    def install(self, version: str) -> None:
        """Another firmware, by the maker's own app; it runs after the next restart."""
        self.identity = replace(self.identity, firmware=version)

    def handle(self, request: Request, true_s: float) -> Response:
        """As ever; firmware that is older than the app's way of asking does not know what is asked."""
        minimum = self._lab_state().service.minimum_firmware
        if request.path[:1] and request.path[0] in _NEW_REQUESTS and is_too_old(self.firmware.version, minimum):
            return Response(Code.NOT_FOUND, b"no such resource")
        return super().handle(request, true_s)
