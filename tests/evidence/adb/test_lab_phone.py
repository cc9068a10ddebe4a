"""The lab phone on a real adb client: asked live it says what its own bug report says, on every model."""

import time
from collections.abc import Iterable

import pytest

from tests.lab.adbd.phones import adb, connect, running
from unstuck.evidence.adb.client import AdbClient
from unstuck.evidence.adb.collect import collect
from unstuck.evidence.android import reader as android
from unstuck.evidence.profiles import packages
from unstuck.lab.adbd import Adbd
from unstuck.lab.phone import MODELS, LabPhone
from unstuck.model.evidence import Fact, ReaderOptions, Reading

pytestmark = pytest.mark.usefixtures("adb_server")

APP = "com.fitbit.FitbitMobile"
OPTIONS = ReaderOptions(packages())
OF_THE_TEXT = frozenset({"phone.section", "phone.uptime"})
"""These tell of the text itself: how long its parts are, and to the minute or the second."""


def phone(model: str) -> LabPhone:
    made = LabPhone(MODELS[model], time.time, package=APP, app_name="Fitbit")
    made.state.battery_saver = True
    made.run(f"cmd appops set {APP} RUN_ANY_IN_BACKGROUND ignore")
    return made


def read(device: LabPhone, *, full: bool = False) -> list[Reading]:
    def silent(_text: str, _done: int, _total: int) -> None:
        return None

    with running(Adbd(device)) as daemon:
        return collect(AdbClient(), connect(daemon.daemon), OPTIONS, silent, full=full)


def said(facts: Iterable[Fact]) -> set[tuple[str, str, str]]:
    return {(fact.name, repr(fact.value), fact.subject) for fact in facts if fact.name not in OF_THE_TEXT}


@pytest.mark.parametrize("model", MODELS)
def test_asked_live_a_phone_says_what_its_bug_report_says(model: str) -> None:
    device = phone(model)
    report = android.read([device.bugreport_text().encode()], "report", OPTIONS)
    live, *_ = read(device)
    assert live.source.readable
    assert said(live.facts) == said(report.facts)
    assert ("power.battery_saver", "True", "") in said(live.facts)


def test_it_is_listed_under_its_own_model() -> None:
    with running(Adbd(phone("pixel-14"))) as daemon:
        serial = connect(daemon.daemon)
        row = next(line for line in adb("devices", "-l").stdout.splitlines() if line.startswith(serial))
    assert f"model:{MODELS['pixel-14'].model.replace(' ', '_')} " in row


def test_its_whole_report_comes_through_the_cable() -> None:
    device = phone("pixel-14")
    report = android.read([device.bugreport_text().encode()], "report", OPTIONS)
    whole = [reading for reading in read(device, full=True) if reading.source.kind == "bugreport"]
    assert said(whole[0].facts) == said(report.facts)
