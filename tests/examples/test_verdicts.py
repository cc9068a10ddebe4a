"""Each story, from its files through the command to the verdict it was made to show."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from examples.make_evidence import write


@dataclass(frozen=True)
class Expected:
    """What the diagnosis of a story must say; empty where it says nothing."""

    status: int
    verdict: str
    stuck_at: str | None
    first_cause: str
    first_fix: str
    since: str


STORIES = {
    "walked-away": Expected(1, "stuck", "bluetooth", "bluetooth.out_of_range", "move_closer", "2026-03-12T18:41:03"),
    "battery-saver": Expected(
        1, "stuck", "phone", "phone.battery_saver", "turn_off_battery_saver", "2026-03-12T08:14:02"
    ),
    "bluetooth-off": Expected(1, "stuck", "bluetooth", "bluetooth.off", "turn_bluetooth_on", "2026-03-12T06:58:12"),
    "takeout-idle": Expected(1, "stuck", "phone", "phone.background_restricted", "", "2026-06-09T21:49:00"),
    "healthy": Expected(0, "healthy", None, "", "", ""),
}


@pytest.mark.parametrize("story", STORIES)
def test_the_story_is_told_right(story: str, tmp_path: Path) -> None:
    expected = STORIES[story]
    command = [str(Path(sys.executable).with_name("unstuck")), "diagnose", str(write(story, tmp_path)), "--json", "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == expected.status, done.stderr
    told = json.loads(done.stdout)
    assert (told["verdict"], told["stuck_at"]) == (expected.verdict, expected.stuck_at)
    if expected.since:
        assert told["since"].startswith(expected.since)
    if expected.first_cause:
        assert told["causes"][0]["id"] == expected.first_cause
        assert told["causes"][0]["evidence"], "a cause is never named without evidence"
    if expected.first_fix:
        assert told["plan"][0]["fix"] == expected.first_fix
    assert told["tracker"]["name"] == "Inspire 3"
