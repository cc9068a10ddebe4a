"""What ``unstuck up`` can look at and do for its owner's pages: its own chain, and a phone on a cable of this computer.

Only for who has the tracker, on a server that listens on this machine alone. The agent's own loop does the acts.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from unstuck.chain.phone.agent import Agent
from unstuck.chain.phone.bluetooth import BluetoothLink
from unstuck.chain.phone.entries import Attempt
from unstuck.chain.phone.person import AccountError
from unstuck.chain.phone.tracker import TrackerApi, TrackerError
from unstuck.cli.fix_chain import RESTART_S, came_of
from unstuck.cli.fix_run import SHELL_LIMIT_S
from unstuck.doctor.remedies.acts import ChainAct, ChainDeed, Channel, Done, Look
from unstuck.doctor.remedies.drive import Hand
from unstuck.doctor.remedies.hands.adb import AdbHand
from unstuck.doctor.remedies.permit import Permit
from unstuck.doctor.remedies.target import Connection
from unstuck.evidence.adb.client import SOURCE, AdbClient
from unstuck.evidence.adb.collect import collect as collect_phone
from unstuck.evidence.chain import collect as collect_chain
from unstuck.evidence.intake import renamed
from unstuck.evidence.profiles import packages
from unstuck.model.errors import LiveError, UnstuckError
from unstuck.model.evidence import ReaderOptions, Reading
from unstuck.web.pages.hands import CHAIN, JOURNAL_NAME, PHONE, Way

_Result = TypeVar("_Result")

SETTLE_S = 120.0
"""Seconds of the chain for one sync of both sides that was asked for."""
_LOOK_S = 0.5
"""Seconds of the chain between two looks whether it is through."""


@dataclass(frozen=True, slots=True)
class OwnChain:
    """One running chain. ``sign_in``: a new login for its agent; ``open_pairing``: the virtual tracker's button."""

    loop: asyncio.AbstractEventLoop
    agent: Agent
    link: BluetoothLink
    journal: Path
    now_s: Callable[[], float]
    sign_in: Callable[[], Awaitable[None]]
    open_pairing: Callable[[], None]


class UpHands:
    """:class:`unstuck.web.pages.hands.Hands` of ``unstuck up``; made before there is a chain."""

    ways = (
        Way(CHAIN, "This chain", "The agent's journal, and what has arrived at this server."),
        Way(
            PHONE,
            "A phone on a cable",
            "An Android phone on this computer, USB debugging on. Changed only with your yes.",
        ),
    )

    def __init__(self, pace: float) -> None:
        self.pace = pace
        self._own: OwnChain | None = None
        self._serial = ""

    def open(self, own: OwnChain) -> None:
        """From now on there is a chain."""
        self._own = own

    @property
    def tracker(self) -> str:
        """Empty before there is a chain."""
        return self._own.agent.tracker if self._own is not None else ""

    async def look(self, way: str) -> list[Reading]:
        """The journal as it is, or the phone as it answers."""
        return await asyncio.to_thread(self._chain if way == CHAIN else self._phone)

    def connection(self, way: str) -> Connection | None:
        """The agent; the phone once one was seen."""
        if way == CHAIN:
            return Connection(Channel.CHAIN, "the agent")
        return Connection(Channel.ADB, self._serial, SOURCE) if self._serial else None

    def hands(self) -> Mapping[Channel, Hand]:
        """The agent's own, and a phone's shell where one was seen."""
        found: dict[Channel, Hand] = {}
        if self._own is not None:
            found[Channel.CHAIN] = OwnHand(self._own)
        if self._serial:
            found[Channel.ADB] = AdbHand(self._shell)
        return found

    async def did_by_hand(self, fix: str) -> None:
        """Whatever the person did, the agent may try at once."""
        if self._own is not None:
            self._own.loop.call_soon_threadsafe(self._own.agent.sync_now)

    def _chain(self) -> list[Reading]:
        own = self._own
        if own is None:
            return []
        found = asyncio.run(collect_chain(own.journal, None, own.now_s()))
        return [renamed(reading, str(own.journal), JOURNAL_NAME) for reading in found]

    def _phone(self) -> list[Reading]:
        client = AdbClient()
        try:
            self._serial = client.choose("").serial
        except LiveError:
            self._serial = ""
        return collect_phone(client, self._serial, ReaderOptions(packages()), lambda _text, _done, _all: None)

    async def _shell(self, command: str) -> tuple[str, int | None]:
        result = await asyncio.to_thread(AdbClient().shell, self._serial, command, SHELL_LIMIT_S)
        return (result.stdout + result.stderr).decode("utf-8", "replace"), result.status


class OwnHand:
    """What the running agent can be told to do."""

    def __init__(self, own: OwnChain) -> None:
        self._own = own

    async def look(self, look: Look) -> str | None:
        """Our chain has no settings that a remedy changes."""
        return None

    async def make(self, permit: Permit) -> Done:
        """Do what is permitted; a refusal of any part is the answer, never an exception."""
        act = permit.use()
        if not isinstance(act, ChainAct):
            raise TypeError(f"not for our chain: {act}")
        return await self._on_loop(self._deed(act.deed))

    async def _on_loop(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._own.loop))

    async def _deed(self, deed: ChainDeed) -> Done:
        own = self._own
        try:
            match deed:
                case ChainDeed.RESTART_TRACKER:
                    await TrackerApi(own.link).restart()
                    await asyncio.sleep(RESTART_S)
                case ChainDeed.PAIR_AGAIN:
                    own.open_pairing()
                    own.link.pair_again = True
                    await own.link.close()
                case ChainDeed.SIGN_IN:
                    await own.sign_in()
                case ChainDeed.UPDATE_FIRMWARE:
                    return Done(False, "stop 'unstuck up' and use 'unstuck agent --update-firmware'")
                case ChainDeed.DRAIN_NOW:
                    pass
        except TrackerError as fault:
            return Done(False, fault.detail or "the tracker does not answer")
        except (AccountError, UnstuckError) as fault:
            return Done(False, str(fault))
        attempts = await self._settled()
        return came_of(attempts) if attempts else Done(False, "the agent made no attempt in time")

    async def _settled(self) -> list[Attempt]:
        """The attempts of a sync that is asked for now."""
        own = self._own
        asked_s = own.now_s()
        own.agent.sync_now()
        while own.now_s() - asked_s < SETTLE_S:
            await asyncio.sleep(_LOOK_S)
            fresh = [one for one in own.agent.snapshot().last.values() if one.ended_s >= int(asked_s)]
            if len(fresh) == len(own.agent.snapshot().last) and not own.agent.snapshot().underway:
                return fresh
        return []
