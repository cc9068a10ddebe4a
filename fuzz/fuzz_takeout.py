"""The Takeout reader: any bytes in any file of an export give a Reading whose facts obey the vocabulary.

The first byte of an input chooses the beginning of a file, so that the engine need not find key names; the second the
size of the chunks. What follows may hold several files, apart by a byte that no text has, so that files of one export
meet each other. Every input is read twice and must say the same.
"""

from collections.abc import Iterator

from unstuck.evidence.takeout.kinds import recognise
from unstuck.evidence.takeout.reader import TakeoutReader
from unstuck.model.evidence import ReaderOptions, Reading
from unstuck.model.vocabulary import violations

HEADS: tuple[tuple[str, bytes], ...] = (
    ("file", b""),
    (
        "PwrStatsEvents.json",
        b'[{"event":{"durationMs":7200000,"ble":{"feature":"GG","type":"FAST_MODE"}},"timestamp":"',
    ),
    ("StateOfChargeEvents.json", b'[{"event":{"type":"HOURLY","percentage":50,"isCharging":false},"timestamp":"'),
    ("ChargerEvents.json", b'[{"event":{"type":"CHARGER_IN"},"timestamp":"'),
    ("steps-2026-04-13.json", b'[{"dateTime":"04/13/26 12:00:00","value":"'),
    ("heart_rate-2026-04-13.json", b'[{"dateTime":"04/13/26 12:00:00","value":{"bpm":'),
    ("calories-2026-04-13.json", b'[{"dateTime":"04/13/26 12:00:00","value":"1.2"},'),
    ("steps_2026-04-13.csv", b"timestamp,steps,data source\n2026-04-13T12:00:00Z,5,Inspire 3\n"),
    ("heart_rate_2026-04-13.csv", b"timestamp,beats per minute\n2026-04-13T12:00:00Z,"),
    ("Trackers.csv", b"tracker_id,last_sync_date_time,batt_level,tracker_name,device_type,is_bonded\n1,"),
    ("Devices.csv", b"wire_id,device_type,serial_number,enabled,fw_version\n"),
    ("Tracker Optional Configuration.csv", b"tracker_id,last_reboot_time\n1,"),
    ("takeout-20260413T150000Z-001.zip!steps-1.json", b'[{"dateTime":"04/13/26 12:00:00","value":"0"},'),
)
APART = b"\xfe"


def one_input(data: bytes) -> None:
    """One input."""
    if len(data) < 2:
        return
    size = data[1] + 1
    files = list(_files(data[0], data[2:]))
    for name, content in files:
        recognise(content[:4096], name)
    first = _read(files, size)
    wrong = [one for fact in first.facts for one in violations(fact)]
    if wrong:
        raise AssertionError(wrong)
    if first.source.readable is not (first.source.records > 0):
        raise AssertionError(first.source)
    if _read(files, 4096) != first:
        raise AssertionError("the size of the chunks changes what is read")


def _files(choice: int, rest: bytes) -> Iterator[tuple[str, bytes]]:
    for number, part in enumerate(rest.split(APART)[:8]):
        name, head = HEADS[(choice + (part[0] if number and part else 0)) % len(HEADS)]
        yield name, head + (part[1:] if number else part)


def _read(files: list[tuple[str, bytes]], size: int) -> Reading:
    reader = TakeoutReader(ReaderOptions())
    for name, content in files:
        reader.add(name, (content[at : at + size] for at in range(0, len(content), size)))
    return reader.reading("fuzz")
