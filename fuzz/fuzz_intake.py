"""Intake: any bytes, given as a file, archive or archive in an archive, give readings, quickly and within the limits.

The first byte of an input chooses what it is: a zip, tar or gzip file as it is; a zip put together from the input's own
fields, so that the engine need not find magic numbers and offsets; or a file handed to ``collect`` as a person would.
"""

import io
import struct
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from unstuck.evidence.clocks import join
from unstuck.evidence.intake import Limits, collect
from unstuck.evidence.intake.inflate import gunzip
from unstuck.evidence.intake.limits import Budget
from unstuck.evidence.intake.members import Container, Stream
from unstuck.evidence.intake.tars import TarContainer
from unstuck.evidence.intake.zips import ZipContainer
from unstuck.model.errors import EvidenceError
from unstuck.model.evidence import ReaderOptions

LIMITS = Limits(
    member_bytes=400_000,
    total_inflated_bytes=1_000_000,
    ratio_free_bytes=100_000,
    members=50,
    directory_bytes=20_000,
    nested_bytes=200_000,
)
CHUNK_BYTES = 5000
_FOLDER = Path(tempfile.mkdtemp(prefix="unstuck-fuzz-"))


def one_input(data: bytes) -> None:
    """One input."""
    if not data:
        return
    choice, body = data[0] % 6, data[1:]
    if choice == 0:
        _all_of(lambda: _zip(body))
    elif choice == 1:
        _all_of(lambda: _zip(_assembled(body)))
    elif choice == 2:
        _all_of(lambda: TarContainer(lambda size: _pieces(body, size), "fuzz", LIMITS))
    elif choice == 3:
        _within(Stream(gunzip(_pieces(body, 700), Budget(LIMITS), "fuzz", CHUNK_BYTES)))
    else:
        _collected(body if choice == 4 else _assembled(body))


def _all_of(fresh: Callable[[], Container]) -> None:
    """Two passes give the same members, whatever is read of them, and never more than is allowed."""
    first = _names(fresh(), read=True)
    # Only what the limits allow may be less in the pass that reads the members.
    if _names(fresh(), read=False)[: len(first)] != first:
        raise AssertionError("a second pass gives other members")


def _names(container: Container, read: bool) -> list[tuple[int, str]]:
    names = []
    try:
        for member in container.members():
            names.append((member.index, member.path))
            if not member.path.isprintable():
                raise AssertionError(member.path)
            if read:
                _within(Stream(member.chunks(CHUNK_BYTES)))
    except EvidenceError as fault:
        if not str(fault):
            raise AssertionError("no sentence") from fault
    if len(names) > LIMITS.members:
        raise AssertionError("too many members")
    return names


def _within(stream: Stream) -> None:
    for chunk in stream:
        if len(chunk) > CHUNK_BYTES:
            raise AssertionError("a chunk is larger than wanted")
    if stream.bytes_read > LIMITS.member_bytes:
        raise AssertionError("more was read than is allowed")


def _collected(body: bytes) -> None:
    path = _FOLDER / "file"
    path.write_bytes(body)
    for reading in join(collect([path, path], ReaderOptions(), limits=LIMITS)):
        if not reading.source.readable and not reading.source.problems:
            raise AssertionError("nothing read and nothing said")


def _zip(body: bytes) -> ZipContainer:
    def opened() -> BinaryIO:
        return io.BytesIO(body)

    return ZipContainer(opened, "fuzz", Budget(LIMITS))


def _pieces(body: bytes, size: int) -> Iterator[bytes]:
    return (body[at : at + size] for at in range(0, len(body), size))


def _assembled(body: bytes) -> bytes:
    """A zip from (flags, method, wrong sizes, length, data) groups; odd flags leave the sizes for after the data."""
    members, table, at = bytearray(), bytearray(), 0
    count = 0
    while at + 4 < len(body) and count < 60:
        flags, method, wrong, length = body[at], body[at + 1], body[at + 2], body[at + 3]
        content = body[at + 4 : at + 4 + length]
        at += 4 + length
        packed = content
        if method % 3:
            deflater = zlib.compressobj(wbits=-15)
            packed = deflater.compress(content * (1 + (method // 3) * 40)) + deflater.flush()
        how = 8 if method % 3 else 0
        name = b"steps-%d.json" % count if flags & 2 else content[:10]
        crc = zlib.crc32(content) if wrong & 1 else wrong
        follow = 8 if flags & 1 else 0
        claimed = 0 if follow else (len(packed) + (wrong >> 1)) & 0xFFFFFFFF
        header_at = len(members) if not wrong & 2 else wrong
        members += struct.pack("<4s5H3L2H", b"PK\3\4", 20, follow, how, 0, 0, crc, claimed, claimed, len(name), 0)
        members += name + packed
        if follow:
            members += struct.pack("<4s3L", b"PK\7\x08", crc, len(packed), len(content))
        table += struct.pack(
            "<4s6H3L5H2L", b"PK\1\2", 20, 20, follow | (flags >> 7), how, 0, 0, crc,
            len(packed), claimed, len(name), 0, 0, 0, 0, flags << 24, header_at,
        )  # fmt: skip
        table += name
        count += 1
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(table), len(members), 0)
    return bytes(members + table + (end if len(body) % 4 else b""))
