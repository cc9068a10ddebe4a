"""Independent readers agree: tshark on every synthetic container, btsnoop-parser on every real btsnoop file.

This also checks the builders of these tests: a container that only we can read would prove nothing.
"""

import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from btsnoop_parser import iter_records

from tests.data import DATA, needs_data
from tests.evidence.hci import builders as b
from tests.evidence.hci.reading import read

needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")

PACKETS = [
    *b.reset(0),
    b.advert(1, -97),
    b.connected(2),
    b.notify(2.5, b"abc"),
    b.smp(3, True, b"\5\4"),
    b.disconnected(9, 0x3D),
    b.connected(10, sub=0x01),
    b.disconnected(10.3, 0x3E),
]


def _note(packets: list[b.Packet]) -> bytes:
    text = b"bluetoothd"
    note = struct.pack(">IIIB", len(text) + 9, b.EPOCH_US // 1_000_000, 0, 0xFC) + text
    return note + b.packetlogger(packets)


def _monitor(packets: list[b.Packet]) -> bytes:
    plain = b.btsnoop(packets, 2001)
    return plain[:16] + b.monitor_note(0) + plain[16:]


CONTAINERS: dict[str, Callable[[list[b.Packet]], bytes]] = {
    "btsnoop 1002": b.btsnoop,
    "btsnoop 1001": lambda packets: b.btsnoop(packets, 1001),
    "btsnoop 2001 with a note": _monitor,
    "packetlogger": b.packetlogger,
    "packetlogger with a note": _note,
    "pcap 187": lambda packets: b.pcap(packets, 187),
    "pcap 201": b.pcap,
    "pcap 254": lambda packets: b.pcap(packets, 254),
    "pcapng 201": b.pcapng,
}


@needs_tshark
@pytest.mark.parametrize("name", CONTAINERS)
def test_tshark_sees_the_same_packets_at_the_same_numbers(name: str, tmp_path: Path) -> None:
    data = CONTAINERS[name](PACKETS)
    file = tmp_path / "trace"
    file.write_bytes(data)
    fields = ("frame.number", "bthci_evt.reason", "btsmp.reason")
    command = ["tshark", "-n", "-r", str(file), "-T", "fields", *(part for field in fields for part in ("-e", field))]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    reading = read(data)
    assert reading.source.records == len(lines)
    theirs = {}
    for line in lines:
        number, ended, failed = line.split("\t")
        if ended or failed:
            theirs[f"packet {number}"] = int(ended or failed, 0)
    ours = {
        fact.locator: int(fact.number("reason") or 0x3E)
        for fact in reading.facts
        if fact.name in ("link.ended", "link.not_established", "pairing.failed")
    }
    assert ours == theirs


@needs_data
@pytest.mark.parametrize(
    "file",
    sorted((DATA / "hci").glob("*/*")) if DATA.is_dir() else [],
    ids=lambda file: f"{file.parent.name}/{file.name}",
)
def test_btsnoop_parser_reads_the_same_records_and_times(file: Path) -> None:
    data = file.read_bytes()
    if not data.startswith(b"btsnoop"):
        assert file.suffix == ".pcapng"
        return
    records = list(iter_records(data))
    reading = read(data)
    assert reading.source.records == len(records)
    assert reading.source.span is not None
    span_s = (reading.source.span[1] - reading.source.span[0]).total_seconds()
    assert span_s == pytest.approx(max(float(str(record["delta"])) for record in records), abs=0.001)
