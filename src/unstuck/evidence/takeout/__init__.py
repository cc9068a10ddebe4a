"""Files of a Google Takeout export enter; facts about the tracker's own log and the server's series leave.

The entry is :class:`unstuck.evidence.takeout.reader.TakeoutReader`; which files belong to an export is told by
:func:`unstuck.evidence.takeout.kinds.recognise`.
"""
