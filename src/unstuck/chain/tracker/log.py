"""The segments a tracker's memory is written in: values enter, checked frames leave, and the other way round.

A segment is one file, named ``<number>-<boot>.log``. It is a row of frames: length (4 bytes, big
endian), CRC-32 of length and content, content (CBOR). Reading stops at the first frame that is cut
short or does not match its CRC: what a power cut leaves is the beginning of a write. The first frame
of a segment is a snapshot of everything but the records themselves, so that older segments can go
as soon as no record in them is held.
"""

import re
import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import cbor2

from unstuck.chain.records import Batch, BatchError, Ranges, Record, decode, encode

Spans = Mapping[int, Ranges]
"""Sequence numbers by boot."""

_HEAD = struct.Struct(">II")
_NAME = re.compile(r"(\d{8})-(\d{8})\.log")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """First frame of a segment: all that is durable at that moment, without the records.

    ``floor``: segments with a lower number do not count (factory reset). ``ends``: how many records
    each boot has had. ``trimmed``: the last sequence number freed at the phone's word, by boot.
    ``notes``: what the device keeps with its records.
    """

    boot: int
    floor: int
    notes: tuple[int, ...] = ()
    trimmed: Mapping[int, int] = field(default_factory=dict)
    overwritten: Spans = field(default_factory=dict)
    ends: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Written:
    """New records, what they displaced, and the device's notes after them: one frame, so all or nothing."""

    records: tuple[Record, ...]
    displaced: Spans
    notes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Copied:
    """Records of older segments, written again so that those segments can go."""

    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Trimmed:
    """The phone has said that it holds everything of a boot up to here."""

    boot: int
    through: int


@dataclass(frozen=True, slots=True)
class Noted:
    """New notes without new records."""

    notes: tuple[int, ...]


Entry = Snapshot | Written | Copied | Trimmed | Noted


def segment_name(number: int, boot: int) -> str:
    """File name of a segment. The boot is in it so that not even a lost first frame lets a boot be used twice."""
    return f"{number:08d}-{boot:08d}.log"


def parse_name(name: str) -> tuple[int, int] | None:
    """(number, boot) of a segment's file; None for a file that is none."""
    match = _NAME.fullmatch(name)
    return (int(match[1]), int(match[2])) if match else None


def spans_to_lists(spans: Spans) -> dict[int, list[list[int]]]:
    """{boot: [[first, last], ...]} in order of boots, without empty ones."""
    return {boot: spans[boot].as_lists() for boot in sorted(spans) if spans[boot]}


def to_frame(entry: Entry) -> bytes:
    """An entry as it is written."""
    match entry:
        case Snapshot():
            spans = spans_to_lists(entry.overwritten)
            ends, trimmed = dict(entry.ends), dict(entry.trimmed)
            content: list[Any] = [0, entry.boot, entry.floor, list(entry.notes), trimmed, spans, ends]
        case Written():
            batch = encode(Batch(entry.records))
            content = [1, batch, spans_to_lists(entry.displaced), list(entry.notes)]
        case Copied():
            content = [2, [encode(Batch((record,))) for record in entry.records]]
        case Trimmed():
            content = [3, entry.boot, entry.through]
        case Noted():
            content = [4, list(entry.notes)]
    return sealed(cbor2.dumps(content))


def read_frames(data: bytes) -> tuple[list[Entry], bool]:
    """The entries of a segment up to the first that is not whole, and whether bytes were left over."""
    entries: list[Entry] = []
    place = 0
    while (content := unsealed(data, place)) is not None:
        entry = _entry(content)
        if entry is None:
            break
        entries.append(entry)
        place += _HEAD.size + len(content)
    return entries, place < len(data)


def sealed(content: bytes) -> bytes:
    """The content in a frame."""
    length = struct.pack(">I", len(content))
    return length + struct.pack(">I", zlib.crc32(length + content)) + content


def unsealed(data: bytes, place: int = 0) -> bytes | None:
    """The content of the frame that begins at this place; None when it is not whole."""
    if place + _HEAD.size > len(data):
        return None
    length, crc = _HEAD.unpack_from(data, place)
    content = data[place + _HEAD.size : place + _HEAD.size + length]
    whole = len(content) == length and zlib.crc32(content, zlib.crc32(data[place : place + 4])) == crc
    return content if whole else None


def _entry(content: bytes) -> Entry | None:
    """The entry in a frame whose CRC is right; None when another program wrote it."""
    try:
        match cbor2.loads(content):
            case [0, int(boot), int(floor), list(notes), dict(trimmed), dict(spans), dict(ends)]:
                return Snapshot(boot, floor, tuple(notes), trimmed, _spans(spans), ends)
            case [1, bytes(batch), dict(displaced), list(notes)]:
                return Written(decode(batch).records, _spans(displaced), tuple(notes))
            case [2, list(batches)]:
                return Copied(tuple(record for batch in batches for record in decode(batch).records))
            case [3, int(boot), int(through)]:
                return Trimmed(boot, through)
            case [4, list(notes)]:
                return Noted(tuple(notes))
    except (cbor2.CBORDecodeError, BatchError):
        return None
    return None


def _spans(lists: Mapping[int, Iterable[Iterable[int]]]) -> dict[int, Ranges]:
    return {boot: Ranges.of(pairs) for boot, pairs in lists.items()}
