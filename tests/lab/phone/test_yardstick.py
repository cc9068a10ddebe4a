"""Every line we print has the shape of a line that a real phone of the release printed, where there is one to compare.

Two real reports may be used, of emulators on 9 and on a preview of 10, without Bluetooth and without a tracker's app.
"""

import io
import re
import zipfile
from functools import cache

import pytest

from tests.data import DATA, needs_data
from tests.lab.phone.made import APP, TRACKER, made
from tests.lab.phone.shapes import section, services, shape, unlike
from unstuck.lab.phone import Bond

_REPORTS = {9: "emulator-android9-*.zip", 10: "emulator-androidQ-*.zip"}

_NOT_ON_AN_EMULATOR = {
    9: (
        r"NetworkFactories for: ",  # its own list of networks
        r" +0 \(\d+\) \d{3} .*status=",  # not charging, where ours discharges
        r" +\+\S+ \(\d+\) \d{3} .*[+-](screen|ble_scan|power_save)$",  # alone in our entry
        r" +\+\S+ \(\d+\) \d{3} .*tmpwhitelist=1002:",  # no Bluetooth
        r"    Bluetooth Scan ",
        r"      \(nothing executed\)$",  # seen on 10
        r"    installerPackageName=",  # seen on 10
        r"--------- beginning of events$",  # the ring had forgotten it
        r"    Last ON time: ",  # battery saver was never on
        r"    Account ",  # nobody was signed in
    ),
    10: (
        r"NetworkFactories for: ",
        r"    #5: cch",  # only with another suffix
        r" +\+?\S+ \(\d+\) ",  # its battery history is empty; the form is that of 9 without flags, seen on 11 and 15
        r"  Time on battery: ",  # always on the charger
        r"    Bluetooth Scan ",
        r"    Account ",
        r"User UserInfo",  # the owner's name in Spanish
        r"  Last 24 hour events ",  # its language is Spanish
        r"--------- beginning of events$",
        r".* am_proc_start: |.* ActivityManager: Start proc ",  # the release has braces, the preview has not
        r".* screen_toggled: ",
    ),
}
"""Lines whose shape no emulator could print, each with why."""


@cache
def _real(android: int) -> str:
    (path,) = (DATA / "android").glob(_REPORTS[android])
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
        return archive.read(archive.read("main_entry.txt").decode()).decode("utf-8", "replace")


@cache
def _ours(android: int) -> str:
    phone, clock = made(f"pixel-{android}")
    phone.state.bonds.append(Bond(TRACKER, "Inspire 3"))
    phone.note_gatt(clock() - 2000, TRACKER, 0, True)
    phone.note_scan(clock() - 1000, 12.0)
    phone.note_job(clock() - 900)
    phone.use_app()
    clock.on(20)
    phone.leave_app()
    clock.on(9)
    return phone.bugreport_text()


def _strange(android: int, lines: list[str]) -> list[str]:
    known = re.compile("|".join(_NOT_ON_AN_EMULATOR[android]))
    return [line for line in lines if not known.match(line)]


@needs_data
@pytest.mark.parametrize("android", _REPORTS)
def test_lines_of_services_have_real_shapes(android: int) -> None:
    real, ours = services(_real(android)), services(_ours(android))
    compared = sorted(ours.keys() & real.keys())
    assert len(compared) >= 15
    assert "bluetooth_manager" not in compared
    found = {name: _strange(android, list(unlike(ours[name], real[name]))) for name in compared}
    assert {name: lines for name, lines in found.items() if lines} == {}


@needs_data
@pytest.mark.parametrize("android", _REPORTS)
@pytest.mark.parametrize("title", ["SYSTEM LOG", "EVENT LOG"])
def test_lines_of_logs_have_real_shapes(android: int, title: str) -> None:
    ours = [line for line in section(_ours(android), title) if "BluetoothGatt" not in line]
    assert ours
    assert _strange(android, list(unlike(ours, section(_real(android), title)))) == []


@needs_data
@pytest.mark.parametrize("android", _REPORTS)
def test_properties_are_those_of_a_phone(android: int) -> None:
    names = {line.split("]")[0] for line in section(_real(android), "SYSTEM PROPERTIES")}
    ours = {line.split("]")[0] for line in section(_ours(android), "SYSTEM PROPERTIES")}
    # Of our own only what an emulator has no maker, no language or no serial number for.
    assert ours - names <= {"[persist.sys.locale", "[ro.serialno", "[ro.build.characteristics"}


@needs_data
@pytest.mark.parametrize("android", _REPORTS)
def test_the_head_has_the_lines_of_a_real_one_in_their_order(android: int) -> None:
    real = [line.split(":")[0] for line in _real(android)[:4000].split("------ ")[0].splitlines()]
    ours = [line.split(":")[0] for line in _ours(android).split("------ ")[0].splitlines()]
    assert ours == real


def test_the_yardstick_sees_a_line_that_no_phone_prints() -> None:
    real = ["  mScreenOn=true", "    com.google.android.gms", "  UID=10007 policy=4 (ALLOW_METERED_BACKGROUND)"]
    assert (
        list(unlike(["  mScreenOn=false", f"    {APP}", "  UID=10231 policy=4 (ALLOW_METERED_BACKGROUND)"], real)) == []
    )
    wrong = ["  mScreen=true", "  UID=1: policy=4 (ALLOW_METERED_BACKGROUND)"]
    assert list(unlike(wrong, real)) == wrong
    assert shape("  Enabled=true") == "  Enabled=FLAG"
