"""Bluetooth HCI traces in any container enter as chunks of bytes; facts about links leave.

The entry is :class:`HciReader`; :func:`recognise` and :func:`first_time` look at a file's first bytes.
"""

from unstuck.evidence.hci.reader import HciReader
from unstuck.evidence.hci.recognise import first_time, recognise

__all__ = ["HciReader", "first_time", "recognise"]
