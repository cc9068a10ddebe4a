"""The answers of single commands enter; one text in the form of a bug report leaves, for the reader that there is.

A bug report is nothing else: the outputs of these commands, each under its title. Made so, everything the reader knows
of clocks, zones and absent parts holds for a live phone too.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from unstuck.evidence.adb.client import ShellResult
from unstuck.evidence.adb.commands import CLOCK, UPTIME, Command
from unstuck.model.evidence import Fact, Reading

_NO_SERVICE = b"Can't find service: "
_LINE = re.compile(r"line (\d+)")
_STAMP = re.compile(rb"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)([+-])(\d\d)(\d\d)\s*")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one command printed, and when it was done (UTC, this computer's clock)."""

    command: Command
    output: bytes
    done: datetime


@dataclass(frozen=True, slots=True)
class PhoneClock:
    """The phone's clock as it was read: its local time's distance to UTC, and how far it is ahead of ours."""

    zone: timedelta
    ahead: timedelta

    def local(self, moment: datetime) -> datetime:
        """What the phone's clock showed at a moment of ours (UTC); local time without zone."""
        return (moment + self.ahead + self.zone).replace(tzinfo=None)


def read_clock(output: bytes, asked: datetime, answered: datetime) -> PhoneClock | None:
    """The phone's clock from what ``date`` printed between two moments of ours; None where it printed something else.

    It counts whole seconds, so half a second is added: on average that is nearest.
    """
    found = _STAMP.fullmatch(output.strip())
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(found[group]) for group in range(1, 7))
    sign = 1 if found[7] == b"+" else -1
    zone = sign * timedelta(hours=int(found[8]), minutes=int(found[9]))
    try:
        local = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    middle = asked + (answered - asked) / 2
    return PhoneClock(zone, local - zone + timedelta(seconds=0.5) - middle)


@dataclass(frozen=True)
class Document:
    """The text, and which of its lines came from which command."""

    pieces: tuple[bytes, ...]
    starts: tuple[int, ...]
    commands: tuple[str, ...]

    def chunks(self) -> Iterator[bytes]:
        """The text for the reader."""
        return iter(self.pieces)

    def told(self, reading: Reading) -> Reading:
        """The reading with places that a person can look up: ``dumpsys power, line 12``."""
        return replace(reading, facts=tuple(self._told(fact) for fact in reading.facts))

    def _told(self, fact: Fact) -> Fact:
        found = _LINE.fullmatch(fact.locator)
        if found is None:
            return fact
        line = int(found[1])
        at = bisect_right(self.starts, line) - 1
        within = line - self.starts[at] + 1
        return replace(fact, locator=f"{self.commands[at]}, line {within}")


def said(command: Command, result: ShellResult) -> bytes:
    """What of a command's output belongs into the text; nothing where the phone has no such service.

    A part that is there says by its silence that all is well, so one that was not read must not be there. Only that
    Bluetooth itself is absent (emulators) is worth knowing.
    """
    for output in (result.stdout, result.stderr):
        if output.startswith(_NO_SERVICE):
            return output if command.service == "bluetooth_manager" else b""
    return result.stdout if result.stdout.strip() else b""


def assemble(answers: Sequence[Answer], uptime: bytes, clock: PhoneClock | None, begun: datetime) -> Document:
    """One text of all the answers. Without the phone's clock the parts carry no times of their own."""
    pieces = [_head(uptime, clock, begun)]
    starts, commands = [1], [f"{CLOCK.name} and {UPTIME.name}"]
    line = pieces[0].count(b"\n") + 1
    for answer in answers:
        command, body = answer.command, answer.output
        if body and not body.endswith(b"\n"):
            body += b"\n"
        title = f"------ {command.title} ({command.line}) ------\n"
        if command.service:
            title = f"DUMP OF SERVICE {command.service}:\n"
        starts.append(line + 1)
        commands.append(command.name)
        piece = title.encode() + body + _foot(answer, clock)
        pieces.append(piece)
        line += piece.count(b"\n")
    return Document(tuple(pieces), tuple(starts), tuple(commands))


def _head(uptime: bytes, clock: PhoneClock | None, begun: datetime) -> bytes:
    border = b"=" * 56
    lines = [border]
    if clock is not None:
        lines.append(f"== dumpstate: {clock.local(begun):%Y-%m-%d %H:%M:%S}".encode())
    lines.append(border)
    if uptime.startswith(b"up "):
        lines.append(b"Uptime: " + uptime.strip())
    return b"\n".join([*lines, b""])


def _foot(answer: Answer, clock: PhoneClock | None) -> bytes:
    if not answer.command.service:
        return b""
    ended = f", ending at: {clock.local(answer.done):%Y-%m-%d %H:%M:%S}" if clock is not None else ""
    return f"--------- 0.000s was the duration of dumpsys {answer.command.service}{ended}\n".encode()
