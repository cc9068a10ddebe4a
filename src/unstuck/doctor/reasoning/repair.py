"""What fixes do to the combinations of causes, and what they cost.

The state of a repair is only which fixes were done: each cause that holds is still there with the
chance that all of them missed it, on its own. Data moves when none is left::

    residual_c(F) = product over f in F of (1 - m(f, c))
    moved(F)      = sum over S of w_S * product over c in S of (1 - residual_c(F))

So the order of fixes changes what a repair costs, never where it ends.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from unstuck.doctor.knowledge.schema import Fix
from unstuck.doctor.reasoning.gate import guards_of
from unstuck.doctor.reasoning.lattice import Floats, Indices, over_members
from unstuck.doctor.reasoning.network import Network, Posterior

LOOK_AGAIN_MINUTES = 2.0
"""Every fix ends with waiting for the next sync and looking (minutes): most fixes say "within 2 minutes"."""

TRYING_MINUTES = 4.0
"""What being told to do something weighs beside doing it (minutes): a fix that does not help costs trust, so that a
question which costs less is asked before a try. Judgement; eight times what a question weighs. On 900 training worlds
of the lab the minutes were 111.2 % of the best in hindsight, with 2 minutes 111.5 %."""

EFFORT_MINUTES_PER_LEVEL = 4.0
"""What one level of effort (0 a tap to 3 a chore) weighs beside the time itself (minutes). Judgement:
a chore of 20 minutes should give way to three easy things of 10 minutes that are as likely to help."""

RISK_MINUTES_PER_GUARD = 15.0
"""What each guard of a fix weighs even when it does not hold now (minutes). The guard may have been
judged wrongly, and what it stands for is worth more than a few easy tries before it."""

STILL_STUCK_MINUTES = 480.0
"""What it weighs to be stuck when the plan ends (minutes): a working day, about what an answer from
support takes. A fix is worth doing when its chance times this is more than its own cost: a tap
from a chance of 1.5 %, a guarded chore such as reinstalling from one in six."""

WAIT_FOR_VENDOR = "wait_for_vendor"
"""The fix that is waiting. The rest of a plan stands still meanwhile."""

WAITING_WEIGHS_MINUTES = 20.0
"""What waiting weighs beside looking again (minutes): a sixth of the hours that it takes, because it is no work and
nothing is lost meanwhile. Judgement, held against 900 training worlds of the lab: the minutes were 111.5 % of the
best in hindsight with 30, and 112.5 % with 120, where many things were tried before a wait that was the remedy."""

TAIL_MASS = 1e-6
"""Probability of the rarest combinations that the search leaves out: no chance shown changes by more."""


FIXES_REMEMBERED = 64
"""Fixes whose effect on the causes is kept: twice the catalogue, and once more without what others mend too."""


@lru_cache(maxsize=FIXES_REMEMBERED)
def cost_minutes(fix: Fix) -> float:
    """What doing a fix weighs (minutes): the person's time, looking again, effort and risk."""
    risk = RISK_MINUTES_PER_GUARD * len(guards_of(fix))
    wait = WAITING_WEIGHS_MINUTES if fix.id == WAIT_FOR_VENDOR else 0.0
    return fix.minutes + LOOK_AGAIN_MINUTES + TRYING_MINUTES + EFFORT_MINUTES_PER_LEVEL * fix.effort + risk + wait


@lru_cache(maxsize=FIXES_REMEMBERED)
def _missing(network: Network, fix: Fix) -> Floats:
    """Chance that a fix does not end a column, (columns,)."""
    missing = np.ones(len(network.causes), dtype=np.float64)
    for mend in fix.mends:
        for key, chance in mend.by_key.items():
            missing[list(network.columns_of(key))] *= 1.0 - chance
    missing.setflags(write=False)
    return missing


def ended(members: Indices, residuals: Floats) -> Floats:
    """Chance that every cause of a combination is gone: members (rows, ...), residuals (k, causes) -> (k, rows)."""
    return over_members(1.0 - residuals, members, np.multiply)


@dataclass(frozen=True, eq=False, slots=True)
class Repair:
    """A posterior and the fixes that could be done.

    ``members`` (rows, most together) and ``weights`` (rows,): the combinations with at least one
    cause, without the rarest. ``missing`` (fixes, causes): chance that the fix does not end the cause.
    ``costs`` (fixes,) in minutes.
    """

    fixes: tuple[Fix, ...]
    members: Indices
    weights: Floats
    missing: Floats
    costs: Floats

    @classmethod
    def build(cls, posterior: Posterior, fixes: Sequence[Fix], tail_mass: float = TAIL_MASS) -> "Repair":
        """Make ready. A mend of a cause that the posterior does not know is left out."""
        missing = np.array([_missing(posterior.network, fix) for fix in fixes]).reshape(
            len(fixes), len(posterior.network.causes)
        )
        weights = posterior.weights
        heavy = np.flatnonzero(weights > tail_mass / len(weights))  # all others together are less than the tail
        order = heavy[np.argsort(-weights[heavy], kind="stable")]
        enough = int(np.searchsorted(np.cumsum(weights[order]), 1.0 - tail_mass)) + 1
        kept = np.sort(order[:enough])
        kept = kept[kept > 0]
        costs = np.array([cost_minutes(fix) for fix in fixes], dtype=np.float64)
        return cls(tuple(fixes), posterior.network.lattice.members[kept], weights[kept], missing, costs)

    @property
    def nothing_done(self) -> Floats:
        """The residual before any fix, shape (causes,)."""
        return np.ones(self.missing.shape[1], dtype=np.float64)

    def moved(self, residuals: Floats) -> Floats:
        """Chance that data moves, for residuals of shape (k, causes); shape (k,)."""
        moved: Floats = np.einsum("kr,r->k", ended(self.members, residuals), self.weights)
        return moved

    def several_left(self, residual: Floats) -> float:
        """Chance that two causes or more are left, for a residual (causes,)."""
        left = np.append(residual, 0.0)[self.members]
        none_left = (1.0 - left).prod(axis=1)
        one_left = sum(
            left[:, slot] * np.delete(1.0 - left, slot, axis=1).prod(axis=1) for slot in range(left.shape[1])
        )
        return max(float((self.weights * (1.0 - none_left - one_left)).sum()), 0.0)

    def cost_of(self, order: Sequence[int]) -> float:
        """Expected cost in minutes of doing fixes (row numbers) in this order until data moves, or giving up."""
        residuals = np.vstack([self.nothing_done, self.missing[list(order)]]).cumprod(axis=0)
        stuck = 1.0 - self.moved(residuals)
        return float(stuck[:-1] @ self.costs[list(order)] + stuck[-1] * STILL_STUCK_MINUTES)
