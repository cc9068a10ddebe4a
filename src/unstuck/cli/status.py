"""Exit statuses of the commands; part of the contract (docs/reference/cli.md)."""

from enum import IntEnum


class ExitStatus(IntEnum):
    """What the shell is told."""

    HEALTHY = 0
    STUCK = 1
    WRONG_USAGE = 2
    INCONCLUSIVE = 3
    UNREADABLE = 4
    OUR_FAULT = 70
    """EX_SOFTWARE of sysexits.h: Python's own 1 would read as "stuck"."""
    INTERRUPTED = 130
    """128 + SIGINT, the shell's own habit."""
