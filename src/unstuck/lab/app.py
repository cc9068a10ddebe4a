"""The app on the lab's phone: the chain's agent as a process that the phone starts, stops and kills.

What it does leaves in the phone's logs what an app's doings leave there: its jobs, its links, its errors.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx

from unstuck.chain.link.radio.central import VirtualPhone
from unstuck.chain.phone.agent import Agent, Ways
from unstuck.chain.phone.bluetooth import BluetoothLink, Radio
from unstuck.chain.phone.entries import Attempt
from unstuck.chain.phone.faults import JournalError
from unstuck.chain.phone.host import HostAct
from unstuck.chain.phone.journal import Journal
from unstuck.chain.phone.reasons import Outcome, Side
from unstuck.chain.phone.server import Server
from unstuck.chain.records.ranges import Ranges
from unstuck.lab.phone.phone import LabPhone

JOURNAL_FILE = "journal.sqlite"

CRASHES_APART_S = 900.0
"""A crashed app is started again for its next job."""

_AUTH = frozenset(
    {
        Outcome.TOKEN_UNKNOWN,
        Outcome.TOKEN_EXPIRED,
        Outcome.TOKEN_SIGNED_OUT,
        Outcome.TOKEN_REVOKED,
        Outcome.TOKEN_PASSWORD_CHANGED,
        Outcome.TOKEN_SECOND_FACTOR,
        Outcome.TOKEN_MISSING,
    }
)
_ERRORS = {
    Outcome.NOT_CLAIMED: "account",
    Outcome.RELEASED: "account",
    Outcome.OTHER_ACCOUNT: "account",
    Outcome.JOURNAL_FULL: "storage_full",
    Outcome.JOURNAL_FAILED: "database",
    Outcome.FIRMWARE_TOO_OLD: "version_refused",
    Outcome.AGENT_TOO_OLD: "version_refused",
    Outcome.BLUETOOTH_DENIED: "scan_denied",
    Outcome.SERVER_UNREADABLE: "unreadable",
}
"""Which error of its log an app writes for what ended its attempt."""

_UNREACHED = {"name resolution": "dns", "certificate": "tls"}


class AppProcess:
    """``now``: the phone's own clock (Unix s). ``address``, ``network``: the service, and the phone's way there."""

    def __init__(
        self,
        folder: Path,
        tracker: str,
        phone: LabPhone,
        radio: VirtualPhone,
        address: str,
        network: httpx.AsyncBaseTransport,
        now: Callable[[], float],
        true_time: Callable[[], float],
        chance: Callable[[], float],
    ) -> None:
        self.link = BluetoothLink("", Radio(radio.client, radio.scanner), host=phone)
        self.agent: Agent | None = None
        self.attempts: list[Attempt] = []
        """Every attempt since the world began, over all starts."""
        self._folder = folder
        self._tracker = tracker
        self._phone = phone
        self._address = address
        self._network = network
        self._now = now
        self._true_time = true_time
        self._chance = chance
        self._journal: Journal | None = None
        self._server: Server | None = None
        self._task: asyncio.Task[None] | None = None
        self._crashed_s = float("-inf")
        self._heard = asyncio.Event()
        self._unsent = 0

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._task is not None

    @property
    def journal_file(self) -> Path:
        """Its own file."""
        return self._folder / JOURNAL_FILE

    async def follow(self, token: str) -> None:
        """Live or die as the phone lets it; ``token``: its login."""
        phone = self._phone
        app = phone.state.app
        alive = app.pid is not None and phone.state.powered and not app.stopped
        if self.running and not alive:
            await self.stop()
        elif not self.running and not alive and phone.state.powered and not phone.forbids(HostAct.WAKE):
            # The next alarm starts it: at once is soon enough, for the agent keeps its own rhythm.
            if not phone.forbids(HostAct.RUN) and self._true_time() - self._crashed_s >= CRASHES_APART_S:
                phone.note_started()
                await self.start(token)
        elif not self.running and alive:
            await self.start(token)

    async def start(self, token: str) -> None:
        """Open its files and go on; it crashes on files that cannot be read."""
        try:
            self._journal = Journal(self.journal_file)
        except JournalError:
            self._crashed_s = self._true_time()
            self._phone.note_error("database")
            self._phone.note_crashed(exception="android.database.sqlite.SQLiteDatabaseCorruptException")
            return
        self._server = Server(self._address, token, self._network)
        ways = Ways(self._now, asyncio.sleep, self._chance, self._phone)
        self.agent = Agent(self._journal, self._tracker, self.link, self._server, ways)
        self.agent.on_attempt = self._attempted
        self._task = asyncio.get_running_loop().create_task(self.agent.run())

    async def stop(self) -> None:
        """The process ends; the system closes its links."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait((task,))
        await self.link.close()
        if self._server is not None:
            await self._server.close()
        if self._journal is not None:
            self._journal.close()
        self.agent = self._server = self._journal = None

    async def settle(self, longest_s: float) -> None:
        """Sync now and wait until both sides have had their turn, or so long."""
        if self.agent is None:
            return
        before = len(self.attempts)
        self.agent.sync_now()
        try:
            async with asyncio.timeout(longest_s):
                while {one.side for one in self.attempts[before:]} != set(Side):
                    self._heard.clear()
                    await self._heard.wait()
        except TimeoutError:
            return

    def unsent(self) -> int:
        """Records that the phone holds and the server has not confirmed."""
        if self._journal is not None:
            ledger = self._journal.ledger(self._tracker)
            nothing = Ranges()
            self._unsent = sum(
                (ranges - ledger.confirmed.get(boot, nothing)).total for boot, ranges in ledger.committed.items()
            )
        return self._unsent

    def held(self) -> Mapping[int, Ranges]:
        """Everything that the journal has, by boot; nothing while the app does not run."""
        return {} if self._journal is None else self._journal.ledger(self._tracker).committed

    def _attempted(self, attempt: Attempt) -> None:
        self.attempts.append(attempt)
        self._heard.set()
        phone, now_s = self._phone, self._true_time()
        if attempt.outcome is Outcome.HOST_FORBIDS:
            if "phone.permission_missing" in attempt.causes:
                phone.note_error("scan_denied")
            if "phone.storage_full" in attempt.causes:
                phone.note_error("storage_full")
            return
        if attempt.side is Side.DRAIN:
            phone.note_job(now_s)
        status = re.match(r"[1-5]\d\d\b", attempt.detail)
        if attempt.side is Side.UPLOAD and attempt.outcome.good:
            phone.note_http(now_s, 200)
        elif status:
            phone.note_http(now_s, int(status[0]))
        if attempt.outcome in _AUTH:
            phone.note_http(now_s, 401)
            phone.note_error("auth")
        elif attempt.outcome is Outcome.SERVER_SILENT:
            kind = next((kind for sign, kind in _UNREACHED.items() if sign in attempt.detail), "timeout")
            phone.note_error(kind)
        elif attempt.outcome in _ERRORS:
            if attempt.outcome is Outcome.AGENT_TOO_OLD:
                phone.note_http(now_s, 426)
            phone.note_error(_ERRORS[attempt.outcome], _SAYS.get(attempt.outcome, ""))


_SAYS = {Outcome.FIRMWARE_TOO_OLD: "the tracker's firmware"}
