"""What the daemon needs of the phone behind it."""

from typing import Protocol

from unstuck.evidence.adb.client import ShellResult

__all__ = ["Device", "ShellResult"]


class Device(Protocol):
    """A phone that can be asked over adb. Both methods answer at once; delays are the server's matter."""

    def run(self, command: str) -> ShellResult:
        """What this shell command line prints, and its exit status."""

    def file(self, path: str) -> bytes:
        """The contents of a file. FileNotFoundError where there is none."""
