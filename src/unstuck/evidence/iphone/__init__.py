"""An iPhone on a cable enters, through the separate program pymobiledevice3; the little that iOS shows leaves as facts.

:mod:`tool` runs the program (GPL-3.0: it is run, never imported), :mod:`documents` reads what it prints and is pure,
:mod:`collect` asks. Its commands and JSON: https://github.com/doronz88/pymobiledevice3, read in November 2026.
"""
