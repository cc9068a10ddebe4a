"""The example evidence is the same every time, is what the real formats demand, and says that it is synthetic."""

import io
import json
import shutil
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from examples.make_evidence import write
from examples.scenarios import SCENARIOS

ROOT = Path(__file__).parents[2]
needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark, the oracle, is not installed")


def _report(story: str) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(SCENARIOS[story]()["bugreport-synthetic.zip"]))


def _text(story: str) -> str:
    with _report(story) as archive:
        return archive.read(archive.read("main_entry.txt").decode()).decode()


@pytest.mark.parametrize("story", SCENARIOS)
def test_the_same_story_gives_the_same_bytes(story: str) -> None:
    assert dict(SCENARIOS[story]()) == dict(SCENARIOS[story]())


def test_the_command_writes_each_story_into_its_own_folder(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "examples", str(tmp_path)], cwd=ROOT, check=True, capture_output=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(SCENARIOS)


def test_an_unknown_story_is_refused_with_the_list(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "examples", str(tmp_path), "no-such-story"]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "walked-away" in done.stderr


def test_writing_goes_below_the_folder_given(tmp_path: Path) -> None:
    folder = write("takeout-idle", tmp_path)
    assert folder == tmp_path / "takeout-idle"
    assert (folder / "Takeout" / "Google Health" / "Paired Devices" / "Trackers.csv").is_file()


@pytest.mark.parametrize("story", ["walked-away", "battery-saver", "bluetooth-off", "healthy"])
def test_reports_say_that_they_are_synthetic(story: str) -> None:
    with _report(story) as archive:
        assert b"Synthetic" in archive.comment
    assert "Build: UNSTUCK.SYNTHETIC" in _text(story)


@pytest.mark.parametrize("story", ["walked-away", "battery-saver", "bluetooth-off", "healthy"])
def test_every_section_of_a_report_is_opened_and_closed(story: str) -> None:
    lines = _text(story).splitlines()
    opened = [line.split()[-1].rstrip(":") for line in lines if line.startswith("DUMP OF SERVICE ")]
    closed = [line.split("dumpsys ")[1].split(",")[0] for line in lines if "was the duration of dumpsys " in line]
    assert opened == closed
    assert len(opened) > 10


def _records(log: bytes) -> list[tuple[int, bytes]]:
    assert log[:16] == b"btsnoop\0" + struct.pack(">II", 1, 1002)
    records, at = [], 16
    while at < len(log):
        original, included, _, _, time_us = struct.unpack_from(">IIIIq", log, at)
        assert original == included
        records.append((time_us, log[at + 24 : at + 24 + included]))
        at += 24 + included
    assert at == len(log)
    return records


def test_the_bluetooth_log_is_in_order_of_time() -> None:
    times = [time for time, _ in _records(SCENARIOS["walked-away"]()["btsnoop_hci.log"])]
    assert times == sorted(times)


def test_three_links_are_lost_within_two_minutes_and_never_come_back() -> None:
    records = _records(SCENARIOS["walked-away"]()["btsnoop_hci.log"])
    ends = [(time, packet[6]) for time, packet in records if packet[:2] == b"\x04\x05"]
    lost = [time for time, reason in ends if reason == 0x08]
    assert len(lost) == 3
    assert (lost[-1] - lost[0]) / 1e6 < 120
    assert [reason for _, reason in ends[3:]] == [0x3E, 0x3E, 0x3E]


def test_the_healthy_evening_loses_nothing() -> None:
    with _report("healthy") as archive:
        records = _records(archive.read("FS/data/misc/bluetooth/logs/btsnoop_hci.log"))
    assert [packet for _, packet in records if packet[:2] == b"\x04\x05"] == []


def test_idle_days_hold_the_link_for_twenty_hours_without_the_app() -> None:
    files = SCENARIOS["takeout-idle"]()
    events = json.loads(files["Takeout/Google Health/Device Events_GoogleData/PwrStatsEvents.json"])
    idle_h: dict[str, float] = {}
    for row in events:
        if row["event"].get("ble") == {"feature": "GG", "type": "IDLE_MODE"}:
            day = row["timestamp"][:10]
            idle_h[day] = idle_h.get(day, 0) + row["event"]["durationMs"] / 3_600_000
    # Reports are stamped at the end of their six hours, so the last of a day carries the next day's date.
    assert sum(idle_h.values()) == pytest.approx(2 * 20.1, abs=0.01)


@needs_tshark
@pytest.mark.parametrize("story", ["walked-away", "healthy"])
def test_tshark_reads_the_log_without_complaint(story: str, tmp_path: Path) -> None:
    files = SCENARIOS[story]()
    log = files.get("btsnoop_hci.log")
    if log is None:
        with _report(story) as archive:
            log = archive.read("FS/data/misc/bluetooth/logs/btsnoop_hci.log")
    path = tmp_path / "log"
    path.write_bytes(log)
    asked = ["-T", "fields", "-e", "frame.number", "-e", "_ws.malformed", "-e", "bthci_evt.reason"]
    done = subprocess.run(["tshark", "-n", "-r", str(path), *asked], capture_output=True, text=True, check=True)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert len(rows) == len(_records(log))
    assert [row[0] for row in rows if row[1]] == []
