"""The hand over adb: any shell of the phone will do, that of a real one or of the lab's."""

from typing import Protocol

from unstuck.doctor.remedies.acts import AdbLook, AdbShell, Done, Look
from unstuck.doctor.remedies.permit import Permit
from unstuck.model.errors import ErrorCode, LiveError


class Shell(Protocol):
    """One phone's shell."""

    async def __call__(self, command: str) -> tuple[str, int | None]:
        """Standard output and error as they came, and the exit status; None where the phone gives none (before 7).

        LiveError when the phone is not there, does not allow it, or does not answer.
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
        try:
            output, status = await self._shell(look.command)
        except LiveError:
            return None
        return output if not status else None

    async def make(self, permit: Permit) -> Done:
        """Run the permitted command. That it took effect is seen by reading again, not by its answer."""
        act = permit.use()
        if not isinstance(act, AdbShell):
            raise TypeError(f"not for adb: {act}")
        try:
            output, status = await self._shell(act.command)
        except LiveError as fault:
            gone = act.ends_link and fault.code is ErrorCode.LIVE_GONE
            return Done(gone, "" if gone else str(fault))
        refused = bool(status) or any(word in output for word in _REFUSED)
        return Done(not refused, output.strip()[:_TOLD_MOST] if refused else "")
