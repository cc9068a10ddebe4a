"""A phone on a cable or Wi-Fi enters, through the program adb; facts as from a bug report leave.

:mod:`client` runs adb, :mod:`commands` is the one list of what may be asked, :mod:`collect` asks it; the rest is pure.
"""
