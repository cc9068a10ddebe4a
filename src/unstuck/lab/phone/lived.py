"""A phone with hours behind it: a model and what went wrong enter; a phone leaves that was well, was struck, and lives.

Its app does what the phone lets it do, and leaves in the logs what that leaves there. No tracker is behind it: where
nothing of the phone forbids a sync, a sync went well.
"""

from collections.abc import Callable, Sequence

from unstuck.chain.phone.host import HostAct
from unstuck.lab.phone.consequences import HOUR_S
from unstuck.lab.phone.models import Model
from unstuck.lab.phone.phone import LabPhone
from unstuck.lab.phone.state import Bond

WORKED_S = 6 * HOUR_S
"""All was well for so long."""

STRUCK_S = 2 * HOUR_S
"""So long ago at least it was struck; then nobody takes it for a short gap."""

SYNC_EVERY_S = 900.0
"""As apps do (``evidence.profiles.EXPECTED_SYNC_MINUTES``)."""

_NEEDED = (HostAct.RUN, HostAct.WAKE, HostAct.SCAN, HostAct.WRITE_JOURNAL, HostAct.UPLOAD)

Strike = tuple[float, Callable[[LabPhone], None]]
"""So many seconds after the first, this happens to the phone."""


class LivedPhone(LabPhone):
    """``strikes``: in their order; none: it is well. ``true_time``: Unix seconds, from which on it lives.

    ``before``: makes it as it always was.
    """

    def __init__(
        self,
        model: Model,
        true_time: Callable[[], float],
        *,
        package: str,
        app_name: str,
        tracker: Bond,
        strikes: Sequence[Strike] = (),
        before: Callable[[LabPhone], None] = lambda phone: None,
    ) -> None:
        struck_s = true_time() - STRUCK_S - max((after_s for after_s, _ in strikes), default=0.0)
        self._at_s: float | None = struck_s - WORKED_S
        self._true_time = true_time
        super().__init__(model, self._time, package=package, app_name=app_name)
        self._tracker = tracker
        self._synced_s = float("-inf")
        self.state.bonds.append(tracker)
        before(self)
        for after_s, strike in strikes:
            self._live_to(struck_s + after_s)
            strike(self)
        self._live_to(true_time())
        self._at_s = None

    def sync_if_due(self) -> None:
        """Let the app sync where the phone lets it and the last one is long enough ago, or was before the app began."""
        now_s = self._time()
        if any(self.forbids(act) for act in _NEEDED) or not self.state.powered:
            self._synced_s = float("-inf")  # as soon as it may, it does
            return
        if now_s - self._synced_s < SYNC_EVERY_S:
            return
        if self.state.app.pid is None:
            self.note_started(now_s)
        self._synced_s = now_s
        self.note_job(now_s)
        self.note_gatt(now_s, self._tracker.address, 0, connected=True)
        self.note_http(now_s, 200)

    def _time(self) -> float:
        return self._true_time() if self._at_s is None else self._at_s

    def _live_to(self, until_s: float) -> None:
        assert self._at_s is not None
        while self._at_s < until_s:
            self.sync_if_due()
            self._at_s = min(until_s, self._at_s + SYNC_EVERY_S)
