"""The Android reader beside zlib: reading a bug report must cost no more than inflating it.

The text is a real emulator report grown to size: every part repeated, logs more often than the rest (they
are most of a phone's report), with synthetic lines of Bluetooth, which the
emulator has none of. Speeds are in processor time, so that a busy machine changes little.
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from examples.make_evidence import write

from benchmarks.scale import ROOT, SMOKE

SIZES_MB = (2, 4) if SMOKE else (25, 50, 100)
RUNS = 1 if SMOKE else 5
PACKED_BYTES = 1 << 17
"""Read from the zip at once; about a megabyte of text comes of it."""

LOG_SHARE = 0.6
"""Logs are 12 to 16 MB of the 20 to 25 MB that phones write; the emulator's are a third of its report."""

MEMORY_LIMIT_MB = 200
ZIP_LEVEL = 6
"""What dumpstate packs with."""

APP = "com.jeanboy.app.training"
"""The app of interest: it is installed on the emulator and writes to its log."""

_DATA = Path(os.environ.get("UNSTUCK_DATA", ROOT.parent / "shared" / "data"))
_REPORT = "emulator-android9-bugreport-sdk_gphone_x86-PSR1.180720.075.zip"
_BORDERS = re.compile(rb"(?m)^(?:------ (?!-)(?!.*was the duration)|DUMP OF SERVICE )")
_LOGS = re.compile(rb"(?m)^------ (?:SYSTEM|EVENT|RADIO) LOG \(.*\n")
_STACK = b"08-15 15:00:00.000  1002  2001  2002 I bt_btm  : x.cc:13 some line of the Bluetooth stack\n"
_CONNECTED = (
    b"08-15 15:00:00.000 10086  9155  9156 D BluetoothGatt: onClientConnectionState() - status=0 clientIf=6 "
    b"device=AA:BB:CC:11:22:33\n"
)
_STACK_EVERY, _CONNECTED_EVERY = 50, 2_000
"""One log line of so many is of the stack, and is about a connection: a phone with a busy tracker."""

_READ = """
import sys
from pathlib import Path
from benchmarks.bench_android import inflated, read
read(inflated(Path(sys.argv[1])))
print(next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line))
"""
"""The high-water mark of the process itself: getrusage would count what its parent held before."""


def run() -> list[dict[str, object]]:
    """Rows for reading beside inflating, both together, memory, and growth with size."""
    with tempfile.TemporaryDirectory(prefix="unstuck-bench-") as folder:
        packed = {size: _packed(Path(folder), size) for size in SIZES_MB}
        largest = SIZES_MB[-1]
        alone, reading = _apart(packed[largest])
        both = {size: _together(path) for size, path in packed.items()}
        rows = [
            _row(f"bug report of {largest} MB: reading the text", reading, "s", f"<= {alone:.4f}")
            | {"peer": "zlib inflating it", "peer_value": alone, "ratio": alone / reading},
            _row(f"bug report of {largest} MB: inflating and reading", both[largest], "s", f"<= {2 * alone:.4f}"),
        ]
        rows += [
            _row(f"bug report of {size} MB: inflating and reading", both[size], "s", None) for size in SIZES_MB[:-1]
        ]
        whole, unzipping = _medians(lambda: diagnosed(packed[largest]), lambda: unzipped(packed[largest]))
        rows.append(
            _row(
                f"bug report of {largest} MB: whole diagnosis from the zip, warm", whole, "s", f"<= {2 * unzipping:.4f}"
            )
            | {"peer": "zipfile inflating it", "peer_value": unzipping, "ratio": unzipping / whole}
        )
        rows.append(_row(f"memory on {largest} MB", _memory_mb(packed[largest]), "MB", f"<= {MEMORY_LIMIT_MB}"))
    return rows


def inflated(path: Path) -> Iterator[bytes]:
    """The only member of a zip, inflated as a stream with nothing else done to it."""
    with zipfile.ZipFile(path) as archive:
        begin = archive.infolist()[0].header_offset
    with path.open("rb") as file:
        file.seek(begin + 26)
        name, extra = (int.from_bytes(file.read(2), "little") for _ in range(2))
        file.seek(name + extra, 1)
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        while not inflater.eof and (packed := file.read(PACKED_BYTES)):
            if chunk := inflater.decompress(packed):
                yield chunk


def read(chunks: Iterable[bytes]) -> int:
    """Read a report; the number of its facts."""
    from unstuck.evidence.android.reader import read as read_android
    from unstuck.model.evidence import ReaderOptions

    return len(read_android(chunks, "report.txt", ReaderOptions(frozenset({APP}))).facts)


