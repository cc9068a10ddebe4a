"""The one way to an act: a request, the plan and the situation of this moment enter; a permit leaves, or a refusal.

Hands take permits only, and only :func:`permit` makes them. It asks the harm gate itself and believes nothing that it
can work out again: not the plan alone, not a remedy that is not in the catalogue, not an act that does not follow from
what was read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from unstuck.doctor.knowledge.loader import load
from unstuck.doctor.reasoning.gate import Situation, reasons_not_now
from unstuck.doctor.remedies.acts import Act, Target
from unstuck.doctor.remedies.catalogue import REMEDIES
from unstuck.doctor.remedies.remedy import NotPossibleError, Raw, Ready, Remedy, ready
from unstuck.model.diagnosis import PlannedFix
from unstuck.model.errors import ErrorCode, NotPermittedError
from unstuck.model.history import Change

_SEAL = object()


@dataclass(frozen=True, slots=True)
class Consent:
    """A person's yes to one remedy on one target, with the very values that were shown to them."""

    remedy: str
    target: Target
    raw: Raw


@dataclass(frozen=True, slots=True)
class Request:
    """An act that somebody wants to do. ``undoes``: the change that it takes back, None where it is part of a fix."""

    remedy: Remedy
    target: Target
    act: Act
    consent: Consent | None
    undoes: Change | None = None


class Permit:
    """Leave for one act, once. Only :func:`permit` can make one."""

    __slots__ = ("_act", "_used", "target")

    def __init__(self, seal: object, act: Act, target: Target) -> None:
        if seal is not _SEAL:
            raise TypeError("a permit comes from permit() alone")
        self._act = act
        self._used = False
        self.target = target

    def use(self) -> Act:
        """The act; a second time is a mistake of the caller. RuntimeError then."""
        if self._used:
            raise RuntimeError("this permit was used before")
        self._used = True
        return self._act


def permit(request: Request, plan: Sequence[PlannedFix], situation: Situation) -> Permit:
    """Leave for the act, with the plan and the situation as they are now.

    An act of a fix must be in the plan, not held back by the gate, offered on this target, follow from what was read,
    and have a person's consent. An undoing act must give a setting exactly its former value: the gate is not asked,
    since nothing but what was so before comes about; the consent was given with the fix, or for the undoing.

    Raises:
        NotPermittedError: with the reason.
    """
    remedy, target, consent = request.remedy, request.target, request.consent
    if REMEDIES.get(remedy.id) != remedy:
        _refuse(request, "it is not in the catalogue of remedies")
    if consent is None or consent.remedy != remedy.id or consent.target != target:
        _refuse(request, "nobody agreed to it")
    missing = remedy.not_here(target)
    if missing is not None:
        _refuse(request, missing)
    if request.undoes is not None:
        step = remedy.step_of(target, request.undoes.what)
        if step is None or step.setting.write(request.undoes.before) != request.act:
            _refuse(request, "it does not restore the former value")
        return Permit(_SEAL, request.act, target)
    _ask_gate(request, plan, situation)
    if request.act not in _acts(request, consent):
        _refuse(request, "it does not follow from what was read and agreed to")
    return Permit(_SEAL, request.act, target)


def held_back(remedy: Remedy, plan: Sequence[PlannedFix], situation: Situation) -> str | None:
    """Why a remedy may not be used now: not planned, or the gate's reasons; None where it may."""
    planned = next((step for step in plan if step.fix == remedy.fix), None)
    if planned is None:
        return "it is not in the plan as things stand now"
    reasons = reasons_not_now(load().fixes[remedy.fix], situation)
    return ". ".join(reason.text for reason in reasons) or planned.blocked


def _ask_gate(request: Request, plan: Sequence[PlannedFix], situation: Situation) -> None:
    reason = held_back(request.remedy, plan, situation)
    if reason is not None:
        _refuse(request, reason)


def _acts(request: Request, consent: Consent) -> list[Act]:
    try:
        steps = ready(request.remedy, request.target, consent.raw)
    except NotPossibleError as missing:
        _refuse(request, str(missing))
    return [step.act for step in steps if isinstance(step, Ready)]


def _refuse(request: Request, reason: str) -> NoReturn:
    raise NotPermittedError(ErrorCode.FIX_NOT_PERMITTED, fix=request.remedy.id, reason=reason)
