"""The hand over adb: any shell of the phone will do, that of a real one or of the lab's."""

from typing import Protocol

from unstuck.doctor.remedies.acts import AdbLook, AdbShell, Done, Look
from unstuck.doctor.remedies.permit import Permit


class Shell(Protocol):
    """One phone's shell."""

    async def __call__(self, command: str) -> tuple[str, int | None]:
        """Standard output and error as they came, and the exit status; None where the phone gives none (before 7).

        EvidenceError when the phone is not there.
        """


_REFUSED = ("Error", "error:", "Exception", "Unknown", "SecurityException", "Failure", "Failed", "not found")
"""Words in an answer that mean a refusal: many of Android's commands end with status 0 all the same."""

_TOLD_MOST = 200
"""Characters of a refusal that are told."""


class AdbHand:
    """Reads and acts on one phone."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    async def look(self, look: Look) -> str | None:
        """What a reading command prints; None where it failed."""
        if not isinstance(look, AdbLook):
            raise TypeError(f"not for adb: {look}")
        output, status = await self._shell(look.command)
        return output if not status else None

    async def make(self, permit: Permit) -> Done:
        """Run the permitted command. That it took effect is seen by reading again, not by its answer."""
        act = permit.use()
        if not isinstance(act, AdbShell):
            raise TypeError(f"not for adb: {act}")
        output, status = await self._shell(act.command)
        refused = bool(status) or any(word in output for word in _REFUSED)
        return Done(not refused, output.strip()[:_TOLD_MOST] if refused else "")
