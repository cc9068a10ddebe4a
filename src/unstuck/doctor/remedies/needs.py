"""What a treatment needs of the world, one value for each kind, with the answer that it waits for."""

from dataclasses import dataclass

from unstuck.doctor.remedies.acts import Look, Target
from unstuck.doctor.remedies.journal import Entry
from unstuck.doctor.remedies.permit import Permit
from unstuck.doctor.remedies.remedy import Ready, Remedy, Wait
from unstuck.doctor.remedies.success import Expected
from unstuck.model.diagnosis import PlannedFix
from unstuck.model.history import Tried


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is asked of the person. ``acts``: what would be done, in order, nothing left open."""

    fix: PlannedFix
    remedy: Remedy
    target: Target
    acts: tuple[Ready | Wait, ...]
    expects: Expected


@dataclass(frozen=True, slots=True)
class Examine:
    """Take the evidence anew and diagnose, knowing what was ``tried``. Answer: :class:`Examination`."""

    says: str
    tried: tuple[Tried, ...] = ()


@dataclass(frozen=True, slots=True)
class LookAt:
    """Read something. Answer: text, or None where it cannot be read."""

    target: Target
    look: Look


@dataclass(frozen=True, slots=True)
class Ask:
    """Does the person agree? Answer: bool."""

    proposal: Proposal


@dataclass(frozen=True, slots=True)
class AskUndo:
    """May what still stands of this entry be taken back? Answer: bool."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class AskHelped:
    """Did it help? Answer: bool, or None where nobody knows."""

    fix: PlannedFix


@dataclass(frozen=True, slots=True)
class Guide:
    """Show a fix's steps. Answer: bool, whether the person did them."""

    fix: PlannedFix


@dataclass(frozen=True, slots=True)
class Keep:
    """Write this entry to the journal; it must be on the disk before the answer (None)."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Make:
    """Hand the permit to a hand. Answer: :class:`Done`."""

    permit: Permit
    says: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Let time pass. Answer: None."""

    seconds: float
    says: str


@dataclass(frozen=True, slots=True)
class AskTime:
    """What time is it? Answer: datetime, UTC."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Say something to the person. Answer: None."""

    text: str


Need = Examine | LookAt | Ask | AskUndo | AskHelped | AskTime | Guide | Keep | Make | Pause | Tell
"""Everything the machine can ask of the world. Only :class:`Make` changes anything there."""
