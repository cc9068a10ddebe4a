"""The thin part: asks one iPhone the few things iOS answers over a cable, and says how little that is."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from unstuck.evidence import clocks
from unstuck.evidence.intake import collect_as
from unstuck.evidence.iphone.documents import (
    App,
    clock_ahead_s,
    read_apps,
    read_battery,
    read_crashes,
    read_device,
    read_log,
    zone_of,
)
from unstuck.evidence.iphone.tool import SOURCE, Tool
from unstuck.evidence.profiles import bundles
from unstuck.model.errors import ErrorCode, LiveError
from unstuck.model.evidence import Fact, ReaderOptions, Reading, SourceInfo

Progress = Callable[[str, int, int], None]
Now = Callable[[], datetime]

LITTLE = (
    "iphone: iOS does not show Bluetooth, permissions, background refresh or why an app ended over the cable; "
    "a Bluetooth log or a sysdiagnose shows more (docs/howto/get-evidence-iphone.md)."
)
COMPUTER = "this computer"


def utc_now() -> datetime:
    """The clock that is used outside of tests."""
    return datetime.now(UTC)


@dataclass(slots=True)
class _Asked:
    facts: list[Fact] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    apps: list[App] = field(default_factory=list)
    ahead_s: float | None = None


def collect(
    udid: str,
    options: ReaderOptions,
    progress: Progress,
    *,
    seconds: float = 0.0,
    now: Now = utc_now,
    tool: Tool | None = None,
) -> list[Reading]:
    """Readings of one iPhone; with ``seconds`` also its log and, where Apple's profile allows it, its Bluetooth log.

    Nothing on it is changed; it may ask its owner to trust this computer. Never raises for what it finds.
    """
    try:
        serial = _choose(Tool() if tool is None else tool, udid)
    except LiveError as fault:
        return [Reading(SourceInfo(SOURCE, SOURCE, problems=(str(fault),), readable=False))]
    tool = tool or Tool(serial)
    asked = _ask(tool, options, progress, now)
    recordings = _record(tool, asked, options, progress, seconds, now) if seconds > 0 else []
    facts = tuple(asked.facts)
    times = [fact.time for fact in facts if fact.time is not None]
    span = (min(times), max(times)) if times else None
    problems = (*asked.problems, LITTLE) if facts else tuple(asked.problems)
    info = SourceInfo(SOURCE, SOURCE, len(facts), span, problems=problems, readable=bool(facts))
    readings = [Reading(info, facts), *recordings]
    if asked.ahead_s is None:
        return readings
    return [clocks.measured(one, -round(asked.ahead_s), COMPUTER) if one.source.readable else one for one in readings]


def _choose(tool: Tool, udid: str) -> str:
    """The identifier of the iPhone to ask.

    Raises:
        LiveError: None, or several and none was named.
    """
    rows = tool.json(["usbmux", "list"])
    listed = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    # One that is reached over cable and Wi-Fi at once is listed twice.
    names = {str(row.get("Identifier") or row.get("UniqueDeviceID") or ""): row for row in listed}
    if not names:
        what_to_do = "plug the iPhone in, unlock it, and tap Trust on its screen"
        raise LiveError(ErrorCode.LIVE_NO_PHONE, source=SOURCE, what_to_do=what_to_do)
    known = ", ".join(f"serial {name} ({_about(row)})" for name, row in names.items())
    if udid and udid not in names:
        raise LiveError(ErrorCode.LIVE_UNKNOWN, source=SOURCE, serial=udid, known=known)
    if not udid and len(names) > 1:
        raise LiveError(ErrorCode.LIVE_SEVERAL, source=SOURCE, known=known)
    return udid or next(iter(names))


def _about(row: Mapping[object, object]) -> str:
    return f"{row.get('ProductType')}, iOS {row.get('ProductVersion')}"


def _ask(tool: Tool, options: ReaderOptions, progress: Progress, now: Now) -> _Asked:
    """Ask one thing after the other; what fails is said once and the rest is asked all the same."""
    asked = _Asked()

    def document(*words: str) -> Mapping[str, object]:
        progress(f"asking the iPhone: {' '.join(words)}", 0, 0)
        try:
            found = tool.json(words)
        except LiveError as fault:
            if str(fault) not in asked.problems:
                asked.problems.append(str(fault))
            return {}
        return found if isinstance(found, Mapping) else {}

    before = now()
    info = document("lockdown", "info")
    middle = before + (now() - before) / 2
    asked.facts += read_device(info, middle)
    asked.ahead_s = clock_ahead_s(info, middle)
    asked.facts += read_battery(document("diagnostics", "battery", "single"), now())
    wanted = bundles(options.packages)
    facts, asked.apps = read_apps(document("apps", "query", *wanted), wanted, now())
    asked.facts += facts
    if asked.apps:
        progress("asking the iPhone: crash ls", 0, 0)
        try:
            asked.facts += read_crashes(tool.lines(["crash", "ls"]), asked.apps, zone_of(info))
        except LiveError as fault:
            asked.problems.append(str(fault))
    return asked


def _record(
    tool: Tool, asked: _Asked, options: ReaderOptions, progress: Progress, seconds: float, now: Now
) -> list[Reading]:
    """The log goes into the facts; the Bluetooth log is a source of its own."""
    progress(f"recording the iPhone's log for {seconds:.0f} s", 0, 0)
    with tempfile.TemporaryDirectory(prefix="unstuck-") as folder:
        log, trace = Path(folder) / "syslog", Path(folder) / "trace.pklg"
        commands = {log: ["syslog", "live"], Path(folder) / "words": ["btlogger", "capture", str(trace)]}
        asked.problems += [told for told in tool.record(seconds, commands) if told and told not in asked.problems]
        asked.facts += read_log(log.read_text("utf-8", "replace").splitlines(), asked.apps, now())
        if not trace.is_file() or not trace.stat().st_size:
            asked.problems.append(
                "iphone: no Bluetooth log came; it needs Apple's Bluetooth profile on the iPhone "
                "(docs/howto/get-evidence-iphone.md)."
            )
            return []
        return collect_as("iphone btlogger", trace, options, progress)
