"""The hand that writes into a phone's book, with what it needs to remember between two lines."""

import random

from unstuck.lab.phone.book import Book, Charged, Dropped, Used
from unstuck.lab.phone.models import Model
from unstuck.lab.phone.state import PhoneState

SYSTEM_PID = 1511
SYSTEM = (1000, SYSTEM_PID, 1702)
"""User id, process and thread of the system's activity manager."""
SYSTEM_MAIN = (1000, SYSTEM_PID, 1511)
"""The same of its other services."""


class Pen:
    """Writes true moments by the phone's own clock.

    ``quiet_s``: since when the phone is dark and unplugged, None while it is not; ``dark_s``: since when the screen
    was last off; ``background_s``: since when the app is not in front; ``still_s``: since when the phone lies still,
    None while it is carried about.
    """

    def __init__(self, model: Model, state: PhoneState, book: Book, chance: random.Random) -> None:
        self.model = model
        self.state = state
        self.book = book
        self.chance = chance
        self.quiet_s: float | None = None
        self.still_s: float | None = None
        self.dark_s = 0.0
        self.background_s = 0.0
        self._pid = 8000

    def wall(self, true_s: float) -> float:
        """What the phone's clock says at a true moment."""
        return true_s + self.state.clock_offset_s

    def new_pid(self) -> int:
        """The number of the next process."""
        self._pid += self.chance.randint(7, 260)
        if self._pid > _LAST_PID:
            self._pid = 3000 + self.chance.randint(1, 200)
        return self._pid

    def history(self, at_s: float, text: str, sign: str = "") -> None:
        """An entry of the battery history."""
        wall_s = self.wall(at_s)
        if wall_s >= self.book.history_from_s:
            self.book.history.append(Charged(wall_s, round(self.state.battery_percent), sign + text))

    def bucket_event(self, at_s: float, bucket: int, reason: str) -> None:
        """The app's standby bucket changed."""
        text = (
            f"type=STANDBY_BUCKET_CHANGED package={self.state.app.package} standbyBucket={bucket} "
            f"reason={reason} flags=0x0"
        )
        self.book.used.append(Used(self.wall(at_s), text))

    def booted(self, wall_s: float) -> None:
        """The drop box's entry of a boot."""
        text = f"isPrevious: true/Build: {self.model.fingerprint}/Hardware: {self.model.codename}/Revision: 0"
        self.book.dropped.append(Dropped(wall_s + 9, "SYSTEM_BOOT", 322, text))

    def drop_links(self) -> None:
        """A dead process holds no link; the stack lets go of it."""
        package = self.state.app.package
        self.state.links = [one for one in self.state.links if (one.package, one.profile) != (package, "gatt")]

    def quiet(self, at_s: float) -> None:
        """Take note of whether the phone is dark and unplugged."""
        if self.state.screen_on or self.state.charging:
            self.quiet_s = None
        elif self.quiet_s is None:
            self.quiet_s = at_s


_LAST_PID = 32_000
"""A little below the kernel's limit of 32,768."""
