"""Sources that are no files, for ``unstuck diagnose``: what the words mean, what they read, and reading them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from unstuck.cli.progress import Progress
from unstuck.doctor.remedies.acts import Channel
from unstuck.doctor.remedies.target import Connection
from unstuck.model.errors import ErrorCode, UsageError
from unstuck.model.evidence import ReaderOptions, Reading

CHAIN = "chain"
"""The source that is our own chain: the agent's journal and its server."""

ADB, BLUEZ, IPHONE = "adb", "bluez", "iphone"

_SAYS = {
    ADB: "adb: reads the phone's state and logs with commands that only print; nothing on the phone is changed.",
    BLUEZ: "bluez: reads what this computer's Bluetooth knows of its devices; nothing is changed.",
    IPHONE: "iphone: reads name, version, battery, app and crash list over the cable; nothing is changed."
    " The iPhone may ask whether to trust this computer.",
}

WORDS = frozenset({CHAIN, *_SAYS})

LEAST_EVERY_S = 5.0
"""More often would keep a phone busy with nothing else."""
_UNITS_S = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Live:
    """The options for live sources: which phone, how long to record (s), a whole report, watching and how often.

    ``adapter``: path of the Bluetooth adapter to act on.
    """

    phone: str = ""
    seconds: float = 0.0
    full: bool = False
    watch: bool = False
    every: str = "30s"
    adapter: str = "/org/bluez/hci0"


def is_live(source: Path) -> bool:
    """Whether the word means a live source; a file of that name is meant where there is one."""
    return str(source) in WORDS and not source.exists()


def words(sources: Sequence[Path]) -> tuple[str, ...]:
    """The live sources among what was given, each once."""
    return tuple(dict.fromkeys(str(source) for source in sources if is_live(source)))


def check(live: Live, given: Sequence[str]) -> None:
    """Refuse options that none of the sources given can use. Raises UsageError."""
    for option, used, allowed in (
        (f"--phone {live.phone}", bool(live.phone), (ADB, IPHONE)),
        ("--full", live.full, (ADB,)),
        (f"--seconds {live.seconds:g}", bool(live.seconds), (BLUEZ, IPHONE)),
        ("--watch", live.watch, (ADB, BLUEZ, CHAIN)),
    ):
        if used and not set(allowed) & set(given):
            reason = f"is only for the sources {', '.join(allowed)}"
            raise UsageError(ErrorCode.USAGE_SOURCE, given=option, reason=reason)
    if live.seconds < 0:
        raise UsageError(ErrorCode.USAGE_SOURCE, given=f"--seconds {live.seconds:g}", reason="must not be below 0")
    every_s(live.every)


def every_s(given: str) -> float:
    """``30s``, ``5m``, ``1h`` or a number of seconds. Raises UsageError."""
    number = given.strip().rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = given.strip()[len(number) :]
    try:
        seconds = float(number) * _UNITS_S[unit]
    except (ValueError, KeyError) as error:
        reason = "is no length of time; write it like 30s or 5m"
        raise UsageError(ErrorCode.USAGE_SOURCE, given=f"--every {given}", reason=reason) from error
    if not LEAST_EVERY_S <= seconds <= 86_400.0:
        reason = f"must lie between {LEAST_EVERY_S:g}s and 24h"
        raise UsageError(ErrorCode.USAGE_SOURCE, given=f"--every {given}", reason=reason)
    return seconds


def announcements(given: Sequence[str]) -> list[str]:
    """One line for each source before it is read: what is read, and that nothing is changed."""
    return [_SAYS[word] for word in given if word in _SAYS]


def connections(
    live: Live, asked: Sequence[Reading], given: Sequence[str], folder: Path | None
) -> tuple[Connection, ...]:
    """What answered, so that something could be done there: a phone, this computer's adapter, our own chain."""
    answered = {reading.source.kind for reading in asked if reading.source.readable}
    found = []
    if CHAIN in given:
        from unstuck.cli.state import usual_folder

        found.append(Connection(Channel.CHAIN, str(folder or usual_folder())))
    if ADB in answered:
        found.append(Connection(Channel.ADB, live.phone, ADB))
    if BLUEZ in answered:
        found.append(Connection(Channel.BLUEZ, live.adapter))
    return tuple(found)


def collect(live: Live, given: Sequence[str], options: ReaderOptions, progress: Progress) -> list[Reading]:
    """Readings of every live source but the chain; what cannot be read is a source with a problem."""
    readings: list[Reading] = []
    if ADB in given:
        from unstuck.evidence.adb.client import AdbClient
        from unstuck.evidence.adb.collect import collect as collect_adb

        readings += collect_adb(AdbClient(), live.phone, options, progress, full=live.full)
    if BLUEZ in given:
        from unstuck.evidence.bluez.collect import collect as collect_bluez

        readings += asyncio.run(collect_bluez(options, progress, seconds=live.seconds))
    if IPHONE in given:
        from unstuck.evidence.iphone.collect import collect as collect_iphone

        readings += collect_iphone(live.phone, options, progress, seconds=live.seconds)
    return readings
