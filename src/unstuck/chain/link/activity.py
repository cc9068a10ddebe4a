"""The activity monitor (A): packets and time enter; a notice leaves when a direction falls silent or speaks again."""

from unstuck.chain.link.events import Active, Event, Inactive

INACTIVE_AFTER_MS = 30_000.0
"""Golden Gate's default."""


class ActivityMonitor:
    """Watches both directions of a started link."""

    def __init__(self) -> None:
        self._quiet_at_ms: dict[bool, float | None] = {}

    @property
    def deadline_ms(self) -> float | None:
        """When a direction will count as inactive."""
        return min((at for at in self._quiet_at_ms.values() if at is not None), default=None)

    def start(self, now_ms: float) -> None:
        """The link is up; both directions count as active."""
        self._quiet_at_ms = {False: now_ms + INACTIVE_AFTER_MS, True: now_ms + INACTIVE_AFTER_MS}

    def stop(self) -> None:
        """The link is gone; nothing is expected."""
        self._quiet_at_ms = {}

    def saw(self, now_ms: float, *, sending: bool) -> list[Event]:
        """A packet went or came."""
        if sending not in self._quiet_at_ms:
            return []
        was_quiet = self._quiet_at_ms[sending] is None
        self._quiet_at_ms[sending] = now_ms + INACTIVE_AFTER_MS
        return [Active(sending)] if was_quiet else []

    def tick(self, now_ms: float) -> list[Event]:
        """Time has passed."""
        due = [way for way, at in self._quiet_at_ms.items() if at is not None and now_ms >= at]
        for way in due:
            self._quiet_at_ms[way] = None
        return [Inactive(sending) for sending in due]
