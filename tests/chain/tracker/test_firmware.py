"""Firmware updates of the device as a whole: no cut of the power leaves it without a firmware or a record behind."""

from dataclasses import astuple
from pathlib import Path

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.chain.releases.made import KEYS, STRANGER, image, manifest, release
from tests.chain.tracker.crashing import CrashingFiles, PowerCutError
from tests.chain.tracker.updating import (
    CHUNK_BYTES,
    START,
    ask,
    charge,
    install,
    push,
    put,
    told,
    tracker,
    version,
)
from unstuck.chain.link.coap import Code
from unstuck.chain.records import Kind, Ranges
from unstuck.chain.tracker import firmware
from unstuck.chain.tracker.device import Tracker
from unstuck.chain.tracker.files import Folder, RamFiles
from unstuck.chain.tracker.firmware import Slots

TWO, THREE = image(3_500, 2), image(2_000, 3)


def event_names(device: Tracker) -> list[str]:
    events = cbor2.loads(ask(device, Code.GET, path="events").payload)["events"]
    return [event["event"] for event in events if event["event"].startswith("FIRMWARE")]


def minutes(device: Tracker) -> list[int]:
    spans = [(boot, *span) for boot in sorted(device.memory.held) for span in device.memory.held[boot]]
    records = [record for boot, first, last in spans for record in device.memory.run(boot, first, last - first + 1)]
    return [record.start for record in records if record.kind is Kind.MINUTE]


def test_an_update_runs_after_the_restart_and_stays_after_the_next() -> None:
    files = RamFiles()
    device = tracker(files)
    push(device, TWO, "2.0.0")
    assert version(device) == "1.0.0"
    ask(device, Code.POST, path="restart")
    assert version(device) == "2.0.0"
    assert (told(device)["running"], told(device)["active"], told(device)["trial"]) == ("b", "b", "none")
    assert version(tracker(files)) == "2.0.0"
    assert event_names(device) == ["FIRMWARE_TRIED", "FIRMWARE_KEPT"]


def test_the_next_update_goes_into_the_other_slot_and_only_needed_files_stay() -> None:
    files = RamFiles()
    device = tracker(files)
    install(device, TWO, "2.0.0")
    install(device, THREE, "3.0.0")
    assert version(device) == "3.0.0"
    assert {slot: found["version"] for slot, found in told(device)["slots"].items()} == {"a": "3.0.0", "b": "2.0.0"}
    ours = [name for name in files.names() if name.startswith("firmware")]
    assert sorted(name.partition(".")[2] for name in ours) == ["image", "image", "slots"]


def test_a_restart_for_an_update_loses_no_record() -> None:
    device = tracker(RamFiles())
    device.advance(START + 600)
    install(device, TWO, "2.0.0")
    device.advance(START + 1200)
    assert minutes(device) == list(range(START, START + 1200, 60))
    assert device.memory.overwritten == {}


@pytest.mark.parametrize("part", [0.0, 0.5, 1.0])
def test_a_power_cut_at_any_write_leaves_a_firmware_and_the_update_goes_on(part: float) -> None:
    answered = ["1.0.0"]

    def live(files: CrashingFiles) -> None:
        answered[:] = ["1.0.0"]
        device = tracker(files)
        device.advance(START + 300)
        install(device, TWO, "2.0.0")
        answered.append(version(device))
        device.advance(START + 600)
        install(device, THREE, "3.0.0")
        answered.append(version(device))

    whole = CrashingFiles()
    live(whole)
    assert whole.acts > 30
    for cut_at in range(whole.acts):
        files = CrashingFiles(cut_at=cut_at, part=part)
        with pytest.raises(PowerCutError):
            live(files)
        device = tracker(CrashingFiles(files.data))
        assert version(device) in ("1.0.0", "2.0.0", "3.0.0")
        assert version(device) >= answered[-1], "never back behind what has once answered a phone"
        for data, number in ((TWO, "2.0.0"), (THREE, "3.0.0")):
            if version(device) < number:
                install(device, data, number)
        assert version(device) == "3.0.0"
        assert event_names(device).count("FIRMWARE_BACK") <= 1
        found = minutes(device)
        assert found == list(range(START, device.notes.recorded_until_s, 60))
        assert device.memory.overwritten == {}


