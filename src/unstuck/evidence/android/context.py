"""What every page reader is given: the clock, the apps of interest and the notebook to write to."""

from dataclasses import dataclass, field

from unstuck.evidence.android.apps import Apps
from unstuck.evidence.android.clock import Clock
from unstuck.evidence.android.page import Notebook
from unstuck.model.evidence import Attachment


@dataclass(slots=True)
class Context:
    """Shared while one text is read. ``release`` is the Android version as far as it is known."""

    path: str
    notes: Notebook
    apps: Apps
    clock: Clock = field(default_factory=Clock)
    release: str = ""
    sdk: int | None = None
    problems: list[str] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
