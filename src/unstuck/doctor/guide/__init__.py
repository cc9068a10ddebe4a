"""A session and what evidence was read enter; the next screen and, after a choice, the next session leave.

No input or output and no clock: a terminal or a page draws the screens and keeps the session.
"""
