"""What a person hands over, as a whole: found, told apart, read once; bad parts said, good parts used."""

import os
import struct
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data import DATA, needs_data
from tests.evidence.intake.archives import LOGCAT, STEPS, bomb, gzipped, tarred, write, zipped
from unstuck.evidence.intake import Limits, collect, files
from unstuck.evidence.intake.limits import CHUNK_BYTES
from unstuck.model.evidence import ReaderOptions, Reading

BUG_REPORT = (
    b"========================================================\n== dumpstate: 2026-03-19 20:03:00\n"
    b"========================================================\n\nBuild: X\n"
    b"Build fingerprint: 'google/husky/husky:16/X/1:user/release-keys'\n"
    b"------ SYSTEM PROPERTIES (getprop) ------\n[persist.sys.timezone]: [Europe/London]\n"
)
DUMP = b"DUMP OF SERVICE power:\nPOWER MANAGER (dumpsys power)\n"


def trace(second: int, packets: int = 3) -> bytes:
    """A btsnoop trace of Reset commands, one a second."""
    data = b"btsnoop\0" + struct.pack(">II", 1, 1002)
    for packet in range(packets):
        at_us = 0x00DCDDB30F2F8000 + (1_770_000_000 + second + packet) * 1_000_000
        data += struct.pack(">IIIIq", 4, 4, 2, 0, at_us) + b"\x01\x03\x0c\x00"
    return data


def read(*sources: Path, limits: Limits | None = None) -> list[Reading]:
    return collect(sources, ReaderOptions(), limits=limits)


def paths(readings: Sequence[Reading], root: Path) -> list[str]:
    return [reading.source.path.removeprefix(f"{root}/") for reading in readings]


def problems(readings: Sequence[Reading]) -> list[str]:
    return [problem for reading in readings for problem in reading.source.problems]


def unreadable(readings: Sequence[Reading]) -> list[Reading]:
    return [reading for reading in readings if not reading.source.readable]


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    (reading,) = read(tmp_path / "nothing.log")
    assert not reading.source.readable
    assert reading.source.problems == (f"{tmp_path}/nothing.log: there is no such file or folder; check the spelling.",)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"\0\1\2\3 garbage", "is none of the kinds"),
        (b"%PDF-1.7", "it looks like a PDF"),
        (b"\x0e\x10\x00\x00\x00\x00\x00\x00.FIT\0\0", "FIT activity file"),
        (b"SQLite format 3\0", "Gadgetbridge"),
        (b"a,b,c\n1,2,3\n", "a table of another kind"),
        (b'{"resourceType": "Observation"}', "FHIR"),
        (b"Rar!\x1a\x07\x00", "RAR archive; unpack it"),
    ],
)
def test_a_file_of_another_kind_is_one_sentence_that_says_what_it_is(tmp_path: Path, data: bytes, words: str) -> None:
    write(tmp_path, {"file": data})
    (reading,) = read(tmp_path / "file")
    assert not reading.source.readable
    assert len(reading.source.problems) == 1
    assert words in reading.source.problems[0]


def test_names_do_not_decide(tmp_path: Path) -> None:
    write(tmp_path, {"holiday.jpg": trace(0), "btsnoop_hci.log": LOGCAT, "notes.zip": BUG_REPORT})
    kinds = {reading.source.path.rpartition("/")[2]: reading.source.kind for reading in read(tmp_path)}
    assert kinds == {"holiday.jpg": "btsnoop", "btsnoop_hci.log": "logcat", "notes.zip": "bugreport"}


def test_unknown_files_beside_good_ones_are_named_in_one_sentence(tmp_path: Path) -> None:
    write(tmp_path, {"a.log": trace(0), "b.pdf": b"%PDF", "c/d.txt": b"hello", "e.log": b""})
    readings = read(tmp_path)
    assert [reading.source.path for reading in readings] == [str(tmp_path), f"{tmp_path}/a.log"]
    assert problems(readings) == [f"{tmp_path}: 3 other files were not recognised: b.pdf, e.log (empty), d.txt."]
    assert unreadable(readings) == []


