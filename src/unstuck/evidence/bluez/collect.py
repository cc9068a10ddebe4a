"""The thin part: asks BlueZ and the kernel, records if wanted, and hands all of it on as readings."""

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from unstuck.evidence.bluez import rfkill
from unstuck.evidence.bluez.bus import SOURCE, managed_objects
from unstuck.evidence.bluez.objects import read_objects
from unstuck.evidence.bluez.record import PROGRAM, record
from unstuck.evidence.intake import collect_as
from unstuck.model.errors import LiveError
from unstuck.model.evidence import Fact, ReaderOptions, Reading, SourceInfo

Progress = Callable[[str, int, int], None]
Now = Callable[[], datetime]


def utc_now() -> datetime:
    """The clock that is used outside of tests."""
    return datetime.now(UTC)


async def collect(
    options: ReaderOptions,
    progress: Progress,
    *,
    seconds: float = 0.0,
    now: Now = utc_now,
    switches: Path = rfkill.FOLDER,
) -> list[Reading]:
    """What this computer's Bluetooth knows now; with ``seconds`` also a recording of so long.

    Nothing is changed: no scan is started, no device connected. Never raises for what it finds.
    """
    recordings = await _recorded(options, progress, seconds) if seconds > 0 else []
    progress("asking BlueZ", 0, 0)
    when = now()
    radios = rfkill.read_switches(switches)
    problems = [text for text in (rfkill.problem(radios),) if text]
    facts: list[Fact] = []
    try:
        facts += read_objects(await managed_objects(), when, SOURCE)
    except LiveError as fault:
        problems.insert(0, str(fault))
    facts += rfkill.blocked_facts(radios, when, SOURCE)
    span = (when, when) if facts else None
    info = SourceInfo(SOURCE, SOURCE, len(facts), span, problems=tuple(problems), readable=bool(facts))
    return [Reading(info, tuple(facts)), *recordings]


async def _recorded(options: ReaderOptions, progress: Progress, seconds: float) -> list[Reading]:
    progress(f"recording Bluetooth for {seconds:.0f} s", 0, 0)
    name = f"{SOURCE} {PROGRAM}"
    with tempfile.TemporaryDirectory(prefix="unstuck-") as folder:
        target = Path(folder) / "trace.btsnoop"
        try:
            await record(target, seconds)
        except LiveError as fault:
            return [Reading(SourceInfo(name, "btsnoop", problems=(str(fault),), readable=False))]
        return collect_as(name, target, options, progress)
