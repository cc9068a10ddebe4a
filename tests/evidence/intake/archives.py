"""Archives for tests, good and hostile, made byte by byte."""

import gzip
import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from unstuck.evidence.intake.limits import Budget, Limits
from unstuck.evidence.intake.members import Container, Stream
from unstuck.evidence.intake.tars import TarContainer
from unstuck.evidence.intake.zips import ZipContainer
from unstuck.model.errors import EvidenceError

LOGCAT = b"2026-03-19 18:22:01.123  1200  1300 I ActivityManager: Start proc 1:com.fitbit.FitbitMobile/u0a1\n" * 3
"""A text that is known as evidence."""

STEPS = b'[{"dateTime" : "04/13/26 12:00:00", "value" : "7"}]'
"""A Takeout file that is known as evidence when named steps."""


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An ordinary zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def streamed_zip(files: Mapping[str, bytes]) -> bytes:
    """A zip as written to a pipe: sizes follow the data."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            piece = bytes(data)  # type: ignore[call-overload]  # any bytes-like object
            self.data += piece
            return len(piece)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return bytes(pipe.data)


def tarred(files: Mapping[str, bytes], format: int = tarfile.PAX_FORMAT) -> bytes:
    """An ordinary tar."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def bomb(size_bytes: int, name: str = "zeros.log") -> bytes:
    """A zip of one file of zeros."""
    return zipped({name: bytes(size_bytes)})


def local_header(name: bytes, packed: int, size: int, crc: int = 0, flags: int = 0, method: int = 0) -> bytes:
    """The header before a member's data."""
    return struct.pack("<4s5H3L2H", b"PK\3\4", 20, flags, method, 0, 0, crc, packed, size, len(name), 0) + name


def entry(
    name: bytes, packed: int, size: int, at: int, crc: int = 0, flags: int = 0, method: int = 0, extra: bytes = b""
) -> bytes:
    """One line of the table of contents."""
    head = struct.pack(
        "<4s6H3L5H2L", b"PK\1\2", 20, 20, flags, method, 0, 0, crc, packed, size, len(name), len(extra), 0, 0, 0, 0, at
    )
    return head + name + extra


def end(count: int, table_bytes: int, table_at: int) -> bytes:
    """The end of a zip."""
    return struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, min(count, 0xFFFF), min(count, 0xFFFF), table_bytes, table_at, 0)


def zip_of(parts: Sequence[bytes], entries: Sequence[bytes]) -> bytes:
    """Members as they are, then a table of contents as it is."""
    body, table = b"".join(parts), b"".join(entries)
    return body + table + end(len(entries), len(table), len(body))


def stored(name: bytes, data: bytes) -> tuple[bytes, int]:
    """A stored member, and its checksum."""
    crc = zlib.crc32(data)
    return local_header(name, len(data), len(data), crc) + data, crc


def zip_container(data: bytes, limits: Limits | None = None) -> ZipContainer:
    """A zip in memory as intake sees it."""

    def open_it() -> BinaryIO:
        return io.BytesIO(data)

    return ZipContainer(open_it, "a.zip", Budget(limits or Limits()))


def tar_container(data: bytes, limits: Limits | None = None, piece: int = 700) -> TarContainer:
    """A tar in memory as intake sees it."""

    def open_it(_chunk_bytes: int) -> Iterator[bytes]:
        return (data[at : at + piece] for at in range(0, len(data), piece))

    return TarContainer(open_it, "a.tar", limits or Limits())


def contents(container: Container, chunk_bytes: int = 1000) -> tuple[dict[str, bytes], list[EvidenceError]]:
    """Everything a container gives, and every fault on the way."""
    found: dict[str, bytes] = {}
    faults: list[EvidenceError] = []
    members = container.members()
    while True:
        try:
            member = next(members, None)
        except EvidenceError as fault:
            faults.append(fault)
            break
        if member is None:
            break
        stream = Stream(member.chunks(chunk_bytes))
        found[member.path] = b"".join(stream)
        if stream.problem is not None:
            faults.append(stream.problem)
    return found, faults


def write(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Files on disk, for what opens them."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def gzipped(data: bytes) -> bytes:
    """An ordinary gzip file."""
    return gzip.compress(data, mtime=0)