def test_what_was_written_before_a_cut_is_not_sent_again() -> None:
    files = CrashingFiles()
    device = tracker(files)
    ask(device, Code.POST, release(TWO))
    put(device, TWO, 0)
    files.cut_at, files.part = files.acts, 0.5
    with pytest.raises(PowerCutError):
        put(device, TWO, CHUNK_BYTES)
    again = tracker(CrashingFiles(files.data))
    assert told(again)["update"]["offset"] == CHUNK_BYTES + CHUNK_BYTES // 2
    assert put(again, TWO, CHUNK_BYTES).code == Code.CONFLICT
    install(again, TWO, "2.0.0")
    assert version(again) == "2.0.0"


def test_a_firmware_that_never_answered_a_phone_is_gone_after_the_next_start() -> None:
    files = RamFiles()
    push(tracker(files), TWO, "2.0.0")
    assert tracker(files).firmware.version == "2.0.0"
    device = tracker(files)
    assert version(device) == "1.0.0"
    assert event_names(device) == ["FIRMWARE_TRIED", "FIRMWARE_BACK"]
    assert told(device)["slots"] == {"a": {"version": "1.0.0"}, "b": None}


def test_an_image_that_does_not_start_is_given_up() -> None:
    device = tracker(RamFiles(), starts=lambda data: data != TWO)
    install(device, TWO, "2.0.0")
    assert version(device) == "1.0.0"
    assert event_names(device) == ["FIRMWARE_BACK"]
    install(device, THREE, "3.0.0")
    assert version(device) == "3.0.0"


def test_a_slot_damaged_later_is_left_for_the_other_and_then_for_the_factorys() -> None:
    files = RamFiles()
    device = tracker(files)
    install(device, TWO, "2.0.0")
    install(device, THREE, "3.0.0")
    version(device)
    images = sorted(name for name in files.names() if name.endswith(".image"))
    files.data[images[-1]] = files.data[images[-1]][:-1] + b"?"
    device = tracker(files)
    assert version(device) == "2.0.0"
    files.data[images[0]] = b""
    assert version(tracker(files)) == "1.0.0"
    assert version(tracker(files)) == "1.0.0"


def test_a_whole_image_that_is_another_is_never_started() -> None:
    device = tracker(RamFiles())
    ask(device, Code.POST, release(TWO))
    other = image(len(TWO), 9)
    for offset in range(0, len(TWO), CHUNK_BYTES):
        answer = put(device, other, offset)
    assert answer.code == Code.PRECONDITION_FAILED
    assert told(device)["update"] is None
    ask(device, Code.POST, path="restart")
    assert version(device) == "1.0.0"
    install(device, TWO, "2.0.0")
    assert version(device) == "2.0.0"


@pytest.mark.parametrize(
    ("signed", "keys", "code", "words"),
    [
        (release(TWO, key=STRANGER), KEYS, Code.FORBIDDEN, "not trusted"),
        (release(TWO), (), Code.FORBIDDEN, "not trusted"),
        (b"", KEYS, Code.FORBIDDEN, "no release"),
        (release(TWO, product="other"), KEYS, Code.FORBIDDEN, "for the model other"),
        (release(TWO, "1.0.0"), KEYS, Code.FORBIDDEN, "not newer"),
        (release(TWO, over="1.5.0"), KEYS, Code.FORBIDDEN, "goes over 1.5.0"),
        (release(TWO, battery_percent=100), KEYS, Code.PRECONDITION_FAILED, "at least 100 %"),
    ],
)
def test_what_may_not_be_installed_changes_nothing(
    signed: bytes, keys: tuple[bytes, ...], code: Code, words: str
) -> None:
    files = CrashingFiles()
    device = tracker(files, release_keys=keys)
    charge(device, 99)
    acts = files.acts
    answer = ask(device, Code.POST, signed)
    assert (answer.code, files.acts) == (code, acts)
    assert words in answer.payload.decode()


