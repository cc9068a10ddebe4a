"""The HCI reader beside its peers: records a second on one core, and memory on a large trace.

The trace is a real capture repeated with shifted times (or the example evidence where the shared data
is not here). Speeds are in processor time, so that a busy machine does not change who is faster; all
events are extracted by ours, btsnoop-parser only reads, tshark prints four fields.
"""

import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

from benchmarks.scale import SMOKE, fitbit_pair

RECORDS = 30_000 if SMOKE else 600_000
TSHARK_RECORDS = 5_000 if SMOKE else 50_000
"""tshark slows down with size (4,500 records a second at 636,000): a smaller cut flatters it."""
LARGE_BYTES = 5_000_000 if SMOKE else 1_000_000_000
RUNS = 1 if SMOKE else 5
CHUNK_BYTES = 1 << 20
"""What a caller typically reads at once."""

RECORDS_LIMIT = 1_000_000
MEMORY_LIMIT_MB = 200

_HEAD_BYTES, _RECORD_HEAD_BYTES = 16, 24

_READ_LARGE = """
import resource, sys
from unstuck.evidence.hci import HciReader
from unstuck.model.evidence import ReaderOptions
from benchmarks.bench_hci import chunks
from pathlib import Path
HciReader(ReaderOptions()).read(chunks(Path(sys.argv[1])), "trace")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def run() -> list[dict[str, object]]:
    """Rows for speed, beside btsnoop-parser and tshark, and for memory."""
    _, logs = fitbit_pair()
    with tempfile.TemporaryDirectory(prefix="unstuck-bench-") as folder:
        trace = Path(folder) / "trace.log"
        records = repeat(logs[0], trace, lambda count, _: count >= RECORDS)
        small = Path(folder) / "small.log"
        few = repeat(logs[0], small, lambda count, _: count >= TSHARK_RECORDS)
        ours = _median_rate(records, lambda: _ours(trace))
        theirs = _median_rate(records, lambda: _btsnoop_parser(trace))
        rows = [_row(f"records read, all events extracted ({records:,})", ours, "records/s", f">= {RECORDS_LIMIT}")]
        rows[0] |= {"peer": "btsnoop-parser, reading only", "peer_value": theirs, "ratio": ours / theirs}
        if shutil.which("tshark"):
            rows.append(_beside_tshark(small, few))
        trace.unlink()
        large = Path(folder) / "large.log"
        repeat(logs[0], large, lambda _, size: size >= LARGE_BYTES)
        memory = _large_mb(large)
        rows.append(_row(f"memory on {large.stat().st_size / 1e9:.2f} GB", memory, "MB", f"<= {MEMORY_LIMIT_MB}"))
    return rows


def repeat(source: Path, target: Path, enough: Callable[[int, int], bool]) -> int:
    """Write a btsnoop file that repeats another one, each time later, until there is enough of it
    (records, bytes); give the number of records."""
    data = source.read_bytes()
    stamps = []
    at = _HEAD_BYTES
    while at + _RECORD_HEAD_BYTES <= len(data):
        length = struct.unpack_from(">I", data, at + 4)[0]
        stamps.append((at + 16 - _HEAD_BYTES, struct.unpack_from(">Q", data, at + 16)[0]))
        at += _RECORD_HEAD_BYTES + length
    span_us = stamps[-1][1] - stamps[0][1] + 1_000_000
    count = size = turn = 0
    with target.open("wb") as out:
        size += out.write(data[:_HEAD_BYTES])
        while not enough(count, size):
            again = bytearray(data[_HEAD_BYTES:])
            for place, stamp in stamps:
                struct.pack_into(">Q", again, place, stamp + turn * span_us)
            size += out.write(again)
            count, turn = count + len(stamps), turn + 1
    return count


def chunks(path: Path) -> Iterator[bytes]:
    """A file as its reader gets it."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _ours(trace: Path) -> int:
    from unstuck.evidence.hci import HciReader
    from unstuck.model.evidence import ReaderOptions

    return HciReader(ReaderOptions()).read(chunks(trace), "trace").source.records


def _btsnoop_parser(trace: Path) -> int:
    from btsnoop_parser import iter_records

    return sum(1 for _ in iter_records(str(trace)))


def _median_rate(records: int, read: Callable[[], int]) -> float:
    """Records a second of processor time, the median of several runs after one that only warms up."""
    times = []
    for _ in range(RUNS + 1):
        begun = time.process_time()
        if read() != records:
            raise RuntimeError("not every record was read")
        times.append(time.process_time() - begun)
    return records / statistics.median(times[1:])


def _beside_tshark(trace: Path, records: int) -> dict[str, object]:
    command = ["tshark", "-n", "-r", str(trace), "-T", "fields"]
    for field in ("frame.number", "bthci_evt.code", "bthci_evt.status", "bthci_evt.rssi"):
        command += ["-e", field]
    before = getrusage(RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, check=True)
    after = getrusage(RUSAGE_CHILDREN)
    if done.stdout.count(b"\n") != records:
        raise RuntimeError("tshark did not read every record")
    theirs = records / (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    ours = _median_rate(records, lambda: _ours(trace))
    row = _row(f"the same on {records:,} records (tshark slows down with size)", ours, "records/s", None)
    return row | {"peer": "tshark", "peer_value": theirs, "ratio": ours / theirs}


def _large_mb(trace: Path) -> float:
    """Most memory of a process of its own that reads the trace, in MB of a million bytes."""
    done = subprocess.run([sys.executable, "-c", _READ_LARGE, str(trace)], capture_output=True, text=True, check=True)
    return int(done.stdout) * 1024 / 1_000_000


def _row(name: str, value: float, unit: str, limit: str | None) -> dict[str, object]:
    return {"name": name, "value": value, "unit": unit, "limit": limit, "peer": None, "peer_value": None, "ratio": None}


def main() -> None:
    """Print the rows."""
    for row in run():
        beside = f"; {row['peer']}: {row['peer_value']:,.0f} ({row['ratio']:.1f}x)" if row["peer"] else ""
        print(f"{row['name']}: {row['value']:,.0f} {row['unit']} (bound {row['limit']}){beside}")


if __name__ == "__main__":
    main()
