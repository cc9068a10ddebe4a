"""Phones for the tests: a clock that is set by hand, a phone on it, and what the readers make of its report."""

from datetime import UTC, datetime

from unstuck.evidence.android import reader
from unstuck.lab.phone import MODELS, LabPhone
from unstuck.model.evidence import Fact, ReaderOptions, Reading, Value

APP = "com.fitbit.FitbitMobile"
TRACKER = "E6:5E:00:00:00:01"
NOON_S = datetime(2026, 3, 12, 11, 0, tzinfo=UTC).timestamp()
IDS = tuple(MODELS)


class Clock:
    """True time, moved by hand."""

    def __init__(self, now_s: float = NOON_S) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s

    def on(self, seconds: float) -> None:
        """Let time pass."""
        self.now_s += seconds


def made(model: str = "pixel-14", seed: int = 0) -> tuple[LabPhone, Clock]:
    """A phone that was lying about for a while, and its clock."""
    clock = Clock()
    return LabPhone(MODELS[model], clock, package=APP, app_name="Fitbit", seed=seed), clock


def read(phone: LabPhone) -> Reading:
    """What the readers make of the report's text."""
    return reader.read([phone.bugreport_text().encode()], "report", ReaderOptions())


def facts(phone: LabPhone, name: str) -> list[Fact]:
    """All facts of a kind in the report."""
    return [fact for fact in read(phone).facts if fact.name == name]


def values(phone: LabPhone, name: str) -> list[Value]:
    """Their values."""
    return [fact.value for fact in facts(phone, name)]


def value(phone: LabPhone, name: str) -> Value:
    """The value of the only one."""
    found = values(phone, name)
    assert len(found) == 1, (name, found)
    return found[0]
