"""What was read of uploads and is not kept: in this process's memory, for an hour, bounded by account and in all."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Lock

from unstuck.web.pages.wrong.limits import Limits


@dataclass(frozen=True, slots=True)
class Held:
    """One upload. ``name``: of its files; ``size``: their bytes; ``given_s``: Unix seconds of the server's clock."""

    id: str
    account: int
    name: str
    size: int
    given_s: float
    until_ticks: float
    data: bytes


class Memory:
    """Safe from any thread. ``ticks``: real seconds of a clock that never goes back."""

    def __init__(self, limits: Limits, ticks: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._ticks = ticks
        self._held: OrderedDict[str, Held] = OrderedDict()
        self._lock = Lock()

    def put(self, account: int, id_: str, name: str, size: int, given_s: float, data: bytes) -> None:
        """Hold it; the oldest goes where there are too many."""
        until = self._ticks() + self._limits.forget_s
        with self._lock:
            self._held[id_] = Held(id_, account, name, size, given_s, until, data)
            mine = [one.id for one in self._of(account)]
            for old in mine[: -self._limits.account_readings]:
                del self._held[old]
            while sum(len(one.data) for one in self._held.values()) > self._limits.memory_bytes and len(self._held) > 1:
                self._held.popitem(last=False)

    def get(self, account: int, id_: str) -> Held | None:
        """None: this account has no such, or it is forgotten."""
        with self._lock:
            self._forget()
            found = self._held.get(id_)
            return found if found is not None and found.account == account else None

    def of(self, account: int) -> list[Held]:
        """All of an account, the oldest first."""
        with self._lock:
            self._forget()
            return list(self._of(account))

    def left_s(self, one: Held) -> float:
        """Real seconds until it is forgotten."""
        return max(0.0, one.until_ticks - self._ticks())

    def drop(self, account: int, id_: str) -> None:
        """Forget it now."""
        with self._lock:
            found = self._held.get(id_)
            if found is not None and found.account == account:
                del self._held[id_]

    def _of(self, account: int) -> Iterator[Held]:
        return (one for one in self._held.values() if one.account == account)

    def _forget(self) -> None:
        now = self._ticks()
        for id_ in [one.id for one in self._held.values() if now >= one.until_ticks]:
            del self._held[id_]
