"""What a tracker's own event log says: codes of the event records and the modes of its radio."""

from enum import IntEnum


class Happened(IntEnum):
    """Code of an event record; what its argument is stands beside it."""

    STARTED = 1
    """The boot began. Argument: files of the memory that ended in the middle of a write."""
    CLOCK_SET = 2
    """The phone set the clock. Argument: by how many seconds, folded (0, -1, 1, -2 ... as 0, 1, 2, 3 ...)."""
    CHARGER_IN = 3
    """Argument: charge in percent."""
    CHARGER_OUT = 4
    """Argument: charge in percent."""
    ON_WRIST = 5
    """Argument: 0."""
    OFF_WRIST = 6
    """Argument: 0."""
    ERASED = 7
    """Factory reset. Argument: how many records were held."""
    CHARGE = 8
    """Every six hours. Argument: charge in percent."""
    FIRMWARE_TRIED = 9
    """First boot of a new firmware. Argument: its slot, 0 for a and 1 for b; likewise below."""
    FIRMWARE_KEPT = 10
    """The new firmware has answered a phone, and stays."""
    FIRMWARE_BACK = 11
    """A firmware was given up and the one before runs again. Argument: the slot it was in."""
    RADIO = 16
    """Every six hours for each :class:`Mode` that occurred: 16 + mode. Argument: milliseconds in it."""


class Mode(IntEnum):
    """Modes of the radio, by the names that the device events of a Takeout export give them."""

    ADVERTISE_MODE = 0
    ADVERTISE_VERY_FAST_MODE = 1
    FAST_MODE = 2
    SLOW_MODE = 3
    IDLE_MODE = 4


def event_name(code: int) -> str:
    """A name for people: ``CLOCK_SET``, ``RADIO.FAST_MODE``; the number itself when it is not known."""
    if code in {mode + Happened.RADIO for mode in Mode}:
        return f"RADIO.{Mode(code - Happened.RADIO).name}"
    return Happened(code).name if code in set(Happened) else str(code)
