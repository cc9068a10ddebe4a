"""Bluetooth HCI traces in any container enter as chunks of bytes; facts about links leave.

The entry is :func:`unstuck.evidence.hci.reader.read`.
"""
