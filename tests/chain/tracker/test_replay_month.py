import os
from itertools import islice

import cbor2
import pytest

from tests.chain.golden import golden_month, minutes
from tests.data import needs_data
from unstuck.chain.link.coap import Code, Request
from unstuck.chain.records import Kind, Ranges, Record, decode
from unstuck.chain.tracker.device import Tracker
from unstuck.chain.tracker.files import Files, RamFiles
from unstuck.chain.tracker.replay import Replay
from unstuck.chain.tracker.resources import Identity

ME = Identity("F0:00:00:00:00:01", "a tracker", "0.1")

SYNC_S = 6 * 3_600
PEOPLE = int(os.environ.get("UNSTUCK_GOLDEN_PEOPLE", "2"))
"""Of the 33, so that the suite stays quick; all of them take a minute."""


def drain(device: Tracker, true_s: int, store: dict[tuple[int, int], Record]) -> None:
    """What a phone does: fetch what is held, keep it, only then let it go."""
    status = cbor2.loads(device.handle(Request(Code.GET, ("status",)), true_s).payload)
    for boot, spans in status["held"].items():
        trim: tuple[int, ...] = ()
        for first, last in spans:
            while first <= last:
                wanted = cbor2.dumps([status["tag"], boot, first, min(1440, last - first + 1), *trim])
                answer = device.handle(Request(Code.POST, ("sync",), payload=wanted), true_s)
                batch = decode(cbor2.loads(answer.payload)[3])
                store.update({(record.boot, record.sequence): record for record in batch.records})
                first = batch.last + 1
                trim = (boot, batch.last)
        last_word = cbor2.dumps([status["tag"], status["boot"], status["end"], 1, *trim])
        assert device.handle(Request(Code.POST, ("sync",), payload=last_word), true_s).code == Code.CONTENT


def live(files: Files, replay: Replay, *, first_sync_s: int) -> tuple[dict[tuple[int, int], Record], Tracker]:
    """A month on the wrist: the phone comes every six hours from ``first_sync_s`` on, the button is pressed weekly."""
    store: dict[tuple[int, int], Record] = {}
    device = Tracker(ME, files, replay, replay.first_s)
    for count, now_s in enumerate(range(replay.first_s + SYNC_S, replay.end_s + SYNC_S, SYNC_S), 1):
        device.advance(now_s)
        if now_s >= first_sync_s:
            drain(device, now_s, store)
        if count % 28 == 0:
            device = Tracker(ME, files, replay, now_s)
    return store, device


def steps_by_minute(store: dict[tuple[int, int], Record]) -> list[tuple[int, int]]:
    return sorted((record.start, record.value[0]) for record in store.values() if record.kind is Kind.MINUTE)


@needs_data
@pytest.mark.timeout(300)
def test_a_month_drained_through_restarts_is_the_month_on_the_wrist() -> None:
    for hours in islice(golden_month().values(), PEOPLE):
        files = RamFiles()
        store, device = live(files, Replay(hours), first_sync_s=0)
        assert steps_by_minute(store) == list(minutes(hours))
        assert device.memory.overwritten == {}
        for boot in range(device.memory.boot + 1):
            numbers = [sequence for found, sequence in store if found == boot]
            assert sorted(numbers) == list(range(len(numbers)))
        assert sum(map(len, files.data.values())) < 20_000


@needs_data
def test_a_phone_that_comes_after_three_weeks_misses_exactly_what_is_reported() -> None:
    hours = next(iter(golden_month().values()))
    replay = Replay(hours)
    store, device = live(RamFiles(), replay, first_sync_s=replay.first_s + 21 * 86_400)
    wrist, phone = list(minutes(hours)), steps_by_minute(store)
    assert phone == wrist[-len(phone) :]
    assert len(wrist) - len(phone) == pytest.approx(14 * 1_440, rel=0.05)
    for boot, ranges in device.memory.overwritten.items():
        held = Ranges.numbers(sequence for found, sequence in store if found == boot)
        assert not held & ranges
        assert held | ranges == Ranges.span(0, device.memory.ends[boot] - 1)
    totals = sum(record.kind is Kind.DAY for record in store.values())
    assert totals == len({start // 86_400 for start, _ in wrist}) - 1
