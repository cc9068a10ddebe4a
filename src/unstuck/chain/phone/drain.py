"""One side of the agent: tracker to journal. It does what the engine says and asks the gate before every trim."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from unstuck.chain.phone import engine, held
from unstuck.chain.phone.engine import AskTrim, Commit, Done, DrainAct, DrainView, ReadStatus, SetTime, Status, Sync
from unstuck.chain.phone.entries import Attempt
from unstuck.chain.phone.faults import JournalError, JournalFault
from unstuck.chain.phone.gate import Reason, Trim, trim_reasons_not
from unstuck.chain.phone.host import Host, HostAct, HostForbidsError, ask
from unstuck.chain.phone.journal import Journal
from unstuck.chain.phone.reasons import Outcome, Side
from unstuck.chain.phone.tracker import Refused, TrackerApi, TrackerError, after, read_status, write_status
from unstuck.chain.records import BatchError, Ranges, decode

Clock = Callable[[], float]
"""Unix seconds."""

CHANGED_MOST = 4
"""A tracker that is found changed so often in one attempt is left alone until the next: a full memory changes
once a minute, and syncs take seconds."""

_RUNNING = (HostAct.RUN, HostAct.USE_RADIO)
_NEEDS: Mapping[type[DrainAct], tuple[HostAct, ...]] = {
    ReadStatus: (*_RUNNING, HostAct.WRITE_JOURNAL),
    SetTime: _RUNNING,
    Sync: (*_RUNNING, HostAct.WRITE_JOURNAL),
    Commit: (HostAct.RUN, HostAct.WRITE_JOURNAL),
}
"""What the host must allow for each act. Whether it allows a trim is for the gate to weigh."""


class Drain:
    """Sessions with one tracker, one after another.

    ``status`` is the tracker's, with all it told since it was read. It outlives an attempt, because every
    request names it and the tracker does nothing when it is no longer so. ``held_back`` is why the last trim
    was not sent. ``on_change`` is called whenever something moved, for whoever watches.
    """

    def __init__(
        self, journal: Journal, tracker: str, api: TrackerApi, host: Host, clock: Clock, on_change: Callable[[], None]
    ) -> None:
        self.status: Status | None = None
        self.held_back: tuple[Reason, ...] = ()
        self._journal = journal
        self._tracker = tracker
        self._api = api
        self._host = host
        self._clock = clock
        self._on_change = on_change
        self._fetch = engine.FETCH_MOST_RECORDS
        self._drained = 0
        self._asked = False

    @property
    def drained(self) -> int:
        """Records drained in this attempt, or the last one."""
        return self._drained

    @property
    def asked(self) -> bool:
        """Whether the tracker has answered in this attempt, or the last one."""
        return self._asked

    async def attempt(self, *needed: HostAct) -> Attempt:
        """Bring over all there is, if the host allows ``needed`` and each act on the way.

        Never raises for what can go wrong: the outcome says it.
        """
        began_s = int(self._clock())
        self._drained = 0
        self._asked = False
        self._causes: tuple[str, ...] = ()
        outcome, detail = await self._guarded(*needed)
        return Attempt(Side.DRAIN, began_s, int(self._clock()), outcome, detail, self._drained, self._causes)

    async def _guarded(self, *needed: HostAct) -> tuple[Outcome, str]:
        try:
            ask(self._host, *needed, HostAct.RUN, HostAct.USE_RADIO, HostAct.WRITE_JOURNAL)
            self._view = self._fresh_view()
            return await self._until_done(), self._why_held_back()
        except HostForbidsError as fault:
            self._causes = fault.causes
            return Outcome.HOST_FORBIDS, fault.reasons[0].text
        except TrackerError as fault:
            self._fetch = engine.next_fetch(self._fetch, answered=False)
            if fault.outcome is not Outcome.TRACKER_SILENT:
                self.status = None
            return fault.outcome, fault.detail
        except JournalError as fault:
            full = fault.fault is JournalFault.DISK_FULL
            return (Outcome.JOURNAL_FULL if full else Outcome.JOURNAL_FAILED), str(fault)

    async def _until_done(self) -> Outcome:
        while True:
            act = engine.next_drain_act(self._view)
            ask(self._host, *_NEEDS.get(type(act), ()))
            match act:
                case ReadStatus():
                    await self._read_status()
                case SetTime():
                    await self._api.set_time(int(self._clock()))
                    # That it was set is a record too: it is asked for once more.
                    self._view = replace(self._view, clock_set=True, asked=False)
                case Sync():
                    await self._sync(act)
                case Commit():
                    self._journal.commit(self._tracker)
                case Done(outcome):
                    return outcome
            self._view = replace(
                self._view, ledger=self._journal.ledger(self._tracker), synced=self._journal.synced, status=self.status
            )
            self._on_change()

    def _fresh_view(self) -> DrainView:
        self.held_back = ()
        self._changed = 0
        ledger = self._journal.ledger(self._tracker)
        if self.status is not None and (self.status.id != self._tracker or engine.is_erased(self.status, ledger)):
            self.status = None
        return DrainView(self._tracker, ledger, self._journal.synced, self.status, fetch=self._fetch)

    async def _read_status(self) -> None:
        self._heard(read_status(await self._api.status()))

    def _heard(self, status: Status) -> None:
        """This is how the tracker is now."""
        self._asked = True
        now_s = self._clock()
        if status.id == self._tracker:
            # What it overwrote is no loss when it is safe here: it waited to be freed.
            lost = held.without(status.overwritten, self._view.ledger.committed)
            self._journal.saw(self._tracker, status.name, write_status(status), lost, int(now_s))
        self.status = status
        self._view = replace(self._view, clock_off_s=round(status.now_s - now_s))

    async def _sync(self, act: Sync) -> None:
        """The one place that sends a trim."""
        status = self.status
        if status is None:
            raise ValueError("nothing is asked of a tracker before its status")
        if act.trim is not None and not self._may_trim(act.trim, status):
            act = replace(act, trim=None)
        told = await self._api.sync(status.tag, act)
        if isinstance(told, Refused):
            self._refused(told, act)
            return
        if told.end < status.end:
            raise TrackerError(Outcome.TRACKER_UNREADABLE, f"it ended at {status.end} and now ends at {told.end}")
        if act.trim is not None:
            freed = status.held[act.trim.boot] & Ranges.span(0, act.trim.through)
            self._journal.trimmed(self._tracker, act.trim.boot, freed)
        self._heard(after(status, act, told))
        self._view = replace(self._view, asked=True)
        if told.raw is not None:
            self._keep(act, told.raw)
            self._fetch = engine.next_fetch(self._fetch, answered=True)
            self._view = replace(self._view, fetch=self._fetch)
        elif (act.boot, act.first) != (status.boot, status.end):
            raise TrackerError(Outcome.TRACKER_UNREADABLE, f"asked for {act.boot}/{act.first}, it gave nothing")

    def _refused(self, why: Refused, act: Sync) -> None:
        """A new status shows what it is like now."""
        self.status = None
        if why is Refused.CHANGED:
            self._changed += 1
            if self._changed >= CHANGED_MOST:
                raise TrackerError(Outcome.TRACKER_REFUSED, "it changes faster than it can be asked")
            return
        gone = {act.boot: Ranges.span(act.first, act.first)}
        self._view = replace(self._view, asked=True, gone=held.joined(self._view.gone, gone))

    def _keep(self, act: Sync, raw: bytes) -> None:
        try:
            batch = decode(raw)
        except BatchError as fault:
            raise TrackerError(Outcome.TRACKER_UNREADABLE, str(fault)) from fault
        if (batch.boot, batch.first) != (act.boot, act.first) or batch.last >= act.first + act.count:
            asked = f"{act.boot}/{act.first} +{act.count}"
            detail = f"asked for {asked}, it gave {batch.boot}/{batch.first} to {batch.last}"
            raise TrackerError(Outcome.TRACKER_UNREADABLE, detail)
        self._journal.drain(self._tracker, batch, raw, int(self._clock()))
        self._drained += batch.ranges.total
        self._view = replace(self._view, drained=self._drained)

    def _may_trim(self, act: AskTrim, status: Status) -> bool:
        """Whether the gate lets it pass, as of now; if not, why is remembered."""
        ledger = self._journal.ledger(self._tracker)
        forbidden = self._host.forbids(HostAct.TRIM)
        self._causes += tuple(reason.cause for reason in forbidden if reason.cause not in self._causes)
        reasons = trim_reasons_not(
            Trim(
                tracker=self._tracker,
                boot=act.boot,
                through=act.through,
                answering=status.id,
                held=status.held.get(act.boot, Ranges()),
                drained=ledger.drained.get(act.boot, Ranges()),
                committed=ledger.committed.get(act.boot, Ranges()),
                synced=self._journal.synced,
                sound=self._journal.sound,
                alone=self._journal.alone,
                erased=engine.is_erased(status, ledger),
                forbidden=forbidden[0].text if forbidden else "",
            )
        )
        if reasons:
            self.held_back += reasons
            self._view = replace(self._view, kept=self._view.kept | {act.boot})
        return not reasons

    def _why_held_back(self) -> str:
        return "; ".join(dict.fromkeys(reason.text for reason in self.held_back))
