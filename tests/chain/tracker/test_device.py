import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.chain.tracker.crashing import CrashingFiles, PowerCutError
from unstuck.chain.link.coap import Code, Request, Response
from unstuck.chain.records import Kind, Minute, Ranges, Record, Wear, decode
from unstuck.chain.tracker.device import Tracker
from unstuck.chain.tracker.files import Files, RamFiles
from unstuck.chain.tracker.generator import Generator
from unstuck.chain.tracker.memory import Capacity
from unstuck.chain.tracker.resources import CLOCK_MOST_S, Identity
from unstuck.chain.tracker.source import Sample

START = 1_460_505_600
"""2016-04-13 00:00 UTC (Unix seconds)."""

DAY_S = 86_400

ME = Identity("F0:00:00:00:00:01", "a tracker", "0.1")


class Counting:
    """Each minute's steps are the number of the minute since START."""

    def sample(self, minute_s: int) -> Sample | None:
        return Sample(Minute((minute_s - START) // 60, 60, 12, Wear.WORN))


def tracker(files: Files | None = None, true_s: float = START, **more: Any) -> Tracker:
    return Tracker(ME, files or RamFiles(), Counting(), true_s, **more)


def ask(device: Tracker, method: Code, path: str, true_s: float, body: object = None) -> Response:
    payload = b"" if body is None else cbor2.dumps(body)
    return device.handle(Request(method, tuple(path.split("/")), payload=payload), true_s)


def status(device: Tracker, true_s: float) -> dict[str, Any]:
    response = ask(device, Code.GET, "status", true_s)
    assert (response.code, response.content_format) == (Code.CONTENT, 60)
    fields: dict[str, Any] = cbor2.loads(response.payload)
    return fields


def sync(device: Tracker, true_s: float, *numbers: int, tag: int | None = None) -> Response:
    """Boot, from, most and what to free; with the tag that the tracker has then, unless one is given."""
    tag = status(device, true_s)["tag"] if tag is None else tag
    return ask(device, Code.POST, "sync", true_s, body=[tag, *numbers])


def synced(response: Response) -> list[Any]:
    assert (response.code, response.content_format) == (Code.CONTENT, 60)
    fields: list[Any] = cbor2.loads(response.payload)
    return fields


def held_records(device: Tracker) -> list[Record]:
    spans = [(boot, *span) for boot in sorted(device.memory.held) for span in device.memory.held[boot]]
    return [record for boot, first, last in spans for record in device.memory.run(boot, first, last - first + 1)]


def steps(device: Tracker) -> list[int]:
    return [record.value[0] for record in held_records(device) if record.kind is Kind.MINUTE]


def test_a_minute_is_recorded_when_it_is_over() -> None:
    device = tracker()
    device.advance(START + 59)
    assert steps(device) == []
    device.advance(START + 185)
    assert steps(device) == [0, 1, 2]
    assert [r.start for r in held_records(device) if r.kind is Kind.MINUTE] == [START, START + 60, START + 120]


def test_the_status_says_what_is_held_and_overwritten() -> None:
    device = tracker(capacity=Capacity(detail=100, days=2, segment=50))
    fields = status(device, START + 200 * 60)
    last = device.memory.next_sequence - 1
    assert fields["id"] == ME.id
    assert fields["now"] == START + 200 * 60
    assert fields["held"] == {0: [[last - 99, last]]}
    assert fields["overwritten"] == {0: [[0, last - 100]]}
    assert fields["keeps"] == 100 * DAY_S // 1480
    assert 0 <= fields["battery"] <= 100


def test_records_come_as_a_batch_from_where_the_phone_asks() -> None:
    device = tracker()
    now, battery, end, raw = synced(sync(device, START + 6000, 0, 5, 20))
    batch = decode(raw)
    assert (now, end) == (START + 6000, device.memory.next_sequence)
    assert 0 <= battery <= 100
    assert (batch.boot, batch.first, len(batch.records)) == (0, 5, 20)
    assert batch.records == device.memory.run(0, 5, 20)


def test_the_bytes_of_a_full_answer_do_not_change_while_more_is_recorded() -> None:
    device = tracker()
    before = synced(sync(device, START + 6000, 0, 3, 30))[3]
    assert synced(sync(device, START + 60_000, 0, 3, 30))[3] == before


def test_at_the_end_there_is_nothing_new_and_beyond_it_nothing_is_found() -> None:
    device = tracker()
    end = status(device, START + 600)["end"]
    assert synced(sync(device, START + 600, 0, end, 480))[2:] == [end]
    for boot, first in ((0, end + 1), (7, 0)):
        assert sync(device, START + 600, boot, first, 480).code == Code.NOT_FOUND


def restarted(device: Tracker, files: RamFiles) -> Tracker:
    assert ask(device, Code.POST, "restart", START + 660).code == Code.CHANGED
    return device


def erased(device: Tracker, files: RamFiles) -> Tracker:
    assert ask(device, Code.DELETE, "memory", START + 660, body={"confirm": ME.id}).code == Code.DELETED
    return device


def overflowing(device: Tracker, files: RamFiles) -> Tracker:
    device.advance(START + 60 * 200)
    return device


def another(device: Tracker, files: RamFiles) -> Tracker:
    return Tracker(replace(ME, id="F0:00:00:00:00:02"), files, Counting(), START + 660)


@pytest.mark.parametrize("befalls", [restarted, erased, overflowing, another])
def test_a_tracker_that_is_no_longer_as_the_phone_thinks_frees_nothing(
    befalls: Callable[[Tracker, RamFiles], Tracker],
) -> None:
    files = RamFiles()
    device = tracker(files, capacity=Capacity(detail=100, segment=50))
    tag = status(device, START + 600)["tag"]
    device = befalls(device, files)
    device.advance(START + 660)
    held, later = dict(device.memory.held), device.notes.recorded_until_s
    assert sync(device, later, 0, 0, 480, 0, 5, tag=tag).code == Code.PRECONDITION_FAILED
    assert device.memory.held == held


def test_the_tag_stays_while_records_come_and_phones_free_them_and_the_clock_is_set() -> None:
    device = tracker()
    tag = status(device, START + 600)["tag"]
    assert synced(sync(device, START + 6000, 0, 0, 480, 0, 5, tag=tag))
    assert ask(device, Code.PUT, "time", START + 6000, body={"now": START}).code == Code.CHANGED
    assert status(device, START + 60_000)["tag"] == tag


def test_what_was_freed_meanwhile_by_another_phone_is_not_found_and_nothing_more_is_freed() -> None:
    device = tracker()
    synced(sync(device, START + 600, 0, 0, 480, 0, 5))
    assert sync(device, START + 600, 0, 3, 480, 0, 8).code == Code.NOT_FOUND
    assert device.memory.held[0].first == 6


def test_a_trim_frees_up_to_there_and_is_on_disk_before_the_answer() -> None:
    files = CrashingFiles()
    device = tracker(files)
    device.advance(START + 6000)
    acts = files.acts
    batch = decode(synced(sync(device, START + 6000, 0, 20, 5, 0, 10))[3])
    assert (batch.first, len(batch.records), files.acts) == (20, 5, acts + 1)
    again = tracker(CrashingFiles(files.data), START + 6000)
    assert again.memory.held[0] == device.memory.held[0]
    assert status(device, START + 6000)["trimmed"] == {0: 10}
    assert sync(device, START + 6000, 0, 10, 480).code == Code.NOT_FOUND
    assert decode(synced(sync(device, START + 6000, 0, 11, 480))[3]).first == 11


TAG = status(tracker(), START + 600)["tag"]


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        (Code.POST, "sync", [TAG, 0, 0, 1, 0, 10**6], Code.CONFLICT),
        (Code.POST, "sync", [TAG, 0, 0, 1, 9, 0], Code.CONFLICT),
        (Code.POST, "sync", [TAG + 1, 0, 0, 1, 0, 5], Code.PRECONDITION_FAILED),
        (Code.POST, "sync", [TAG, 0, 0, 1, 0], Code.BAD_REQUEST),
        (Code.POST, "sync", [TAG, 0, 0, 1, 0, 5, 5], Code.BAD_REQUEST),
        (Code.POST, "sync", [TAG, 0, 0, 1, 0, True], Code.BAD_REQUEST),
        (Code.POST, "sync", [TAG, 0, 0, 1, 0, -1], Code.BAD_REQUEST),
        (Code.POST, "sync", [TAG, 0, 0, 0], Code.BAD_REQUEST),
        (Code.POST, "sync", [TAG, 0, -1, 1], Code.BAD_REQUEST),
        (Code.POST, "sync", [TAG, 0, 2**60, 1], Code.BAD_REQUEST),
        (Code.POST, "sync", {"tag": TAG}, Code.BAD_REQUEST),
        (Code.POST, "sync", None, Code.BAD_REQUEST),
        (Code.GET, "sync", None, Code.METHOD_NOT_ALLOWED),
        (Code.PUT, "time", {"now": "noon"}, Code.BAD_REQUEST),
        (Code.PUT, "time", {"now": START * 1000}, Code.BAD_REQUEST),
        (Code.DELETE, "memory", None, Code.FORBIDDEN),
        (Code.DELETE, "memory", {"confirm": "yes"}, Code.FORBIDDEN),
        (Code.GET, "steps", None, Code.NOT_FOUND),
    ],
)
def test_a_request_that_is_wrong_changes_nothing_and_says_why(
    method: Code, path: str, body: object, code: Code
) -> None:
    device = tracker()
    device.advance(START + 600)
    before = held_records(device)
    response = ask(device, method, path, START + 600, body=body)
    assert response.code == code
    assert response.payload.decode()
    assert held_records(device) == before


