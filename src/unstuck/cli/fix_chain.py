"""The hand in our own chain: permits enter, our agent does them, what came of it leaves.

Drain now, while an agent runs in another process, is asked of that agent (``chain/phone/asking.py``): it holds the
journal and the link. Everything else needs both, so it says to stop that agent first.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import typer

from unstuck.chain.phone.asking import ask_to_sync
from unstuck.chain.phone.entries import Attempt
from unstuck.chain.phone.faults import JournalError, JournalFault
from unstuck.chain.phone.firmware import read_told
from unstuck.chain.phone.host import HostForbidsError
from unstuck.chain.phone.reasons import sentence
from unstuck.chain.phone.tracker import TrackerApi, TrackerError
from unstuck.cli import account_run
from unstuck.cli.agent_run import ANY, AgentRequest, OpenAgent, SyncNow, open_agent
from unstuck.cli.state import JOURNAL_FILE, TRACKER_CODE_FILE
from unstuck.cli.status import ExitStatus
from unstuck.cli.update_run import update_firmware
from unstuck.doctor.remedies.acts import ChainAct, ChainDeed, Done, Look
from unstuck.doctor.remedies.permit import Permit
from unstuck.model.errors import UnstuckError

RESTART_S = 3.0
"""Seconds a tracker takes to come back; the next attempt looks for it much longer."""

_OF_UP = "this chain belongs to 'unstuck up', which has the tracker in it: start that, it syncs by itself"
_NOT_SEEN = "an agent runs here and does not answer; it hangs, or is older: stop it and try again"
_NO_SERVER = "no server is set; run 'unstuck account login NAME --server URL'"


@dataclass(frozen=True, slots=True)
class ChainHand:
    """Acts on the chain whose agent's folder this is. ``tracker``: as ``unstuck agent --tracker`` has it."""

    folder: Path
    tracker: str = ANY

    async def look(self, look: Look) -> str | None:
        """There is nothing to look at: our chain has no settings that a remedy changes."""
        return None

    async def make(self, permit: Permit) -> Done:
        """Do what is permitted; a refusal of any part is the answer, never an exception."""
        act = permit.use()
        if not isinstance(act, ChainAct):
            raise TypeError(f"not for our chain: {act}")
        try:
            return await self._deeds()[act.deed]()
        except JournalError as fault:
            if fault.fault is JournalFault.BUSY and act.deed is ChainDeed.DRAIN_NOW:
                return Done(True) if await self._ask_the_running_one() else Done(False, _NOT_SEEN)
            return Done(False, str(fault))
        except (TrackerError, HostForbidsError) as fault:
            return Done(False, _words(fault))
        except UnstuckError as fault:
            return Done(False, str(fault))
        except OSError as fault:
            return Done(False, fault.strerror or str(fault))

    def _deeds(self) -> dict[ChainDeed, Callable[[], Awaitable[Done]]]:
        return {
            ChainDeed.DRAIN_NOW: self._drain_now,
            ChainDeed.RESTART_TRACKER: lambda: self._with_agent(_restart),
            ChainDeed.PAIR_AGAIN: lambda: self._with_agent(_sync, pair_again=True),
            ChainDeed.UPDATE_FIRMWARE: lambda: self._with_agent(_update),
            ChainDeed.SIGN_IN: self._sign_in,
        }

    @property
    def _of_up(self) -> bool:
        """Whether the tracker is the virtual one, which lives in the process of ``unstuck up`` and is reached there."""
        return self.tracker == ANY and (self.folder / TRACKER_CODE_FILE).exists()

    async def _drain_now(self) -> Done:
        if not self._of_up:
            return await self._with_agent(_sync)
        return Done(True) if await self._ask_the_running_one() else Done(False, _OF_UP)

    async def _with_agent(self, work: Callable[[OpenAgent], Awaitable[Done]], *, pair_again: bool = False) -> Done:
        if self._of_up:
            return Done(False, _OF_UP)
        request = AgentRequest(self.tracker, folder=self.folder, once=True, pair_again=pair_again)
        async with AsyncExitStack() as stack:
            hurry = SyncNow()
            stack.callback(hurry.close)
            opened = await open_agent(request, stack, hurry)
            if opened is None:
                return Done(False, "the tracker is not known yet and did not answer")
            return await work(opened)

    async def _ask_the_running_one(self) -> bool:
        return await ask_to_sync(self.folder / JOURNAL_FILE, asyncio.sleep)

    async def _sign_in(self) -> Done:
        if not sys.stdin.isatty():
            return Done(False, "nobody can be asked for name and password here (no terminal)")
        name = str(typer.prompt("Name of the account", err=True)).strip()
        who = account_run.Who(name, folder=self.folder)
        await asyncio.to_thread(account_run.login, who, "")  # it runs a loop of its own
        return await self._with_agent(_sync)


async def _sync(opened: OpenAgent) -> Done:
    """One attempt at each side."""
    attempts = [await opened.agent.drain_once()]
    if opened.server is not None:
        attempts.append(await opened.agent.upload_once())
    return came_of(attempts)


def came_of(attempts: list[Attempt]) -> Done:
    """Good when any side brought something, or when all found nothing amiss."""
    bad = [attempt for attempt in attempts if not attempt.outcome.good]
    if not bad or any(attempt.records for attempt in attempts):
        return Done(True)
    return Done(False, sentence(bad[0].outcome, bad[0].detail))


async def _restart(opened: OpenAgent) -> Done:
    api = TrackerApi(opened.link)
    told = read_told(await api.firmware())
    if told.release is not None or told.ready is not None:
        # A restart would also start that firmware, and whether that may be is for the gate of updates to say.
        return Done(False, "a firmware update is under way; let 'unstuck agent --update-firmware' finish it first")
    await api.restart()
    await asyncio.sleep(RESTART_S)
    return await _sync(opened)


async def _update(opened: OpenAgent) -> Done:
    if opened.server is None:
        return Done(False, _NO_SERVER)
    status = await update_firmware(opened.agent, opened.link, opened.server, opened.folder, opened.ways, as_json=False)
    return Done(status is ExitStatus.HEALTHY, "" if status is ExitStatus.HEALTHY else "the update did not end well")


def _words(fault: TrackerError | HostForbidsError) -> str:
    return fault.reasons[0].text if isinstance(fault, HostForbidsError) else sentence(fault.outcome, fault.detail)
