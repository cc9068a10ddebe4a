"""What finding and mending share in one process: hands, uploads, what was read, and treatments under way."""

import asyncio
import shutil
import tempfile
import time
import weakref
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import Request

from unstuck.chain.server.domain.refusals import Code, Refusal
from unstuck.model.evidence import Reading
from unstuck.web.pages.hands import Breaker, Hands
from unstuck.web.pages.wrong.limits import Limits
from unstuck.web.pages.wrong.memory import Memory

if TYPE_CHECKING:
    from unstuck.web.pages.mend.treating import Mending
    from unstuck.web.pages.wrong.analysing import Analysis

_PREFIX = "unstuck-uploads-"
_RETRY_S = 20.0
"""Seconds after which a person may try to upload again: most analyses take less."""


@dataclass
class Bench:
    """Made by :func:`unstuck.web.pages.mount.mount`; all of it but ``memory`` is used on the server's event loop."""

    hands: Hands | None = None
    breaker: Breaker | None = None
    limits: Limits = field(default_factory=Limits)
    memory: Memory = field(init=False)
    analyses: dict[int, "Analysis"] = field(default_factory=dict)
    """The newest one of each account."""
    looks: dict[tuple[int, str], tuple[float, tuple[Reading, ...]]] = field(default_factory=dict)
    """The last look at what is connected, by account and way, and when it was (seconds of time.monotonic)."""
    mendings: dict[int, "Mending"] = field(default_factory=dict)
    _root: Path | None = None
    _bytes: Counter[int] = field(default_factory=Counter)
    _slots: asyncio.Semaphore | None = None

    def __post_init__(self) -> None:
        self.memory = Memory(self.limits)

    def folder(self) -> Path:
        """A fresh private folder (0700) for one upload; whoever takes it removes it."""
        if self._root is None:
            _sweep(self.limits.forget_s)
            self._root = Path(tempfile.mkdtemp(prefix=_PREFIX))
            weakref.finalize(self, shutil.rmtree, self._root, ignore_errors=True)
        return Path(tempfile.mkdtemp(dir=self._root))

    @property
    def slots(self) -> asyncio.Semaphore:
        """Analyses at once."""
        if self._slots is None:
            self._slots = asyncio.Semaphore(self.limits.at_once)
        return self._slots

    @property
    def uploads(self) -> list[Path]:
        """Folders that are there now."""
        return [] if self._root is None else list(self._root.iterdir())

    @property
    def upload_bytes(self) -> int:
        """What all of them take, as counted."""
        return self._bytes.total()

    def take(self, account: int, size: int) -> None:
        """So many bytes more on the disk. Refusal: too many of this account, or of all."""
        if self._bytes[account] + size > self.limits.account_bytes:
            raise Refusal(Code.REQUEST_TOO_LARGE)
        if self._bytes.total() + size > self.limits.all_bytes:
            raise Refusal(Code.SERVER_BUSY, retry_after_s=_RETRY_S)
        self._bytes[account] += size

    def release(self, account: int, size: int) -> None:
        """They are gone."""
        self._bytes[account] -= size
        if not self._bytes[account]:
            del self._bytes[account]


class Room:
    """The bytes of one upload."""

    def __init__(self, bench: Bench, account: int) -> None:
        self._bench = bench
        self._account = account
        self.size = 0

    def take(self, size: int) -> None:
        """So many more. Refusal: there is no room."""
        self._bench.take(self._account, size)
        self.size += size

    def give_back(self) -> None:
        """All of them."""
        self._bench.release(self._account, self.size)
        self.size = 0


def bench_of(request: Request) -> Bench:
    """That of this application."""
    found = request.app.state.bench
    if not isinstance(found, Bench):
        raise TypeError("no pages were mounted here")
    return found


def _sweep(older_s: float) -> None:
    """What a process that was killed has left."""
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if not left.is_symlink() and time.time() - left.stat().st_mtime > older_s:
                shutil.rmtree(left, ignore_errors=True)
