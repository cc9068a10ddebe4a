"""How long the radio was in which mode. Connections, requests and time enter; milliseconds by mode leave."""

from collections import Counter

from unstuck.chain.tracker.events import Mode

VERY_FAST_ADVERTISING_S = 30.0
"""Right after a link was lost a device advertises at its shortest interval for 30 s (Core Specification,
vol. 3 part C, T_GAP(adv_fast_period)), so that the phone finds it again at once."""

FAST_AFTER_REQUEST_S = 5.0
"""How long the link stays fast after a request (our choice: longer than a lost CoAP message takes to
come again, RFC 7252 ACK_TIMEOUT 2 s times 1.5)."""

SILENT_AFTER_S = 1_200.0
"""No request for so long and the link is idle (our choice: a third above the phone's rhythm of 15 minutes)."""


class Radio:
    """The modes of one device. All times are true time (Unix s) and never go back."""

    def __init__(self, now_s: float) -> None:
        self._now_s = now_s
        self._connected = False
        self._since_s = now_s
        self._asked_s = now_s
        self._spent: Counter[Mode] = Counter()

    def connected(self, now_s: float) -> None:
        """A phone has opened the link."""
        self.advance(now_s)
        self._connected, self._since_s = True, now_s
        self._asked_s = now_s - FAST_AFTER_REQUEST_S

    def disconnected(self, now_s: float) -> None:
        """The link is gone."""
        self.advance(now_s)
        self._connected, self._since_s = False, now_s

    def asked(self, now_s: float) -> None:
        """The phone has sent a request."""
        if not self._connected:
            self.connected(now_s)
        self.advance(now_s)
        self._asked_s = now_s

    @property
    def mode(self) -> Mode:
        """The mode it is in."""
        return self._until()[0]

    def advance(self, now_s: float) -> None:
        """Count the time up to now."""
        while self._now_s < now_s:
            mode, until = self._until()
            until = min(until, now_s)
            self._spent[mode] += round((until - self._now_s) * 1000)
            self._now_s = until

    def report(self) -> dict[Mode, int]:
        """Milliseconds in each mode since the last report."""
        spent = {mode: self._spent[mode] for mode in Mode if self._spent[mode]}
        self._spent.clear()
        return spent

    def _until(self) -> tuple[Mode, float]:
        """The mode now and until when it lasts if nothing happens."""
        never = float("inf")
        if self._connected:
            steps = ((Mode.FAST_MODE, FAST_AFTER_REQUEST_S), (Mode.SLOW_MODE, SILENT_AFTER_S), (Mode.IDLE_MODE, never))
            origin = self._asked_s
        else:
            steps_off = ((Mode.ADVERTISE_VERY_FAST_MODE, VERY_FAST_ADVERTISING_S), (Mode.ADVERTISE_MODE, never))
            steps, origin = (*steps_off, steps_off[-1]), self._since_s
        return next((mode, origin + end) for mode, end in steps if self._now_s < origin + end)
