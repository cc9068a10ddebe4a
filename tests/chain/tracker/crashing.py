"""Files that lose power in the middle of a chosen write, and keep what was written of it."""

from unstuck.chain.tracker.files import RamFiles


class PowerCutError(Exception):
    """The power went."""


class CrashingFiles(RamFiles):
    """Counts durable acts. At act ``cut_at`` the power goes after ``part`` of its bytes (0 to 1) are written.

    A removal has no parts: it happened when ``part`` is 1. ``cut_at`` -1: never.
    """

    def __init__(self, data: dict[str, bytes] | None = None, cut_at: int = -1, part: float = 0.0) -> None:
        super().__init__()
        self.data = dict(data or {})
        self.cut_at = cut_at
        self.part = part
        self.acts = 0

    def create(self, name: str, data: bytes) -> None:
        super().create(name, self._written(data))
        self._after()

    def append(self, name: str, data: bytes) -> None:
        super().append(name, self._written(data))
        self._after()

    def remove(self, name: str) -> None:
        if self.acts != self.cut_at or self.part == 1:
            super().remove(name)
        self._after()

    def _written(self, data: bytes) -> bytes:
        return data[: round(len(data) * self.part)] if self.acts == self.cut_at else data

    def _after(self) -> None:
        self.acts += 1
        if self.acts - 1 == self.cut_at:
            raise PowerCutError
