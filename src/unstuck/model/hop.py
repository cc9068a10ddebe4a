"""The four places a tracker's data can be, in the order it travels."""

from enum import StrEnum


class Hop(StrEnum):
    """One place data can be held. The order of definition is the way of the data."""

    TRACKER = "tracker"
    BLUETOOTH = "bluetooth"
    PHONE = "phone"
    SERVER = "server"