def test_of_many_unknown_files_five_are_named(tmp_path: Path) -> None:
    write(tmp_path, {"x.zip": zipped({"a.log": trace(0)} | {f"{n:02}.bin": b"none" for n in range(30)})})
    (problem,) = problems(read(tmp_path / "x.zip"))
    assert problem.endswith(
        "x.zip: 30 other files were not recognised: 00.bin, 01.bin, 02.bin, 03.bin, 04.bin and 25 more."
    )


def test_one_unknown_file_beside_a_bug_report_zip_and_an_export_is_named_and_theirs_are_not(tmp_path: Path) -> None:
    report = {"main_entry.txt": b"r.txt", "version.txt": b"2.0", "r.txt": BUG_REPORT, "proto/a.proto": b"\x0a\5hello"}
    write(tmp_path, {"report.zip": zipped(report), "old.zip": zipped({"r.txt": BUG_REPORT + b"x\n", "s.png": b"\0"})})
    write(tmp_path, TAKEOUT | {"garbage.bin": b"\0\1\2"})
    assert problems(read(tmp_path)) == [f"{tmp_path}: 1 other file was not recognised: garbage.bin."]


def test_a_file_of_an_export_that_is_named_as_evidence_and_is_none_is_said(tmp_path: Path) -> None:
    folder = "Takeout/Fitbit/Global Export Data/"
    bad = {f"{folder}steps-2026-04-14.json": b"<html>", f"{folder}steps-2026-04-15.json": b"[]"}
    write(tmp_path, {"x.zip": zipped(TAKEOUT | bad)})
    (problem,) = problems(read(tmp_path / "x.zip"))
    assert problem.endswith("1 other file was not recognised: steps-2026-04-14.json.")


DEEP = b'[{"dateTime" : "04/13/26 12:00:00", "value" : ' + b"[" * 4_500_000 + b"]" * 4_500_000 + b"}]"


def test_three_files_of_an_export_nested_too_deep_are_all_named_with_the_reason(tmp_path: Path) -> None:
    names = [f"steps-2026-04-{day}.json" for day in (13, 14, 15)]
    write(tmp_path, dict.fromkeys(names, DEEP))
    for sources in ([tmp_path], [tmp_path / name for name in names]):
        said = [problem for problem in problems(read(*sources)) if "same bytes" not in problem]
        assert [problem.split(": ")[0].rpartition("/")[2] for problem in said] == names
        assert all("nested too deep" in problem and "nothing of it could be read" in problem for problem in said)


def test_three_files_of_an_export_that_hold_something_else_are_all_named(tmp_path: Path) -> None:
    names = [f"steps-2026-04-{day}.json" for day in (13, 14, 15)]
    write(tmp_path, dict.fromkeys(names, b"\0\0 damaged"))
    (reading,) = read(tmp_path)
    assert not reading.source.readable
    assert "(3 files looked at)" in reading.source.problems[0]
    assert reading.source.problems[1] == f"{tmp_path}: 3 files were not recognised: {', '.join(names)}."


def test_a_bad_file_of_an_export_is_named_beside_a_good_one(tmp_path: Path) -> None:
    write(tmp_path, {"x.zip": zipped(TAKEOUT | {"Takeout/Fitbit/Global Export Data/steps-2026-04-14.json": DEEP})})
    (problem,) = problems(read(tmp_path / "x.zip", limits=Limits(ratio=2000)))
    assert "steps-2026-04-14.json: is damaged at $[0] (a value in it is nested too deep); nothing of it" in problem


def test_a_folder_without_anything_readable_is_one_sentence(tmp_path: Path) -> None:
    write(tmp_path, {"b.pdf": b"%PDF", "c/d.txt": b"hello"})
    (reading,) = read(tmp_path)
    assert not reading.source.readable
    assert "(2 files looked at)" in reading.source.problems[0]


def test_an_empty_folder_is_one_sentence(tmp_path: Path) -> None:
    (reading,) = read(tmp_path)
    assert not reading.source.readable
    assert len(reading.source.problems) == 1