def test_below_the_safe_level_nothing_is_written_and_nothing_is_started() -> None:
    device = tracker(RamFiles())
    ask(device, Code.POST, release(TWO))
    charge(device, 49)
    assert put(device, TWO, 0).code == Code.PRECONDITION_FAILED
    charge(device, 50)
    push(device, TWO, "2.0.0")
    charge(device, 49)
    device.memory.note(astuple(device.notes))
    ask(device, Code.POST, path="restart")
    assert (version(device), told(device)["trial"]) == ("1.0.0", "ready")


def test_begun_again_it_goes_on_and_another_must_wait() -> None:
    device = tracker(RamFiles())
    ask(device, Code.POST, release(TWO))
    put(device, TWO, 0)
    assert cbor2.loads(ask(device, Code.POST, release(TWO)).payload) == {"offset": CHUNK_BYTES}
    assert ask(device, Code.POST, release(THREE, "3.0.0")).code == Code.CONFLICT
    assert ask(device, Code.DELETE).code == Code.DELETED
    assert told(device)["update"] is None
    install(device, THREE, "3.0.0")
    assert version(device) == "3.0.0"


def test_an_update_that_is_ready_can_be_given_up() -> None:
    device = tracker(RamFiles())
    push(device, TWO, "2.0.0")
    assert ask(device, Code.POST, release(THREE, "3.0.0")).code == Code.CONFLICT
    ask(device, Code.DELETE)
    ask(device, Code.POST, path="restart")
    assert version(device) == "1.0.0"


def test_giving_up_nothing_keeps_the_spare_image() -> None:
    device = tracker(RamFiles())
    install(device, TWO, "2.0.0")
    install(device, THREE, "3.0.0")
    ask(device, Code.DELETE)
    assert told(device)["slots"]["b"]["version"] == "2.0.0"


@pytest.mark.parametrize("query", [(), ("offset=-1",), ("offset=0", "offset=0"), ("from=0",), ("offset=" + "9" * 99,)])
def test_a_chunk_says_where_it_belongs(query: tuple[str, ...]) -> None:
    device = tracker(RamFiles())
    ask(device, Code.POST, release(TWO))
    assert ask(device, Code.PUT, b"x", *query).code == Code.BAD_REQUEST


def test_a_chunk_is_not_empty_and_not_beyond_the_end() -> None:
    device = tracker(RamFiles())
    assert put(device, TWO, 0).code == Code.CONFLICT
    ask(device, Code.POST, release(TWO))
    assert ask(device, Code.PUT, b"", "offset=0").code == Code.BAD_REQUEST
    assert ask(device, Code.PUT, TWO + b"x", "offset=0").code == Code.BAD_REQUEST
    assert told(device)["update"]["offset"] == 0


def test_a_factory_reset_keeps_the_firmware() -> None:
    device = tracker(RamFiles())
    install(device, TWO, "2.0.0")
    confirm = cbor2.dumps({"confirm": device.identity.id})
    assert ask(device, Code.DELETE, confirm, path="memory").code == Code.DELETED
    assert version(device) == "2.0.0"


def test_a_write_that_fails_is_an_error_until_the_restart_and_the_update_goes_on() -> None:
    class Full(RamFiles):
        full = False

        def append(self, name: str, data: bytes) -> None:
            if self.full and name.endswith(".image"):
                super().append(name, data[:3])
                raise OSError(28, "No space left on device")
            super().append(name, data)

    files = Full()
    device = tracker(files)
    ask(device, Code.POST, release(TWO))
    put(device, TWO, 0)
    files.full = True
    assert put(device, TWO, CHUNK_BYTES).code == Code.INTERNAL_ERROR
    files.full = False
    assert put(device, TWO, CHUNK_BYTES).code == Code.INTERNAL_ERROR
    ask(device, Code.POST, path="restart")
    assert told(device)["update"]["offset"] == CHUNK_BYTES + 3
    install(device, TWO, "2.0.0")
    assert version(device) == "2.0.0"


def test_no_update_begins_while_a_firmware_is_on_trial_and_the_memory_fails() -> None:
    class Full(RamFiles):
        full = False

        def append(self, name: str, data: bytes) -> None:
            if self.full and name.endswith(".log"):
                raise OSError(28, "No space left on device")
            super().append(name, data)

    files = Full()
    device = tracker(files)
    push(device, TWO, "2.0.0")
    ask(device, Code.POST, path="restart")
    files.full = True
    with pytest.raises(OSError, match="No space"):
        device.advance(START + 120)
    answer = ask(device, Code.POST, release(THREE, "3.0.0"))
    assert (answer.code, b"on trial" in answer.payload) == (Code.CONFLICT, True)
    files.full = False
    ask(device, Code.POST, path="restart")
    assert version(device) == "1.0.0", "it has not answered a phone"


