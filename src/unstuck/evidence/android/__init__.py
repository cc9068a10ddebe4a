"""Android bug reports and the output of single commands enter as chunks; facts about the phone leave.

The entry is :func:`unstuck.evidence.android.reader.read`.
"""