def test_traces_are_read_in_the_order_of_time_whatever_the_order_given(tmp_path: Path) -> None:
    write(tmp_path, {"btsnoop_hci.log": trace(10), "btsnoop_hci.log.last": trace(0)})
    told: list[str] = []
    given = [tmp_path / "btsnoop_hci.log", tmp_path / "btsnoop_hci.log.last"]
    readings = collect(given, ReaderOptions(), lambda text, _done, _total: told.append(text))
    assert paths(readings, tmp_path) == ["btsnoop_hci.log", "btsnoop_hci.log.last"]
    read_order = [text for text in told if text.startswith("reading")]
    assert read_order[0].endswith(".last")
    assert not read_order[-1].endswith(".last")


def test_the_same_bytes_are_read_once_and_that_is_said(tmp_path: Path) -> None:
    write(tmp_path, {"a.log": trace(0), "copy/of/a.log": trace(0), "b.log": trace(50)})
    readings = read(tmp_path / "a.log", tmp_path / "a.log", tmp_path)
    assert paths(readings, tmp_path) == ["a.log", "b.log"]
    assert all("same bytes" in problem for problem in problems(readings))
    assert len(readings[0].source.problems) == 3
    assert readings[1].source.problems == ()


def test_files_that_only_begin_alike_are_all_read(tmp_path: Path) -> None:
    head = LOGCAT * 2000
    assert len(head) > 64 * 1024
    write(tmp_path, {"a.log": head + b"1", "b.log": head + b"2"})
    assert len(read(tmp_path)) == 2


def test_pipes_and_devices_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    readings = read(tmp_path / "pipe", Path("/dev/zero"), Path("/dev/null"))
    assert len(unreadable(readings)) == 3
    assert "is no ordinary file (it is a pipe)" in readings[0].source.problems[0]
    assert all("permissions" not in problem for problem in problems(readings))
    assert "it is a device" in readings[1].source.problems[0]


def test_a_pipe_in_a_folder_does_not_stop_the_rest(tmp_path: Path) -> None:
    write(tmp_path, {"a.log": LOGCAT})
    os.mkfifo(tmp_path / "pipe")
    readings = read(tmp_path)
    assert paths([reading for reading in readings if reading.facts or reading.source.records], tmp_path) == ["a.log"]
    assert any("it is a pipe" in problem for problem in problems(readings))
    assert unreadable(readings) == []


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    write(tmp_path, {"sub/a.log": LOGCAT})
    (tmp_path / "sub" / "loop").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    assert "a.log" in paths(read(tmp_path), tmp_path)[-1]


def failing_open(monkeypatch: pytest.MonkeyPatch, name: str, fault: OSError, after: int = 0) -> None:
    """Let ``os.open`` fail for one file name, from the nth time on."""
    seen = 0

    def fake(path: Path, *rest: int) -> int:
        nonlocal seen
        if Path(path).name == name:
            seen += 1
            if seen > after:
                raise fault
        return os.open(path, *rest)

    monkeypatch.setattr(files, "os", SimpleNamespace(**vars(os) | {"open": fake}))


def test_a_file_without_permission_is_said_and_the_rest_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"a.log": LOGCAT, "b.log": trace(0)})
    failing_open(monkeypatch, "b.log", PermissionError(13, "Permission denied"))
    readings = read(tmp_path / "a.log", tmp_path / "b.log")
    assert [reading.source.readable for reading in readings] == [True, False]
    assert "permission denied" in readings[1].source.problems[0]


def test_a_file_that_vanishes_between_looking_and_reading_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"a.log": LOGCAT, "b.log": trace(0)})
    failing_open(monkeypatch, "b.log", FileNotFoundError(2, "No such file or directory"), after=1)
    readings = read(tmp_path)
    assert paths(readings, tmp_path) == ["a.log", "b.log"]
    assert [reading.source.readable for reading in readings] == [True, False]
    assert any("no such file" in problem for problem in readings[1].source.problems)


def test_a_folder_in_the_place_of_a_file_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"a.log": trace(0)})

    def swapped(path: Path) -> os.stat_result:
        found = os.stat(path)
        if Path(path).name == "a.log":
            (tmp_path / "a.log").unlink()
            (tmp_path / "a.log").mkdir()
        return found

    monkeypatch.setattr(files, "os", SimpleNamespace(**vars(os) | {"stat": swapped}))
    (reading,) = read(tmp_path / "a.log")
    assert not reading.source.readable
    assert len(reading.source.problems) == 1