def grown(report: bytes, size: int) -> bytes:
    """The report grown to about ``size`` bytes, logs to :data:`LOG_SHARE` of it."""
    borders = [
        found.start() for found in re.finditer(rb"(?m)^(?:------ (?!-)(?!.*was the duration)|DUMP OF SERVICE )", report)
    ]
    parts = [report[: borders[0]]]
    parts += [report[at:end] for at, end in zip(borders, [*borders[1:], len(report)], strict=True)]
    logs = sum(len(part) for part in parts if _LOGS.match(part))
    times = {True: max(1.0, LOG_SHARE * size / max(logs, 1)), False: (1 - LOG_SHARE) * size / (len(report) - logs)}
    return b"".join(_repeated(part, times[bool(_LOGS.match(part))]) for part in parts)


def _repeated(part: bytes, times: float) -> bytes:
    """Head line, body so many times, last lines: the end of a part stands once."""
    head, _, rest = part.partition(b"\n")
    end = rest.rfind(b"------ ")
    end = rest.rfind(b"\n", 0, end) + 1 if end >= 0 else len(rest)
    body = rest[:end]
    if _LOGS.match(part):
        lines = body.splitlines(keepends=True)
        for at in range(len(lines) - 1, 0, -_STACK_EVERY):
            lines.insert(at, _CONNECTED if at % _CONNECTED_EVERY < _STACK_EVERY else _STACK)
        body = b"".join(lines)
    whole, share = int(times), times % 1
    cut = body.rfind(b"\n", 0, int(len(body) * share)) + 1
    return head + b"\n" + body * whole + body[:cut] + rest[end:]


def _packed(folder: Path, size_mb: int) -> Path:
    path = folder / f"report-{size_mb}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=ZIP_LEVEL) as archive:
        archive.writestr("bugreport.txt", grown(_report(), size_mb * 1_000_000))
    return path


def _report() -> bytes:
    """The real report, or the one of the example evidence where the shared data is not here."""
    real = _DATA / "android" / _REPORT
    if not real.is_file():
        folder = write("battery-saver", Path(tempfile.gettempdir()) / "unstuck-bench")
        real = next(folder.glob("*.zip"))
    with zipfile.ZipFile(real) as archive:
        return archive.read(archive.read("main_entry.txt").decode().strip())


def _drain(chunks: Iterable[bytes]) -> int:
    return sum(len(chunk) for chunk in chunks)


def diagnosed(path: Path) -> int:
    """Everything between a path and a diagnosis, in a process that has done it before; the number of its facts."""
    from datetime import UTC, datetime

    from unstuck.doctor.diagnose import Options, diagnose
    from unstuck.evidence.clocks import join
    from unstuck.evidence.intake import collect
    from unstuck.model.evidence import ReaderOptions

    readings = join(collect([path], ReaderOptions(frozenset({APP}))))
    return len(diagnose(readings, Options(), datetime.now(UTC)).facts)


def unzipped(path: Path) -> int:
    """What the standard library needs to unpack the same file; its size in bytes."""
    with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as member:
        return sum(len(chunk) for chunk in iter(lambda: member.read(1 << 20), b""))


def _medians(*works: Callable[[], int]) -> list[float]:
    """Seconds of processor time of each, the median of several rounds after one that only warms up.

    They take turns, so that what else the machine does in the meantime meets them alike.
    """
    times: list[list[float]] = [[] for _ in works]
    for _ in range(RUNS + 1):
        for work, taken in zip(works, times, strict=True):
            begun = time.process_time()
            work()
            taken.append(time.process_time() - begun)
    return [statistics.median(taken[1:]) for taken in times]


def _apart(path: Path) -> list[float]:
    chunks = list(inflated(path))
    return _medians(lambda: _drain(inflated(path)), lambda: read(chunks))


def _together(path: Path) -> float:
    return _medians(lambda: read(inflated(path)))[0]


def _memory_mb(path: Path) -> float:
    """Most memory of a process of its own that inflates and reads the report, in MB of a million bytes."""
    done = subprocess.run(
        [sys.executable, "-c", _READ, str(path)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return int(done.stdout) * 1024 / 1_000_000


def _row(name: str, value: float, unit: str, limit: str | None) -> dict[str, object]:
    return {"name": name, "value": value, "unit": unit, "limit": limit, "peer": None, "peer_value": None, "ratio": None}


def main() -> None:
    """Print the rows."""
    for row in run():
        beside = f"; {row['peer']}: {row['peer_value']:.4f} ({row['ratio']:.2f}x)" if row["peer"] else ""
        print(f"{row['name']}: {row['value']:.4f} {row['unit']} (bound {row['limit']}){beside}")


if __name__ == "__main__":
    main()
