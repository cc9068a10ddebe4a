"""The thin part: asks one phone everything on the list and hands the answers to the reader of bug reports."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from unstuck.evidence import clocks
from unstuck.evidence.adb.client import SOURCE, AdbClient, Phone, who
from unstuck.evidence.adb.commands import CLOCK, PARTS, UPTIME
from unstuck.evidence.adb.document import Answer, PhoneClock, assemble, read_clock, said
from unstuck.evidence.android import reader as android
from unstuck.evidence.hci import HciReader
from unstuck.evidence.intake import collect_as
from unstuck.model.errors import ErrorCode, EvidenceError, LiveError, render
from unstuck.model.evidence import Attachment, ReaderOptions, Reading, SourceInfo

Progress = Callable[[str, int, int], None]
Now = Callable[[], datetime]

COMPUTER = "this computer"

_BUGREPORT_LIMIT_S = 900.0
"""Phones take one to five minutes over a full report; slow ones were seen to take ten."""


def utc_now() -> datetime:
    """The clock that is used outside of tests."""
    return datetime.now(UTC)


@dataclass(slots=True)
class _Asked:
    """What came of asking."""

    answers: list[Answer]
    problems: list[str]
    uptime: bytes = b""
    clock: PhoneClock | None = None


def collect(
    client: AdbClient,
    serial: str,
    options: ReaderOptions,
    progress: Progress,
    *,
    full: bool = False,
    now: Now = utc_now,
) -> list[Reading]:
    """Readings of one phone as it is now; nothing on it is changed.

    Never raises for what it finds: a phone that cannot be asked, or several where none was named, are a source with a
    problem. ``full`` makes a whole bug report instead.
    """
    try:
        progress("looking for the phone", 0, 0)
        phone = client.choose(serial)
        read = _whole_report if full else _parts
        return read(client, phone, options, progress, now)
    except LiveError as fault:
        return [unreadable(str(fault))]


def unreadable(problem: str) -> Reading:
    """A phone that gave nothing, and why."""
    return Reading(SourceInfo(SOURCE, SOURCE, problems=(problem,), readable=False))


def _parts(client: AdbClient, phone: Phone, options: ReaderOptions, progress: Progress, now: Now) -> list[Reading]:
    begun = now()
    asked = _ask(client, phone, progress, now)
    if not asked.answers:
        return [unreadable(asked.problems[0] if asked.problems else _silent(phone))]
    document = assemble(asked.answers, asked.uptime, asked.clock, begun)
    try:
        reading = document.told(android.read(document.chunks(), SOURCE, options))
    except EvidenceError:
        return [unreadable(_silent(phone))]
    source = replace(reading.source, kind=SOURCE, problems=(*asked.problems, *reading.source.problems))
    readings = [replace(reading, source=source, attachments=()), *_packet_logs(reading.attachments, options)]
    return _on_our_clock(readings, asked.clock)


def _ask(client: AdbClient, phone: Phone, progress: Progress, now: Now) -> _Asked:
    """Ask everything. A command that takes too long is passed over, a phone that goes away ends it."""
    asked = _Asked([], [])
    told = [CLOCK, UPTIME, *PARTS]
    for number, command in enumerate(told):
        progress(f"asking {phone.serial}: {command.line}", number, len(told))
        before = now()
        try:
            result = client.shell(phone.serial, command.line, command.limit_s)
        except LiveError as fault:
            asked.problems.append(str(fault))
            if fault.code in (ErrorCode.LIVE_GONE, ErrorCode.LIVE_NOT_ALLOWED):
                break
            continue
        if command is CLOCK:
            asked.clock = read_clock(result.stdout, before, now())
        elif command is UPTIME:
            asked.uptime = result.stdout
        elif output := said(command, result):
            asked.answers.append(Answer(command, output, now()))
    return asked


def _packet_logs(attachments: Sequence[Attachment], options: ReaderOptions) -> list[Reading]:
    """The packet log that older systems print among the rest."""
    join = HciReader(options)
    readings = []
    for attachment in attachments:
        try:
            readings.append(join.read(iter((attachment.data,)), attachment.path))
        except EvidenceError as fault:
            readings.append(Reading(SourceInfo(attachment.path, "btsnooz", problems=(str(fault),), readable=False)))
    return readings


def _whole_report(
    client: AdbClient, phone: Phone, options: ReaderOptions, progress: Progress, now: Now
) -> list[Reading]:
    progress(f"{phone.serial} makes a full bug report, which takes minutes", 0, 0)
    before = now()
    clock = read_clock(client.shell(phone.serial, CLOCK.line, CLOCK.limit_s).stdout, before, now())
    with tempfile.TemporaryDirectory(prefix="unstuck-") as folder:
        target = Path(folder) / "bugreport.zip"
        client.bugreport(phone.serial, target, _BUGREPORT_LIMIT_S)
        readings = collect_as(f"{SOURCE} bugreport", target, options, progress)
    return _on_our_clock(readings, clock)


def _on_our_clock(readings: list[Reading], clock: PhoneClock | None) -> list[Reading]:
    if clock is None:
        return readings
    seconds = -round(clock.ahead.total_seconds())
    return [clocks.measured(reading, seconds, COMPUTER) if reading.source.readable else reading for reading in readings]


def _silent(phone: Phone) -> str:
    reason = f"{who(phone.serial)} answered none of the questions; unlock it and try again"
    return render(ErrorCode.LIVE_FAILED, {"source": SOURCE, "reason": reason})
