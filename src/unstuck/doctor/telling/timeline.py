"""What happened, in order and in words: the story behind a diagnosis."""

from collections.abc import Callable, Mapping

from unstuck.doctor.case import Case
from unstuck.model.diagnosis import TimelineEntry
from unstuck.model.evidence import Fact
from unstuck.model.hop import Hop

LONGEST = 400
"""Entries kept: a person reads a screen or two, and a page draws a few hundred marks legibly."""

_Words = Callable[[Case, Fact], str]


def timeline(case: Case) -> tuple[TimelineEntry, ...]:
    """Entries in time order. When there are too many, other devices' go first, then the oldest."""
    told: list[tuple[bool, TimelineEntry]] = []
    for fact in case.facts.all(*_TOLD):
        hop, words = _TOLD[fact.name]
        if fact.time is None or (fact.name.startswith("app.") and fact.subject not in case.packages):
            continue
        text = words(case, fact)
        if text:
            own = fact.subject in case.subjects or not fact.name.startswith("link.")
            told.append((own, TimelineEntry(fact.time, hop, text, fact.locator)))
    if len(told) > LONGEST:
        told = [entry for entry in told if entry[0]]
    return tuple(entry for _, entry in told[-LONGEST:])


def _who(case: Case, fact: Fact) -> str:
    if fact.subject in case.subjects:
        return "The tracker"
    return _named(case, fact.subject) or f"Device {fact.subject[-5:]}"


def _named(case: Case, subject: str) -> str:
    name = case.facts.latest("device.name", subject=subject)
    return name.text("name") if name is not None else ""


def _opened(case: Case, fact: Fact) -> str:
    return f"{_who(case, fact)} connected"


def _lost(case: Case, fact: Fact) -> str:
    reason = int(fact.number("reason") or 8)
    return f"{_who(case, fact)} was lost without a word (0x{reason:02x})"


def _ended(case: Case, fact: Fact) -> str:
    by = {"phone": "by the phone", "peer": "by the device"}.get(fact.text("by"), "")
    return f"{_who(case, fact)}'s link was closed {by} (0x{int(fact.number('reason') or 0):02x})".replace("  ", " ")


def _unheard(case: Case, fact: Fact) -> str:
    return f"{_who(case, fact)} was called and not heard (0x3e)"


def _switched(case: Case, fact: Fact) -> str:
    reason = fact.text("reason").replace("_", " ").lower()
    by = f" by {fact.text('by')}" if fact.text("by") else ""
    return f"Bluetooth was switched {'on' if fact.flag('on') else 'off'}{by}{f' ({reason})' if reason else ''}"


def _history(case: Case, fact: Fact) -> str:
    on = fact.flag("on")
    return "Bluetooth was switched" if on is None else f"Bluetooth went {'on' if on else 'off'}"


def _killed(case: Case, fact: Fact) -> str:
    return f"The phone ended the app ({fact.text('reason')})"


def _log_gap(case: Case, fact: Fact) -> str:
    return f"The tracker's own log misses {fact.number() or 0:.0f} h"


def _radio_day(case: Case, fact: Fact) -> str:
    parts = [
        (fact.number("advertise_h"), "calling for a phone"),
        (fact.number("fast_h"), "moving data"),
        (fact.number("slow_gg_h"), "linked"),
        (fact.number("idle_gg_h"), "linked with a silent app"),
    ]
    told = [f"{hours:.1f} h {what}" for hours, what in parts if hours and hours >= 0.05]
    return "The tracker's radio: " + ", ".join(told) if told else ""


def _or(yes: str, no: str) -> _Words:
    return lambda case, fact: yes if fact.flag() else no


def _says(text: str) -> _Words:
    return lambda case, fact: text


_TOLD: Mapping[str, tuple[Hop, _Words]] = {
    "link.opened": (Hop.BLUETOOTH, _opened),
    "link.lost": (Hop.BLUETOOTH, _lost),
    "link.ended": (Hop.BLUETOOTH, _ended),
    "link.not_established": (Hop.BLUETOOTH, _unheard),
    "link.encryption_failed": (Hop.BLUETOOTH, lambda case, fact: f"{_who(case, fact)}: encryption failed"),
    "pairing.failed": (Hop.BLUETOOTH, lambda case, fact: f"{_who(case, fact)}: pairing failed"),
    "pairing.completed": (Hop.BLUETOOTH, lambda case, fact: f"{_who(case, fact)} was paired"),
    "hci.reset": (Hop.BLUETOOTH, _says("Bluetooth started")),
    "hci.all_links_closed": (
        Hop.BLUETOOTH,
        _says("The phone closed all links at once: Bluetooth went off or restarted"),
    ),
    "hci.hardware_error": (Hop.BLUETOOTH, _says("The Bluetooth chip reported an error")),
    "bluetooth.switched": (Hop.BLUETOOTH, _switched),
    "bluetooth.history": (Hop.BLUETOOTH, _history),
    "bluetooth.crashed": (Hop.BLUETOOTH, _says("The phone's Bluetooth service crashed")),
    "power.battery_saver_switched": (Hop.PHONE, _or("Battery saver went on", "Battery saver went off")),
    "phone.airplane_switched": (Hop.PHONE, _or("Airplane mode went on", "Airplane mode went off")),
    "network.switched": (Hop.PHONE, _or("The phone got a network", "The phone lost its network")),
    "app.killed": (Hop.PHONE, _killed),
    "app.crashed": (Hop.PHONE, _says("The app crashed")),
    "app.started": (Hop.PHONE, _says("The app was started")),
    "tracker.radio_day": (Hop.TRACKER, _radio_day),
    "tracker.log_gap": (Hop.TRACKER, _log_gap),
    "tracker.rebooted": (Hop.TRACKER, _says("The tracker restarted")),
    "tracker.charger": (Hop.TRACKER, _or("The tracker was put on its charger", "The tracker left its charger")),
}
