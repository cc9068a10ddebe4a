"""What every page reader is given: the clock, the apps of interest and the notebook to write to."""

from dataclasses import dataclass, field
from datetime import datetime

from unstuck.evidence.android.apps import Apps
from unstuck.evidence.android.clock import Clock
from unstuck.evidence.android.page import Notebook
from unstuck.model.evidence import Attachment


@dataclass(slots=True)
class Context:
    """Shared while one text is read.

    ``built`` is when the running system was built, None where unknown. ``bluetooth_asked`` says that
    Bluetooth's own dump, or its absence from a complete report, is in this text. ``problems`` and
    ``attachments`` go into the reading as they are.
    """

    path: str
    notes: Notebook
    apps: Apps
    clock: Clock = field(default_factory=Clock)
    built: datetime | None = None
    bluetooth_asked: bool = False
    problems: list[str] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
