"""Sources enter as bytes; typed facts with exact places leave. The readers in here do no I/O.

Only :mod:`unstuck.evidence.intake` opens files; everything it finds is given to a reader as chunks.
"""