@settings(deadline=None)
@given(st.sampled_from(Code), st.sampled_from(["status", "sync", "time", "restart", "memory"]), st.binary())
def test_any_payload_is_answered(method: Code, path: str, payload: bytes) -> None:
    response = tracker().handle(Request(method, (path,), (), payload), START + 60)
    assert response.code >> 5 in (2, 4)


def test_a_factory_reset_needs_the_id_and_says_what_it_took() -> None:
    files = RamFiles()
    device = tracker(files)
    device.advance(START + 600)
    before = device.memory.held[0]
    assert ask(device, Code.DELETE, "memory", START + 600, body={"confirm": ME.id}).code == Code.DELETED
    assert steps(device) == []
    assert device.memory.overwritten == {0: before}
    assert device.memory.boot == 1
    again = tracker(files, START + 660)
    assert steps(again) == []
    again.advance(START + 720)
    assert steps(again) == [10, 11]


def test_the_restart_button_loses_nothing() -> None:
    device = tracker()
    device.advance(START + 600)
    assert ask(device, Code.POST, "restart", START + 630).code == Code.CHANGED
    device.advance(START + 900)
    assert steps(device) == list(range(15))
    assert device.memory.boot == 1
    assert [r.sequence for r in held_records(device) if r.boot == 1] == list(range(device.memory.next_sequence))