def test_a_bug_report_zip_is_read_by_its_main_entry(tmp_path: Path) -> None:
    members = {
        "version.txt": b"2.0",
        "main_entry.txt": b"bugreport-husky-X-2026.txt",
        "bugreport-husky-X-2026.txt": BUG_REPORT,
        "dumpsys/power.txt": DUMP,
        "FS/data/misc/bluetooth/logs/btsnoop_hci.log": trace(10),
        "FS/data/misc/bluetooth/logs/btsnoop_hci.log.last": trace(0),
        "FS/data/misc/logd/logcat.01": LOGCAT,
        "proto/activity.proto": b"\x0a\x05hello",
    }
    write(tmp_path, {"bugreport.zip": zipped(members)})
    readings = read(tmp_path / "bugreport.zip")
    assert {
        (name.removeprefix("bugreport.zip!"), reading.source.kind)
        for name, reading in zip(paths(readings, tmp_path), readings, strict=True)
    } == {
        ("bugreport-husky-X-2026.txt", "bugreport"),
        ("FS/data/misc/bluetooth/logs/btsnoop_hci.log", "btsnoop"),
        ("FS/data/misc/bluetooth/logs/btsnoop_hci.log.last", "btsnoop"),
        ("FS/data/misc/logd/logcat.01", "logcat"),
    }


def test_single_dumps_beside_a_report_that_names_no_main_entry_are_kept(tmp_path: Path) -> None:
    write(tmp_path, {"bugreport.txt": BUG_REPORT, "power.txt": DUMP})
    assert len(read(tmp_path)) == 2


TAKEOUT = {
    "Takeout/Fitbit/Global Export Data/steps-2026-04-13.json": STEPS,
    "Takeout/Fitbit/Paired Devices/Trackers.csv": b"tracker_id,last_sync_date_time,tracker_name\n"
    b"1,2026-04-13T12:30:00Z,Inspire 3\n",
    "Takeout/Fitbit/Readme.txt": b"Readme",
}


def unpack(folder: Path) -> Path:
    return write(folder / "unpacked", TAKEOUT)


def as_zip(folder: Path) -> Path:
    return write(folder, {"x.zip": zipped(TAKEOUT)}) / "x.zip"


def as_tgz(folder: Path) -> Path:
    return write(folder, {"x.tgz": gzipped(tarred(TAKEOUT))}) / "x.tgz"


def as_nested_zip(folder: Path) -> Path:
    return write(folder, {"y.zip": zipped({"x.zip": zipped(TAKEOUT)})}) / "y.zip"


@pytest.mark.parametrize("pack", [unpack, as_zip, as_tgz, as_nested_zip])
def test_an_export_is_one_source_however_it_is_packed(tmp_path: Path, pack: Callable[[Path], Path]) -> None:
    given = pack(tmp_path)
    (reading,) = read(given)
    assert (reading.source.kind, reading.source.path) == ("takeout", str(given))
    assert {fact.name for fact in reading.facts} >= {"server.series", "tracker.last_sync"}
    assert reading.source.problems == ()
    assert all(fact.source.startswith(str(given)) and fact.source.endswith((".json", ".csv")) for fact in reading.facts)


def test_the_parts_of_an_export_are_one_source(tmp_path: Path) -> None:
    one, two = list(TAKEOUT.items())[:2]
    write(tmp_path, {"t-001.zip": zipped(dict([one])), "t-002.zip": zipped(dict([two]))})
    (reading,) = read(tmp_path / "t-001.zip", tmp_path / "t-002.zip")
    assert reading.source.path == f"{tmp_path}/t-001.zip and 1 more"
    assert {fact.name for fact in reading.facts} >= {"server.series", "tracker.last_sync"}


def test_a_single_file_of_an_export_can_be_given_alone(tmp_path: Path) -> None:
    write(tmp_path, {"steps-2026-04-13.json": STEPS})
    (reading,) = read(tmp_path / "steps-2026-04-13.json")
    assert reading.source.readable
    assert reading.source.path.endswith("steps-2026-04-13.json")