def test_it_lies_in_a_real_folder_as_well(tmp_path: Path) -> None:
    files = Folder(tmp_path)
    device = tracker(files)
    install(device, TWO, "2.0.0")
    assert version(device) == version(tracker(files)) == "2.0.0"


@settings(deadline=None)
@given(st.sampled_from(Code), st.binary(max_size=60), st.lists(st.text(max_size=12), max_size=2))
def test_any_request_is_answered(method: Code, payload: bytes, query: list[str]) -> None:
    answer = ask(tracker(RamFiles()), method, payload, *query)
    assert answer.code >> 5 in (2, 4)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("begin"), st.integers(0, 2)),
        st.tuples(st.just("chunk"), st.integers(1, 400)),
        st.tuples(st.just("wrong chunk"), st.integers(1, 400)),
        st.tuples(st.just("give up"), st.just(0)),
        st.tuples(st.just("restart"), st.just(0)),
        st.tuples(st.just("power cut"), st.integers(0, 100)),
        st.tuples(st.just("charge"), st.integers(10, 100)),
        st.tuples(st.just("minute"), st.integers(1, 5)),
    ),
    max_size=40,
)


@settings(deadline=None, max_examples=150)
@given(steps, st.data())
def test_whatever_happens_a_whole_signed_image_or_the_factorys_runs(
    acts: list[tuple[str, int]], data: st.DataObject
) -> None:
    images = {"1.0.0": b"", "2.0.0": image(700, 2), "3.0.0": image(500, 3), "3.1.0": image(900, 4)}
    signed = [release(bits, number) for number, bits in images.items() if bits]
    by_release = dict(zip(signed, list(images.values())[1:], strict=True))
    files = CrashingFiles()
    device = tracker(files)
    newest_kept = "1.0.0"
    for act, number in acts:
        if act == "power cut":
            # In the middle of whatever the tracker writes next, a minute from now.
            files.cut_at, files.part = files.acts + number % 4, number / 100
        try:
            update = told(device)["update"]
            match act:
                case "begin":
                    ask(device, Code.POST, signed[number])
                case "chunk" if update:
                    bits = by_release[update["release"]]
                    ask(device, Code.PUT, bits[update["offset"] :][:number], f"offset={update['offset']}")
                case "wrong chunk" if update:
                    ask(device, Code.PUT, bytes(number), f"offset={update['offset']}")
                case "give up":
                    ask(device, Code.DELETE)
                case "restart":
                    ask(device, Code.POST, path="restart")
                case "charge":
                    charge(device, number)
                case "minute" | "power cut":
                    device.advance(device.notes.recorded_until_s + 60 * number)
        except PowerCutError:
            files = CrashingFiles(files.data)
            device = tracker(files, device.notes.recorded_until_s)
        running = device.firmware.slots.image(device.firmware.slots.running)
        assert device.firmware.version in images
        if running is not None:
            assert files.data[f"firmware-{running.file:08d}.image"] == images[running.version]
        if not device.firmware.on_trial:
            assert device.firmware.version >= newest_kept, "never back behind what has once answered a phone"
            newest_kept = device.firmware.version
    assert version(device) in images
    held = device.memory.held
    assert all(held[boot] == Ranges.span(0, device.memory.ends[boot] - 1) for boot in held)


@given(st.binary(max_size=60))
def test_slots_of_another_program_are_none(data: bytes) -> None:
    assert firmware.from_bytes(data) is None


def test_slots_come_back_as_they_were() -> None:
    update = firmware.begun(Slots(), release(TWO), 1)
    ready = firmware.completed(update, manifest(TWO))
    running = firmware.started(ready, 100, lambda image: True).slots
    for slots in (Slots(), update, ready, running, firmware.kept(running)):
        assert firmware.from_bytes(firmware.to_bytes(slots)) == slots
