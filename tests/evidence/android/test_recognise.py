"""Kinds are recognised by content; what is not ours is not claimed."""

from pathlib import Path

import pytest

from tests.data import DATA, needs_data
from tests.evidence.android import forms
from tests.evidence.android.forms import VERSIONS, Phone
from tests.evidence.android.helpers import read_text
from unstuck.evidence.android.reader import recognise

PHONE = Phone("14")

OURS = {
    "dumpsys bluetooth_manager": forms.bluetooth_manager(PHONE),
    "dumpsys power": forms.power(PHONE),
    "dumpsys deviceidle": forms.deviceidle(PHONE),
    "dumpsys usagestats": forms.usagestats(PHONE),
    "dumpsys appops": forms.appops(PHONE),
    "dumpsys package": forms.package(PHONE),
    "dumpsys connectivity": forms.connectivity(PHONE),
    "dumpsys netpolicy": forms.netpolicy(PHONE),
    "dumpsys content": forms.content(PHONE),
    "dumpsys location": forms.location(PHONE),
    "dumpsys diskstats": forms.diskstats(),
    "dumpsys jobscheduler": forms.jobscheduler(),
    "dumpsys activity": forms.exit_info(),
    "dumpsys app_hibernation": forms.hibernation(),
    "settings": forms.settings(PHONE),
    "getprop": forms.properties(PHONE),
    "logcat": forms.system_log(),
    "btsnooz": forms.snooz_block(),
}

NOT_OURS = {
    "readme": "# Tracker\n\nRun `adb shell dumpsys bluetooth_manager` and look for `  state: ON`.\n\n"
    "```\nBluetooth Status\n```\n",
    "csv": "date,steps\n2024-01-01,1000\n2024-01-02,2000\n",
    "csv with times": "08-14 21:22:18.650,1,2\n08-14 21:22:19.650,1,2\n",
    "json": '[{"a": 1}, {"b": [1, 2]}]\n',
    "json lines": '{"level": "I", "tag": "x"}\n' * 5,
    "python": "import os\n\n\ndef main():\n    print('DUMP OF SERVICE x:')\n",
    "java": "package com.example;\n\nimport java.util.List;\n\npublic class A {\n}\n",
    "ini": "[section]\nkey=value\nother=1\n",
    "env": "PATH=/usr/bin\nHOME=/root\nlow=1\n",
    "properties": "airplane=1\nname=x\nvalue=3\n",
    "yaml": "state: on\nenabled: true\n",
    "nginx log": '127.0.0.1 - - [01/Jan/2024:00:00:01 +0000] "GET / HTTP/1.1" 200 5\n' * 3,
    "syslog": "Jan  1 00:00:01 host kernel: hello\n" * 3,
    "python log": "2024-01-01 00:00:01,123 INFO root: hello\n" * 3,
    "html": "<!doctype html>\n<title>x</title>\n",
    "empty lines": "\n\n\n",
    "nothing": "",
    "prose": "Bluetooth Status of my phone is unknown.\nPackages: none.\n",
    "markdown table": "| 08-14 | 21:22 |\n|---|---|\n",
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(OURS))
def test_single_outputs_are_recognised(kind: str) -> None:
    assert recognise(OURS[kind].encode()) == kind
    assert recognise(OURS[kind].replace("\n", "\r\n").encode()) == kind
    assert recognise(b"\xff\xfe" + OURS[kind].encode("utf-16-le")) == kind
    assert read_text(OURS[kind]).source.kind == kind


@pytest.mark.parametrize("version", VERSIONS)
def test_reports_of_every_version_are_recognised(version: str) -> None:
    report = forms.report(Phone(version))
    assert recognise(report[:65_536]) == "bugreport"
    assert recognise(report[:200]) == "bugreport"


@pytest.mark.parametrize("name", sorted(NOT_OURS))
def test_other_texts_are_not_claimed(name: str) -> None:
    assert recognise(NOT_OURS[name].encode()) is None


def test_our_own_sources_are_not_claimed() -> None:
    root = Path(__file__).parents[3]
    sources = [*root.glob("src/**/*.py"), *root.glob("tests/**/*.py"), *root.glob("*.md"), *root.glob("docs/**/*.md")]
    assert len(sources) > 50
    assert [path.name for path in sources if recognise(path.read_bytes()[:65_536]) is not None] == []


@needs_data
def test_other_shared_files_are_not_claimed() -> None:
    claimed = []
    for path in DATA.rglob("*"):
        if path.is_file() and "android" not in path.parts:
            with path.open("rb") as file:
                if recognise(file.read(65_536)) is not None:
                    claimed.append(path.name)
    assert claimed == []


@needs_data
def test_shared_android_files_are_recognised() -> None:
    kinds = {
        "alarm_sample-tcl.txt": "dumpsys alarm",
        "power_sample-tcl.txt": "dumpsys power",
        "batterystats-xiaomi-hyperos-mi-fitness-extract.txt": "batterystats",
        "sampleBlueOnOff.log": "batterystats",
        "airplane_on_off.log": "batterystats",
        "README.md": None,
    }
    for name, kind in kinds.items():
        assert recognise((DATA / "android" / name).read_bytes()[:65_536]) == kind, name
