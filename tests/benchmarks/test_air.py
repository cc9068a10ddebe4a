"""What the benchmark of bytes over the air counts, and that the FIT file beside it is one."""

import asyncio
import struct
from pathlib import Path

from benchmarks.bench_air import TRACKER, Link, Worn, carried, drained, json_text
from benchmarks.fit import EPOCH_S, crc, fit_file

from unstuck.chain.phone.drain import Drain
from unstuck.chain.phone.hosts import Desktop
from unstuck.chain.phone.journal import Journal
from unstuck.chain.phone.reasons import Outcome
from unstuck.chain.phone.tracker import TrackerApi
from unstuck.chain.tracker.device import Tracker
from unstuck.chain.tracker.files import RamFiles
from unstuck.chain.tracker.resources import Identity

START_S = 1_460_505_600
MINUTES = {START_S + 60 * at: (at % 90, 60 + at % 30) for at in range(600)}


def test_a_sync_in_the_rhythm_is_a_question_an_answer_and_an_acknowledgement(tmp_path: Path) -> None:
    now = float(START_S)
    device = Tracker(Identity(TRACKER, "Band", "1.0"), RamFiles(), Worn(MINUTES), now)
    link = Link(device.handler(lambda: now))
    journal = Journal(tmp_path / "journal")
    drain = Drain(journal, TRACKER, TrackerApi(link), Desktop(), lambda: now, lambda: None)
    asyncio.run(drain.attempt())
    for _ in range(4):
        now += 900
        packets = link.packets
        assert asyncio.run(drain.attempt()).outcome is Outcome.SYNCED
        assert link.packets - packets == 3
    assert device.memory.held[0].total == 15, "the others were freed on the way"
    journal.close()


def test_every_rhythm_carries_every_minute() -> None:
    for every_s in (None, 3_600):
        air, asked = drained(MINUTES, every_s)
        assert asked[-1] == START_S + 36_000
        assert air.each < carried(MINUTES, asked, json_text).each


def test_a_fit_file_says_the_same_minutes() -> None:
    file = fit_file(MINUTES)
    assert crc(file) == 0
    assert crc(file[:14]) == 0
    sizes: dict[int, int] = {}
    found: dict[int, tuple[int, int]] = {}
    minute, at = 0, 14
    while at < len(file) - 2:
        head, local = file[at], file[at] & 0x0F
        if head & 0x40:
            fields = file[at + 5]
            sizes[local] = sum(file[at + 6 + 3 * place + 1] for place in range(fields))
            at += 6 + 3 * fields
            continue
        body = file[at + 1 : at + 1 + sizes[local]]
        at += 1 + len(body)
        if local == 1:
            seconds, steps, rate = struct.unpack("<IHB", body)
            minute = seconds // 60
        elif local == 2:
            low, steps, rate = struct.unpack("<BHB", body)
            minute += (low - minute) % 256
        if local:
            found[minute * 60 + EPOCH_S] = (steps, rate)
    assert found == MINUTES