def test_a_gzipped_trace_is_that_trace(tmp_path: Path) -> None:
    write(tmp_path, {"btsnoop_hci.log.gz": gzipped(trace(0))})
    (reading,) = read(tmp_path / "btsnoop_hci.log.gz")
    assert (reading.source.kind, reading.source.records) == ("btsnoop", 3)


def test_a_gzipped_file_broken_from_its_start_says_that_nothing_was_read(tmp_path: Path) -> None:
    write(tmp_path, {"x.gz": gzipped(trace(0))[:10] + b"\xff" * 50})
    (reading,) = read(tmp_path / "x.gz")
    assert len(reading.source.problems) == 1
    assert "nothing of it could be read" in reading.source.problems[0]


def test_a_gzipped_file_of_no_kind_is_one_sentence(tmp_path: Path) -> None:
    write(tmp_path, {"x.gz": gzipped(b"%PDF")})
    (reading,) = read(tmp_path / "x.gz")
    assert "it looks like a PDF" in reading.source.problems[0]


def test_archives_in_archives_without_end_are_refused(tmp_path: Path) -> None:
    data = zipped({"a.log": LOGCAT})
    for _ in range(10):
        data = zipped({"x.zip": data})
    write(tmp_path, {"x.zip": data})
    (reading,) = read(tmp_path / "x.zip")
    assert not reading.source.readable
    assert "without end" in reading.source.problems[0]


def test_an_archive_that_holds_itself_many_times_is_bounded(tmp_path: Path) -> None:
    inner = bomb(5_000_000)
    middle = zipped({f"{number}.zip": inner + bytes([number]) for number in range(20)})
    write(tmp_path, {"x.zip": zipped({"m.zip": middle, "a.log": LOGCAT})})
    readings = read(tmp_path / "x.zip", limits=Limits(total_inflated_bytes=500_000))
    assert any("came out of the archives" in problem for problem in problems(readings))


def test_an_archive_too_large_to_hold_is_said_and_the_rest_is_used(tmp_path: Path) -> None:
    write(tmp_path, {"x.zip": zipped({"big.zip": zipped({"r.bin": os.urandom(50_000)}), "a.log": LOGCAT})})
    readings = read(tmp_path / "x.zip", limits=Limits(nested_bytes=10_000))
    assert "x.zip!a.log" in paths(readings, tmp_path)
    assert any("larger than" in problem for problem in problems(readings))
    assert unreadable(readings) == []


def test_a_locked_archive_is_one_sentence(tmp_path: Path) -> None:
    data = bytearray(zipped({"a.log": LOGCAT, "b.log": LOGCAT}))
    at = -1
    while (at := data.find(b"PK\1\2", at + 1)) >= 0:
        data[at + 8] |= 1
    write(tmp_path, {"x.zip": bytes(data)})
    (reading,) = read(tmp_path / "x.zip")
    assert not reading.source.readable
    assert reading.source.problems == (
        f"{tmp_path}/x.zip: is locked with a password; unpack it yourself and give the folder.",
    )


def test_a_damaged_archive_is_said_and_what_is_left_is_used(tmp_path: Path) -> None:
    data = zipped({"a.log": LOGCAT, "b.log": trace(0)})
    write(tmp_path, {"x.zip": data[:-30]})
    readings = read(tmp_path / "x.zip")
    assert paths(readings, tmp_path) == ["x.zip", "x.zip!a.log", "x.zip!b.log"]
    assert "the archive is damaged" in readings[0].source.problems[0]
    assert unreadable(readings) == []


