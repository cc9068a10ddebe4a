"""One side of the agent: tracker to journal. It does what the engine says and asks the gate before every trim."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from unstuck.chain.phone import engine, held
from unstuck.chain.phone.engine import AskTrim, Commit, Done, DrainAct, DrainView, Fetch, ReadStatus, SetTime, Status
from unstuck.chain.phone.faults import JournalError, JournalFault
from unstuck.chain.phone.gate import Reason, Trim, trim_reasons_not
from unstuck.chain.phone.host import Host, HostAct, HostForbidsError, ask
from unstuck.chain.phone.journal import Attempt, Journal
from unstuck.chain.phone.reasons import Outcome, Side
from unstuck.chain.phone.tracker import TrackerApi, TrackerError, read_status
from unstuck.chain.records import BatchError, Ranges, decode

Clock = Callable[[], float]
"""Unix seconds."""

_RUNNING = (HostAct.RUN, HostAct.USE_RADIO)
_NEEDS: Mapping[type[DrainAct], tuple[HostAct, ...]] = {
    ReadStatus: (*_RUNNING, HostAct.WRITE_JOURNAL),
    SetTime: _RUNNING,
    Fetch: (*_RUNNING, HostAct.WRITE_JOURNAL),
    Commit: (HostAct.RUN, HostAct.WRITE_JOURNAL),
    AskTrim: (HostAct.RUN,),
}
"""What the host must allow for each act. Whether it allows a trim is for the gate to weigh."""


class Drain:
    """Sessions with one tracker, one after another.

    ``status`` is what the tracker said last, less what it freed since; ``held_back`` why the last
    trim was not sent. ``on_change`` is called whenever something moved, for whoever watches.
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

    async def attempt(self, *needed: HostAct) -> Attempt:
        """Bring over all there is, if the host allows ``needed`` and each act on the way.

        Never raises for what can go wrong: the outcome says it.
        """
        began_s = int(self._clock())
        self._drained = 0
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
                    self._view = replace(self._view, clock_set=True)
                case Fetch():
                    await self._fetch(act)
                case Commit():
                    self._journal.commit(self._tracker)
                case AskTrim():
                    await self._trim(act)
                case Done(outcome):
                    return outcome
            self._view = replace(
                self._view, ledger=self._journal.ledger(self._tracker), synced=self._journal.synced, status=self.status
            )
            self._on_change()

    def _fresh_view(self) -> DrainView:
        """As of a new connection: what the tracker said on the last one counts for nothing."""
        self.status = None
        self.held_back = ()
        return DrainView(self._tracker, self._journal.ledger(self._tracker), self._journal.synced)

    async def _read_status(self) -> None:
        raw = await self._api.status()
        status = read_status(raw)
        now_s = self._clock()
        if status.id == self._tracker:
            self._journal.saw(self._tracker, status.name, raw, status.overwritten, int(now_s))
        self.status = status
        self._view = replace(self._view, clock_off_s=round(status.now_s - now_s))

    async def _fetch(self, act: Fetch) -> None:
        raw = await self._api.records(act.boot, act.first, act.count)
        if raw is None:
            # It was overwritten since the status was read: what else was shows a new one.
            self._view = replace(
                self._view, gone=held.joined(self._view.gone, {act.boot: Ranges.span(act.first, act.first)})
            )
            self.status = None
            return
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

    async def _trim(self, act: AskTrim) -> None:
        """The one place that sends a trim."""
        status = self.status
        ledger = self._journal.ledger(self._tracker)
        on_tracker = None if status is None else status.held.get(act.boot, Ranges())
        forbidden = self._host.forbids(HostAct.TRIM)
        self._causes += tuple(reason.cause for reason in forbidden if reason.cause not in self._causes)
        reasons = trim_reasons_not(
            Trim(
                tracker=self._tracker,
                boot=act.boot,
                through=act.through,
                answering=None if status is None else status.id,
                held=on_tracker,
                drained=ledger.drained.get(act.boot, Ranges()),
                committed=ledger.committed.get(act.boot, Ranges()),
                synced=self._journal.synced,
                sound=self._journal.sound,
                alone=self._journal.alone,
                erased=status is not None and engine.is_erased(status, ledger),
                forbidden=forbidden[0].text if forbidden else "",
            )
        )
        if reasons or status is None or on_tracker is None:
            self.held_back += reasons
            self._view = replace(self._view, kept=self._view.kept | {act.boot})
            return
        await self._api.trim(act.boot, act.through)
        freed = on_tracker & Ranges.span(0, act.through)
        self._journal.trimmed(self._tracker, act.boot, freed)
        self.status = replace(status, held=held.without(status.held, {act.boot: freed}))

    def _why_held_back(self) -> str:
        return "; ".join(dict.fromkeys(reason.text for reason in self.held_back))
