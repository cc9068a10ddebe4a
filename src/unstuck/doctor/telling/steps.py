"""Plan steps enter, fixes with the steps for this phone and tracker leave."""

from collections.abc import Sequence
from dataclasses import dataclass

from unstuck.doctor.knowledge.loader import steps_for, with_names
from unstuck.doctor.reasoning.plan import PlanStep
from unstuck.model.diagnosis import PlannedFix
from unstuck.model.worded import joined, worded

_THE_APP, _THE_TRACKER = worded("the tracker's app"), worded("the tracker")
"""Where no name is known."""
_OWN = {"the Unstuck agent": worded("the Unstuck agent")}
"""Names of apps that are words."""


@dataclass(frozen=True, slots=True)
class Platform:
    """Whose steps to show.

    ``system`` is ``any``, ``android`` or ``iphone``, ``maker`` the maker's id, ``vendor`` the
    tracker's vendor, ``tracker`` and ``app`` the names to show. ``automatic``: fixes that can be
    carried out over what is connected.
    """

    system: str
    maker: str
    vendor: str
    tracker: str
    app: str
    automatic: frozenset[str] = frozenset()


def planned(plan: Sequence[PlanStep], platform: Platform) -> tuple[PlannedFix, ...]:
    """The plan with the words for a person."""
    return tuple(_planned(step, platform) for step in plan)


def _planned(step: PlanStep, platform: Platform) -> PlannedFix:
    fix = step.fix
    steps = steps_for(fix.id, platform.system, platform.maker, f"{platform.vendor} {platform.tracker}".strip())
    named = with_names(
        steps, app=_OWN.get(platform.app, platform.app) or _THE_APP, tracker=platform.tracker or _THE_TRACKER
    )
    lines = (*(worded("{reason}.", reason=caution.text) for caution in step.cautions), *named.lines)
    return PlannedFix(
        fix=fix.id,
        title=fix.title,
        minutes=fix.minutes,
        chance=step.chance,
        automatic=fix.id in platform.automatic,
        blocked=_blocked(step),
        steps=lines,
        worked_when=named.worked_when or fix.worked_when,
        credit=named.credit,
        held_by=tuple(reason.guard.value for reason in step.blocked),
        unsure_of=tuple(caution.guard.value for caution in step.cautions),
    )


def _blocked(step: PlanStep) -> str | None:
    """Every reason, and what may be done all the same; None where nothing holds the fix back."""
    if not step.blocked:
        return None
    reasons = [reason.text for reason in step.blocked]
    return joined([*reasons, step.fix.safe_part], ". ")
