"""Recorded exchanges of Golden Gate: a file enters; what one end was given and what it answered leaves, in time order.

The recorder stood between the ends and on one machine, so a time is that of the wire within a millisecond. What an
end's own client handed in is not in the files 01..71; it is worked out from the bytes that end sent first.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from tests.data import DATA
from unstuck.chain.link.frames import HEAD_BYTES, frame_length

FOLDER = DATA / "golden-gate"


@dataclass(frozen=True)
class Line:
    """One line of a file."""

    way: str
    at_ms: float
    packet: bytes
    text: str
    act: str
    delay_ms: float


@dataclass(frozen=True)
class Given:
    """Something that happened to an end: ``packet`` from its peer, ``data`` from its client, or a ``command``."""

    at_ms: float
    what: str
    content: bytes = b""


@dataclass(frozen=True)
class Sent:
    """A packet that the end sent."""

    at_ms: float
    packet: bytes


def names() -> list[str]:
    """All files, or one name for a skipped test."""
    return sorted(path.stem for path in FOLDER.glob("*.jsonl")) or ["none"]


def read(name: str) -> list[Line]:
    """The lines of a file."""
    lines = []
    for text in (FOLDER / f"{name}.jsonl").read_text().splitlines():
        one = json.loads(text)
        packet = bytes.fromhex(one.get("hex", ""))
        moment = float(one["t_ms"])
        lines.append(Line(one["dir"], moment, packet, one.get("text", ""), one.get("act", ""), one.get("delay_ms", 0)))
    return lines


def is_probe(name: str) -> bool:
    """One tool against a hand-driven peer."""
    return name >= "80"


def ends(name: str) -> list[str]:
    """The ends a file shows."""
    return ["tool"] if is_probe(name) else ["hub", "node"]


def history(name: str, end: str) -> list[Given | Sent]:
    """What happened to one end and what it sent, in time order."""
    lines = read(name)
    out_way = {"hub": "h2n", "node": "n2h", "tool": "t2p"}[end]
    in_way = {"hub": "n2h", "node": "h2n", "tool": "p2t"}[end]
    timed: list[tuple[float, int, Given | Sent]] = []
    if is_probe(name):
        timed.append((PROBE_STARTED_MS, -1, Given(PROBE_STARTED_MS, "start")))
    for place, line in enumerate(lines):
        if line.way == out_way:
            timed.append((line.at_ms, place, Sent(line.at_ms, line.packet)))
        elif line.way == in_way and line.act != "drop":
            arrives = line.at_ms + (line.delay_ms if line.act == "delay" else 0.0)
            timed += [(arrives, place, Given(arrives, "packet", line.packet))] * (2 if line.act == "dup" else 1)
        elif line.way == "top_in":
            timed.append((line.at_ms, place, Given(line.at_ms, "data", line.packet)))
        elif line.way == "note" and end in line.text:
            timed.append(
                (line.at_ms, place, Given(line.at_ms, line.text.replace(end, "").replace("command", "").strip()))
            )
    items = [item for _, _, item in sorted(timed, key=lambda one: one[:2])]
    return items if is_probe(name) else list(_with_client(items, at_once=name.startswith(BLAST)))


BLAST = "71"
"""Here the client had everything ready and was only held up by the buffer."""


PROBE_STARTED_MS = 2.0
"""The tools of the probes were started at the start of the recording; file 81 shows their timer."""


def _with_client(items: list[Given | Sent], *, at_once: bool) -> Iterator[Given | Sent]:
    """Put in what the client must have handed in, at the latest moment that explains what was sent."""
    extra: dict[int, list[bytes]] = {}
    for session in sessions(items):
        stream = b"".join(payload for _, payload in session)
        starts = [0]
        for _, payload in session:
            starts.append(starts[-1] + len(payload))
        for begin, end in pairwise(frame_bounds(stream)):
            packet = max(index for index, start in enumerate(starts[:-1]) if start <= begin)
            place = session[packet][0]
            if at_once:
                place = session[0][0]
            elif starts[packet] < begin:
                # The frame shares its first packet with the one before, so it lay ready before whatever
                # made room for that packet.
                place = max(index for index in range(place) if isinstance(items[index], Given))
            extra.setdefault(place, []).append(stream[begin:end].ljust(end - begin, b"\0"))
    for place, item in enumerate(items):
        yield from (Given(item.at_ms, "data", frame) for frame in extra.get(place, []))
        yield item


def sessions(items: list[Given | Sent]) -> list[list[tuple[int, bytes]]]:
    """Per session of an end the data packets it sent, first copies only: place in ``items`` and payload."""
    out: list[list[tuple[int, bytes]]] = [[]]
    for place, item in enumerate(items):
        if not isinstance(item, Sent):
            continue
        if item.packet[0] & 0x80:
            if out[-1]:
                out.append([])
            continue
        data = item.packet[1:] if item.packet[0] & 0x40 else item.packet
        if data and data[0] & 0x1F == len(out[-1]) % 32:
            out[-1].append((place, data[1:]))
    return [session for session in out if session]


def frame_bounds(stream: bytes) -> list[int]:
    """Where frames begin in a stream, and the end of the last, which may lie beyond it."""
    bounds = [0]
    while bounds[-1] + HEAD_BYTES <= len(stream):
        bounds.append(bounds[-1] + frame_length(stream[bounds[-1] :]))
    if bounds[-1] < len(stream):
        bounds.append(len(stream))
    return bounds
