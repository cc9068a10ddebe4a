"""What the device the agent runs on would forbid, asked before each act."""

from enum import StrEnum
from typing import Protocol


class HostAct(StrEnum):
    """What a host can forbid: battery savers, background limits, permissions, quotas and missing networks do."""

    USE_RADIO = "use_radio"
    WRITE_JOURNAL = "write_journal"
    TRIM = "trim"
    USE_NETWORK = "use_network"


class Host(Protocol):
    """The policies of one device."""

    def forbids(self, act: HostAct) -> str:
        """Why not now, in words for a person; empty when it may be done."""


class Desktop:
    """A computer of one's own: nothing is forbidden."""

    def forbids(self, act: HostAct) -> str:
        """Never anything."""
        return ""
