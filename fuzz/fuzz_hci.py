"""The HCI reader: any bytes give a Reading or an EvidenceError, and every fact obeys the vocabulary.

The first byte of an input chooses the head of a container, so that the engine need not find magic
numbers; the second the size of the chunks. Each input is read twice by the same reader, so that what is
carried from one trace to the next is reached too.
"""

import struct

from unstuck.evidence.hci import HciReader, containers, first_time, recognise, session
from unstuck.model.errors import EvidenceError
from unstuck.model.evidence import ReaderOptions
from unstuck.model.vocabulary import violations

LOADED_NOW = (containers, session)
"""The reader loads these only when it reads; loaded here they are instrumented."""

BTSNOOP_H4 = b"btsnoop\0" + struct.pack(">II", 1, 1002)
HEADS = (
    b"",
    BTSNOOP_H4,
    b"btsnoop\0" + struct.pack(">II", 1, 1001),
    b"btsnoop\0" + struct.pack(">II", 1, 2001),
    struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 201),
    struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 187),
    struct.pack(">IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 254),
    struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
    + struct.pack("<IIHHII", 1, 20, 201, 0, 65535, 20),
)
PACKETS = len(HEADS)
"""This choice takes the input for HCI packets, which go into a well-formed btsnoop file."""


def one_input(data: bytes) -> None:
    """One input."""
    if len(data) < 2:
        return
    choice, size = data[0] % (PACKETS + 1), data[1] + 1
    trace = _packets(data[2:]) if choice == PACKETS else HEADS[choice] + data[2:]
    recognise(trace[:4096])
    first_time(trace[:4096])
    reader = HciReader(ReaderOptions(tracker="e6:c0:ec:8e:de:51"))
    for _ in range(2):
        try:
            reading = reader.read((trace[at : at + size] for at in range(0, len(trace), size)), "fuzz")
        except EvidenceError:
            return
        wrong = [one for fact in reading.facts for one in violations(fact)]
        if wrong:
            raise AssertionError(wrong)


def _packets(body: bytes) -> bytes:
    """A btsnoop file from (length, flags and time step, packet) triples."""
    out, at, now_us = bytearray(BTSNOOP_H4), 0, 0x00E2_0000_0000_0000
    while at + 2 < len(body):
        length, flags = body[at], body[at + 1]
        packet = body[at + 2 : at + 2 + length]
        now_us += (flags >> 1) ** 4
        out += struct.pack(">IIIIQ", len(packet), len(packet), flags & 1, 0, now_us) + packet
        at += 2 + length
    return bytes(out)
