"""Files of a Google Takeout export enter; facts about the tracker's own log and the server's series leave.

The entry is :func:`unstuck.evidence.takeout.reader.read`.
"""
