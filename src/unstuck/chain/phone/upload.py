"""The other side of the agent: journal to server. It does what the engine says."""

from collections.abc import Callable
from dataclasses import replace

from unstuck.chain.phone import engine, held
from unstuck.chain.phone.answers import ServerError
from unstuck.chain.phone.engine import (
    UPLOAD_BYTES,
    AskFirmware,
    Compare,
    Done,
    Identify,
    Prune,
    Send,
    Status,
    TellHeld,
    UploadView,
)
from unstuck.chain.phone.entries import Attempt
from unstuck.chain.phone.faults import JournalError, JournalFault
from unstuck.chain.phone.host import Host, HostAct, HostForbidsError, ask
from unstuck.chain.phone.journal import Journal
from unstuck.chain.phone.reasons import Outcome, Side
from unstuck.chain.phone.server import Server

LEAST_BYTES = 4 * 1024
"""Least limit of an upload after the server found larger ones too large: about one fetch of minutes."""

_NEEDS = (HostAct.RUN, HostAct.UPLOAD)
"""Writing is not among them: on a full disk it is uploading that lets the journal drop what the server has."""


class Upload:
    """Uploads of one tracker's records, one attempt after another.

    ``status``: gives what the tracker said last. ``retry_after_s``: what the server asked for on the
    last attempt. ``resent``: records that the server had confirmed, lost, and was sent again.
    """

    def __init__(
        self,
        journal: Journal,
        tracker: str,
        server: Server,
        host: Host,
        clock: Callable[[], float],
        status: Callable[[], Status | None],
        on_change: Callable[[], None],
    ) -> None:
        self.retry_after_s: float | None = None
        self.resent = 0
        self._journal = journal
        self._tracker = tracker
        self._server = server
        self._host = host
        self._clock = clock
        self._status = status
        self._on_change = on_change
        self._limit_bytes = UPLOAD_BYTES
        self._view: UploadView | None = None
        self._compared_s: int | None = None

    @property
    def confirmed(self) -> int:
        """Records that the server confirmed in this attempt, or the last one."""
        return 0 if self._view is None else self._view.confirmed

    async def attempt(self, *needed: HostAct) -> Attempt:
        """Send all there is, if the host allows ``needed`` and each act on the way.

        Never raises for what can go wrong: the outcome says it.
        """
        began_s = int(self._clock())
        self.retry_after_s = None
        self._view = None
        self._causes: tuple[str, ...] = ()
        outcome, detail = await self._guarded(*needed)
        return Attempt(Side.UPLOAD, began_s, int(self._clock()), outcome, detail, self.confirmed, self._causes)

    async def _guarded(self, *needed: HostAct) -> tuple[Outcome, str]:
        try:
            ask(self._host, *needed, *_NEEDS)
            outcome = await self._until_done()
            return outcome, self._whose() if outcome is Outcome.OTHER_ACCOUNT else self._what_was_said()
        except HostForbidsError as fault:
            self._causes = fault.causes
            return Outcome.HOST_FORBIDS, fault.reasons[0].text
        except ServerError as fault:
            self.retry_after_s = fault.retry_after_s
            if fault.outcome is Outcome.TOO_LARGE:
                self._limit_bytes = max(LEAST_BYTES, self._limit_bytes // 2)
            return fault.outcome, fault.detail
        except JournalError as fault:
            full = fault.fault is JournalFault.DISK_FULL
            return (Outcome.JOURNAL_FULL if full else Outcome.JOURNAL_FAILED), str(fault)

    async def _until_done(self) -> Outcome:
        view = self._look(UploadView(0, self._journal.ledger(self._tracker), (), ()))
        while True:
            self._view = view
            act = engine.next_upload_act(view)
            if not isinstance(act, Prune | Done):
                ask(self._host, *_NEEDS)
            match act:
                case Identify():
                    self._journal.told(await self._server.me())
                case Compare():
                    await self._compare(view.now_s)
                case Send():
                    view = await self._send(act, view)
                case TellHeld():
                    own = held.by_boot((one.boot, one.first, one.last) for one in view.stored)
                    waiting = held.common(engine.unconfirmed(view.ledger), own)
                    await self._server.tell_held(self._tracker, self._status(), waiting)
                    view = replace(view, told=True)
                case AskFirmware():
                    view = replace(view, firmware=await self._ask_firmware())
                case Prune(confirmed_before_s):
                    self._journal.prune(self._tracker, confirmed_before_s, view.now_s)
                    view = replace(view, pruned=True)
                case Done(outcome):
                    return outcome
            view = self._look(view)
            self._on_change()

    def _look(self, view: UploadView) -> UploadView:
        """The same attempt, with the journal as it is now: the other side may have drained more."""
        return replace(
            view,
            now_s=int(self._clock()),
            ledger=self._journal.ledger(self._tracker),
            stored=self._journal.own(self._tracker),
            identified=self._journal.account() is not None,
            elsewhere=sum(one.records for one in self._journal.elsewhere(self._tracker)),
            rejections=self._journal.rejections(self._tracker),
            limit_bytes=self._limit_bytes,
            compared_s=self._compared_s,
        )

    async def _ask_firmware(self) -> str:
        """What the server has against the tracker's firmware; no record waits for that."""
        try:
            await self._server.check_firmware(self._tracker)
        except ServerError as fault:
            if fault.outcome is Outcome.FIRMWARE_TOO_OLD:
                return fault.detail
            raise
        return ""

    async def _compare(self, now_s: int) -> None:
        durable = await self._server.held(self._tracker)
        self.resent += self._journal.unconfirmed(self._tracker, durable)
        self._compared_s = now_s

    async def _send(self, act: Send, view: UploadView) -> UploadView:
        found = [(batch, self._journal.raw(batch.id)) for batch in act.batches]
        batches = [batch for batch, raw in found if raw is not None]
        self._journal.uploading(self._tracker, batches)
        answer = await self._server.ingest(
            self._tracker, batches, [raw for _, raw in found if raw is not None], view.now_s
        )
        news = self._journal.confirmed(self._tracker, answer.durable, view.now_s)
        self._journal.rejected(self._tracker, answer.rejected)
        settled = held.joined(answer.durable, held.by_boot((one.boot, one.first, one.last) for one in answer.rejected))
        sent = held.by_boot((batch.boot, batch.first, batch.last) for batch in batches)
        if held.without(sent, settled):
            # Sending it again at once would go on for ever and look busy.
            raise ServerError(Outcome.SERVER_UNREADABLE, "it says neither that it took nor that it rejected records")
        return replace(view, confirmed=view.confirmed + news, rejected=view.rejected + len(answer.rejected), told=False)

    def _whose(self) -> str:
        parts = []
        for one in self._journal.elsewhere(self._tracker):
            whose = f"{one.account.name} at {one.account.server}" if one.account else "an account not known here"
            parts.append(f"{one.records} of {whose}")
        return ", ".join(parts)

    def _what_was_said(self) -> str:
        if self._view is None:
            return ""
        if not self._view.rejected:
            return self._view.firmware or ""
        codes = sorted({one.code for one in self._journal.rejections(self._tracker)})
        return ", ".join(codes)