def test_a_member_that_ends_early_is_said_beside_what_was_read(tmp_path: Path) -> None:
    big = b"".join(trace(second * 3)[16:] for second in range(20_000))
    data = zipped({"a.log": trace(0) + big})
    write(tmp_path, {"x.zip": data[: len(data) * 2 // 3]})
    readings = read(tmp_path / "x.zip")
    trace_reading = next(reading for reading in readings if reading.source.kind == "btsnoop")
    assert trace_reading.source.records > 1000
    assert any("stops in the middle" in problem for problem in trace_reading.source.problems)


def test_mixed_good_and_bad_gives_the_good(tmp_path: Path) -> None:
    write(tmp_path, {"a.log": LOGCAT, "b.zip": b"PK\3\4 no", "c.tgz": b"\x1f\x8b\x08 no", "d": b"", "e.log": trace(0)})
    readings = read(*sorted(tmp_path.iterdir()))
    assert [reading.source.readable for reading in readings] == [True, False, False, False, True]
    assert all(len(reading.source.problems) == 1 for reading in unreadable(readings))


def test_lines_of_ten_megabytes_are_harmless(tmp_path: Path) -> None:
    long = b"x" * 10 * 2**20
    given = {
        "a.log": LOGCAT + long + b"\n" + LOGCAT,
        "steps-1.json": STEPS[:-1] + b"," + long,
        "s.csv": b"timestamp,steps,data source\n2026-04-13T12:00:00Z,1,Inspire 3\n" + long + b"\n",
    }
    write(tmp_path, given)
    readings = read(*(tmp_path / name for name in given))
    assert all(reading.source.readable for reading in readings)


def test_endless_nesting_is_harmless(tmp_path: Path) -> None:
    deep = b'[{"event": {"a":' + b"[" * 3_000_000 + b'}, "timestamp": "2026-04-13T12:00:00Z"}]'
    write(tmp_path, {"events.json": deep + b'"event": {"timestamp": 1}', "deep.json": b'{"a":' * 1_000_000})
    assert len(read(tmp_path / "events.json", tmp_path / "deep.json")) == 2


def test_progress_never_goes_back_and_ends_at_the_end(tmp_path: Path) -> None:
    write(tmp_path, {"a.zip": zipped({"a.log": LOGCAT * 5000, "b.log": trace(0)}), "c.log": trace(9)})
    told: list[tuple[int, int]] = []
    collect([tmp_path], ReaderOptions(), lambda _text, done, total: told.append((done, total)))
    reading = [(done, total) for done, total in told if total]
    assert reading == sorted(reading)
    assert reading[-1][0] == reading[-1][1]


def test_chunks_stay_small_however_much_there_is(tmp_path: Path) -> None:
    write(tmp_path, {"a.zip": zipped({"a.log": LOGCAT * 20_000})})
    steps = [0]
    collect([tmp_path / "a.zip"], ReaderOptions(), lambda _text, done, _total: steps.append(done))
    assert steps[-1] == 20_000 * len(LOGCAT)
    assert max(after - before for before, after in pairwise(steps)) <= CHUNK_BYTES


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.binary(max_size=500),
    head=st.sampled_from([b"", b"PK\3\4", b"\x1f\x8b\x08\0", LOGCAT, STEPS, trace(0)[:40]]),
)
def test_any_bytes_give_one_sentence_or_a_reading(tmp_path: Path, data: bytes, head: bytes) -> None:
    (tmp_path / "file").write_bytes(head + data)
    for reading in read(tmp_path / "file"):
        assert reading.source.readable or reading.source.problems


@needs_data
def test_every_shared_file_is_read_or_refused_in_a_sentence() -> None:
    for path in sorted(path for path in DATA.rglob("*") if path.is_file()):
        readings = read(path)
        assert readings, path
        for reading in readings:
            if not reading.source.readable:
                assert len(reading.source.problems) == 1, path
                assert reading.source.problems[0].startswith(str(path)), path


@needs_data
def test_the_shared_folder_as_a_whole_gives_what_its_files_give() -> None:
    readings = [reading for reading in read(DATA) if reading.source.readable]
    kinds = {reading.source.kind for reading in readings}
    assert {"btsnoop", "pcapng", "bugreport", "batterystats"} <= kinds
    assert sum(reading.source.kind == "btsnoop" for reading in readings) == 16 - 1


@needs_data
def test_the_two_real_traces_of_a_tracker_are_one_story_in_any_order() -> None:
    folder = DATA / "hci" / "whoisbe__pongbot-mcp"
    last, now = folder / "btsnoop_hci.log.last", folder / "btsnoop_hci.log"
    forwards, backwards = read(last, now), read(now, last)
    assert forwards == backwards[::-1]
    assert [reading.source.records for reading in forwards] == [8018, 1741]
