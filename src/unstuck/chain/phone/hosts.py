"""Hosts to run on: a computer, with the checks that it can make, and one whose state is set, for the lab and tests."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from unstuck.chain.phone.host import Forbidden, HostAct, HostState, reasons_not


class Desktop:
    """A computer of one's own: nothing is forbidden but to fill the disk that the journal in ``folder`` is on."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def forbids(self, act: HostAct) -> tuple[Forbidden, ...]:
        """Every reason why not now."""
        return reasons_not(act, HostState(storage_free_bytes=self._free_bytes()))

    def _free_bytes(self) -> int | None:
        if self._folder is None:
            return None
        try:
            return shutil.disk_usage(self._folder).free
        except OSError:
            # Not known is not full: a folder that cannot be written is what the journal itself reports.
            return None


class SettableHost:
    """A device in a given state, which changes when told or when its time has come.

    ``clock``: Unix seconds, as the agent's. ``asked``: every act that was asked for, in order.
    """

    def __init__(self, clock: Callable[[], float], state: HostState | None = None) -> None:
        self.asked: list[HostAct] = []
        self._clock = clock
        self._begins = state or HostState()
        self._changes: list[tuple[float, dict[str, Any]]] = []

    @property
    def state(self) -> HostState:
        """How it stands now."""
        state, now_s = self._begins, self._clock()
        for at_s, fields in self._changes:
            if at_s <= now_s:
                state = replace(state, **fields)
        return state

    def set(self, **fields: Any) -> None:
        """Change fields of :class:`HostState` from now on. TypeError: there is no such field."""
        self.at(self._clock(), **fields)

    def at(self, at_s: float, **fields: Any) -> None:
        """Change them at a time, until another change. TypeError: there is no such field."""
        replace(self._begins, **fields)
        self._changes = sorted([*self._changes, (at_s, fields)], key=lambda change: change[0])

    def forbids(self, act: HostAct) -> tuple[Forbidden, ...]:
        """Every reason why not now."""
        self.asked.append(act)
        return reasons_not(act, self.state)
