"""A Linux computer as the phone: what BlueZ, the radio switches and, if allowed, btmon say enters; facts leave.

:mod:`objects` and :mod:`rfkill` are pure; :mod:`bus`, :mod:`record` and :mod:`collect` ask.
"""