def test_while_it_was_off_nothing_is_recorded() -> None:
    files = RamFiles()
    tracker(files).advance(START + 600)
    device = tracker(files, START + 3600)
    device.advance(START + 3720)
    assert steps(device) == [*range(10), 60, 61]


def test_a_system_clock_set_back_records_no_minute_twice() -> None:
    files = RamFiles()
    tracker(files).advance(START + 600)
    device = tracker(files, START + 300)
    device.advance(START + 780)
    assert steps(device) == list(range(13))


def test_a_power_cut_at_any_write_loses_no_minute_and_doubles_none() -> None:
    def live(files: CrashingFiles) -> None:
        device = tracker(files, capacity=Capacity(segment=7))
        for minute in range(1, 40):
            device.advance(START + 60 * minute)
            if minute % 9 == 0:
                sync(device, START + 60 * minute, 0, minute, 1, 0, minute // 2)
        ask(device, Code.POST, "restart", START + 2340)
        device.advance(START + 2400)

    whole = CrashingFiles()
    live(whole)
    for cut_at in range(whole.acts):
        files = CrashingFiles(cut_at=cut_at, part=random.Random(cut_at).random())
        with pytest.raises(PowerCutError):
            live(files)
        device = tracker(CrashingFiles(files.data), START, capacity=Capacity(segment=7))
        device.advance(START + 2400)
        found = steps(device)
        assert found == list(range(found[0], 40))
        assert found[0] <= 18
        assert device.memory.overwritten == {}


def test_the_phone_sets_the_clock_and_the_identity_of_records_stays() -> None:
    device = tracker()
    device.advance(START + 120)
    assert ask(device, Code.PUT, "time", START + 120, body={"now": START - 10_000}).code == Code.CHANGED
    device.advance(START + 240)
    assert status(device, START + 240)["now"] == START - 9_880
    assert steps(device) == [0, 1, 2, 3]
    starts = [record.start for record in held_records(device) if record.kind is Kind.MINUTE]
    assert starts == [START, START + 60, START - 10_000, START - 9_940]
    assert device.memory.held[0] == Ranges.span(0, device.memory.next_sequence - 1)
    events = cbor2.loads(ask(device, Code.GET, "events", START + 240).payload)["events"]
    assert ("CLOCK_SET", 2 * 10_120 - 1) in [(event["event"], event["argument"]) for event in events]


@settings(deadline=None)
@given(st.lists(st.integers(0, CLOCK_MOST_S), min_size=1, max_size=5))
def test_a_clock_that_jumps_anywhere_loses_no_minute(jumps: list[int]) -> None:
    files, now = RamFiles(), START
    device = Tracker(ME, files, Counting(), START, drift_ppm=50.0)
    for shown in jumps:
        now += 3 * 3600
        assert ask(device, Code.PUT, "time", now, body={"now": shown}).code == Code.CHANGED
        device = Tracker(ME, files, Counting(), now, drift_ppm=50.0)
    device.advance(now + 600)
    assert steps(device) == list(range((now + 600 - START) // 60))


def test_a_second_off_is_not_worth_an_event() -> None:
    device = tracker()
    device.advance(START + 120)
    count = device.memory.next_sequence
    ask(device, Code.PUT, "time", START + 120, body={"now": START + 121})
    assert device.memory.next_sequence == count


def test_a_day_ends_with_the_sum_of_its_minutes() -> None:
    device = Tracker(ME, RamFiles(), Generator(3), START + 3600)
    device.advance(START + 3 * DAY_S + 120)
    records = held_records(device)
    totals = {record.start: record.value for record in records if record.kind is Kind.DAY}
    assert sorted(totals) == [START, START + DAY_S, START + 2 * DAY_S]
    for day, total in totals.items():
        minutes = [r.value for r in records if r.kind is Kind.MINUTE and day <= r.start < day + DAY_S]
        assert total[0] == sum(value[0] for value in minutes)
        assert total[1] == sum(value[2] for value in minutes)
        assert total[2] == sum(value[3] == Wear.WORN for value in minutes)


def test_the_event_log_tells_the_radio_the_charge_and_the_wrist() -> None:
    device = Tracker(ME, RamFiles(), Generator(3), START)
    for hour in range(25):
        ask(device, Code.GET, "status", START + hour * 3600)
    events = cbor2.loads(ask(device, Code.GET, "events", START + DAY_S + 3600).payload)["events"]
    names = {event["event"] for event in events}
    assert {"STARTED", "OFF_WRIST", "ON_WRIST", "CHARGE", "RADIO.FAST_MODE", "RADIO.IDLE_MODE"} <= names
    radio_ms = sum(event["argument"] for event in events if event["event"].startswith("RADIO."))
    assert radio_ms == DAY_S * 1000


def test_a_memory_that_fails_says_so_and_a_restart_mends_it() -> None:
    class Full(RamFiles):
        full = False

        def append(self, name: str, data: bytes) -> None:
            if self.full:
                super().append(name, data[:3])
                raise OSError(28, "No space left on device")
            super().append(name, data)

    files = Full()
    device = tracker(files)
    tag = status(device, START + 600)["tag"]
    files.full = True
    assert ask(device, Code.GET, "status", START + 700).code == Code.INTERNAL_ERROR
    files.full = False
    assert sync(device, START + 700, 0, 5, 1, 0, 1, tag=tag).code == Code.INTERNAL_ERROR
    assert ask(device, Code.POST, "restart", START + 700).code == Code.CHANGED
    device.advance(START + 900)
    assert steps(device) == list(range(15))


def test_in_real_time_what_a_machine_slept_through_is_not_recorded() -> None:
    device = Tracker(ME, RamFiles(), Generator(1), START, real_time=True)
    device.advance(START + 60)
    device.advance(START + 180)
    slept_s = 3 * DAY_S
    device.advance(START + slept_s + 30)
    device.advance(START + slept_s + 90)
    starts = [record.start for record in device.memory.run(0, 0, 1000) if record.kind is Kind.MINUTE]
    assert starts == [START, START + 60, START + 120, START + slept_s]
