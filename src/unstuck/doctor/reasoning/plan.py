"""The plan: which fixes, in which order, so that getting unstuck costs least.

Greedy by chance over cost, the optimum for faults that exclude each other (Kadane and Simon),
corrected by a look-ahead of two: a pair of fixes that only helps together is judged as one. Tests
compare it with the best of all orders. The argument: docs/why/reasoning.md.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from unstuck.doctor.knowledge.schema import Fix, Guard
from unstuck.doctor.reasoning.gate import LIFTED_BY, Reason, Situation, cautions, reasons_not_now
from unstuck.doctor.reasoning.lattice import Bools, Floats
from unstuck.doctor.reasoning.network import Posterior
from unstuck.doctor.reasoning.repair import STILL_STUCK_MINUTES, WAIT_FOR_VENDOR, Repair
from unstuck.model.hop import Hop

CONTACT_SUPPORT = "contact_support"
"""The fix that ends a plan: what is worth less for its cost than asking for help is left out."""

STEPS_MAX = 8
"""Most steps before support: after each one the doctor looks again and plans anew, so the end of a
longer list would never be followed as printed."""

STILL_STUCK_FLOOR = 0.01
"""Chance of being still stuck below which no further step is worth a line (probability)."""

WAITING_SHARE = 0.8
"""Chance that nothing but waiting helps, or nothing is broken, from which the plan is to wait and nothing else
(probability). Below it a cheap fix that may well be the right one goes first: waiting takes hours."""

WAIT_HELPS = 0.1
"""Chance that waiting helps from which it is said, where nothing else is to be done; below it nothing is broken
(probability). Waiting costs no work."""

SEARCH_TAIL_MASS = 1e-3
"""Probability of the rarest combinations left out while searching for the order. A thousandth
cannot turn the order of two steps that differ by more than a per cent; it makes the look-ahead ten
times faster. The chances shown are computed with TAIL_MASS."""

TEMPTING: Mapping[Hop, tuple[str, ...]] = {
    Hop.TRACKER: ("repair_bond",),
    Hop.BLUETOOTH: ("repair_bond",),
    Hop.PHONE: ("reinstall_app",),
    Hop.SERVER: ("reinstall_app",),
}
"""Fixes that articles print early and that can lose data or lock a person out, by the hop that tempts to them."""

_NO_WORSE = 1e-9
"""Relative: a pair must beat the best single step by more than rounding to be preferred."""

NOT_TRIED_SHOWN = 5
"""Steps listed of what is left after support: after each of them the rest is weighed anew."""


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One step. ``chance`` that it gets data moving, given that the steps before it were done and failed.

    ``blocked``: why it must not be done now; its chance is then what it would be here, and later
    steps do not count on it. ``cautions``: what was not checked and does not block.
    """

    fix: Fix
    chance: float
    minutes: float
    blocked: tuple[Reason, ...] = ()
    cautions: tuple[Reason, ...] = ()


def make_plan(posterior: Posterior, fixes: Mapping[str, Fix], situation: Situation) -> tuple[PlanStep, ...]:
    """The steps in the order to do them, at the end support or waiting.

    Judges as if data had stopped. Empty when nothing is broken (the tracker was not worn). A
    blocked fix stands where it would be done, right after the fix that lifts its reason.
    """
    stuck = posterior.if_stopped()
    waiting = _waiting_plan(stuck, fixes, situation)
    if waiting is not None:
        return waiting
    support = fixes.get(CONTACT_SUPPORT)
    tried = [fix for fix in fixes.values() if fix.id != CONTACT_SUPPORT]
    order = _Search(stuck, tried, situation, support).order()
    return _walk(stuck, [tried[row] for row in order], support, situation)


def not_tried_yet(
    posterior: Posterior, fixes: Mapping[str, Fix], situation: Situation, askable: Collection[Guard]
) -> tuple[PlanStep, ...]:
    """What is left when support does not know either: the best for its cost first, a few of it.

    All that may be done, and what an answer to a question may open: ``askable`` are the guards that have one.

    A plan ends where going on costs more than it is likely to bring. Who is still stuck after that, and after support,
    has something that the findings did not show: then what harms nothing and was not done is worth more than nothing.
    """
    open_to_us = [
        fix
        for fix in fixes.values()
        if fix.id != CONTACT_SUPPORT and all(one.guard in askable for one in reasons_not_now(fix, situation))
    ]
    repair = Repair.build(posterior.if_stopped(), open_to_us, tail_mass=0.0)
    ends = posterior.marginals
    worth = {
        fix.id: sum(ends.get(mend.cause, 0.0) * mend.chance for mend in fix.mends) / cost
        for fix, cost in zip(open_to_us, repair.costs.tolist(), strict=True)
    }
    best = sorted(open_to_us, key=lambda fix: (-worth[fix.id], fix.id))[:NOT_TRIED_SHOWN]
    alone = dict(zip([fix.id for fix in open_to_us], repair.moved(repair.missing).tolist(), strict=True))
    return tuple(_step(fix, alone[fix.id], situation) for fix in best)


def after_support(plan: tuple[PlanStep, ...], not_tried: Iterable[PlanStep]) -> tuple[PlanStep, ...]:
    """The plan once support did not help: where nothing in it may be done now, what was not tried yet comes first."""
    if any(not step.blocked and step.fix.id != CONTACT_SUPPORT for step in plan):
        return plan
    planned = {step.fix.id for step in plan}
    return (*(step for step in not_tried if step.fix.id not in planned), *plan)


def tempting(
    posterior: Posterior, fixes: Mapping[str, Fix], situation: Situation, hop: Hop | None
) -> tuple[PlanStep, ...]:
    """What every help article advises for this hop and the gate closes now: named, so that nobody does it meanwhile."""
    steps = []
    for fix_id in TEMPTING.get(hop, ()) if hop is not None else ():
        fix = fixes.get(fix_id)
        if fix is not None and reasons_not_now(fix, situation):
            repair = Repair.build(posterior.if_stopped(), [fix])
            steps.append(_step(fix, float(repair.moved(repair.missing)[0]), situation))
    return tuple(steps)


def waiting_causes(posterior: Posterior, fixes: Iterable[Fix]) -> frozenset[str]:
    """Causes where there is nothing to repair: no fault, or mended by nothing but waiting."""
    mended_by: dict[str, set[str]] = {}
    for fix in fixes:
        for mend in fix.mends:
            mended_by.setdefault(mend.cause, set()).add(fix.id)
    return frozenset(
        cause.id
        for cause in posterior.network.causes
        if not cause.fault or mended_by.get(cause.id) == {WAIT_FOR_VENDOR}
    )


def _waiting_plan(posterior: Posterior, fixes: Mapping[str, Fix], situation: Situation) -> tuple[PlanStep, ...] | None:
    """The plan when there is most likely nothing to repair (WAITING_SHARE); None otherwise."""
    waiting = waiting_causes(posterior, fixes.values())
    others = [index for index, cause in enumerate(posterior.cause_ids) if cause not in waiting]
    only_waiting: Bools = np.logical_not(posterior.combinations[:, others].any(axis=1))
    only_waiting[0] = False
    mass = float(posterior.weights[only_waiting].sum())
    if mass < WAITING_SHARE:
        return None
    wait = fixes.get(WAIT_FOR_VENDOR)
    if wait is None:
        return ()
    repair = Repair.build(posterior, [wait])
    chance = float(repair.moved(repair.missing)[0])
    return (_step(wait, chance, situation),) if chance >= WAIT_HELPS else ()


class _Search:
    """Looks for the order: from nothing done, the best next fix again and again, then cuts the end off.

    It ends where asking support about what only support can mend is worth more for its cost than the best that is
    left: who most likely has a broken tracker is not sent through every cheap fix first.
    """

    def __init__(self, posterior: Posterior, tried: list[Fix], situation: Situation, support: Fix | None) -> None:
        self.repair = Repair.build(posterior, tried, SEARCH_TAIL_MASS)
        self.support = None if support is None else _only_of(support, tried, posterior)
        self.situation = situation
        self.rows = {fix.id: row for row, fix in enumerate(tried)}
        self.opened_by = self._opened(tried)
        self.allowed = np.array(
            [not reasons_not_now(fix, situation) or row in self.opened_by for row, fix in enumerate(tried)],
            dtype=np.bool_,
        )
        self.left = list(range(len(tried)))
        self.order_so_far: list[int] = []
        self.held: set[int] = set()
        self.residual = self.repair.nothing_done

    def order(self) -> list[int]:
        """Rows of the fixes in the order to list them, blocked ones among them, without support.

        Cut where ending the plan costs least; what is blocked, and what lifts its reasons, is held.
        """
        kept, least = 0, self.repair.cost_of([])
        while self.left and len(self.order_so_far) < STEPS_MAX and self._stuck() > STILL_STUCK_FLOOR:
            row, index = best_next(self.repair, self.residual, self.left, self.allowed)
            if index < self._support_index():
                break
            if not self.allowed[row]:
                self._hold(row)
                continue
            if self.opened_by.get(row) in self.left:
                self._do(self.opened_by[row])
            self._do(row)
            cost = self.repair.cost_of([done for done in self.order_so_far if done not in self.held])
            if cost < least:
                kept, least = len(self.order_so_far), cost
        return [row for place, row in enumerate(self.order_so_far) if place < kept or row in self.held]

    def _opened(self, tried: list[Fix]) -> dict[int, int]:
        """Rows of fixes whose only reasons another fix is sure to lift, each with its row: charging, before an update.

        They count as steps, so that what helps only together with them is not left out.
        """
        opened = {}
        for row, fix in enumerate(tried):
            guards = {reason.guard for reason in reasons_not_now(fix, self.situation)}
            if guards == {Guard.BATTERY_LOW} and LIFTED_BY[Guard.BATTERY_LOW] in self.rows:
                opened[row] = self.rows[LIFTED_BY[Guard.BATTERY_LOW]]
        return opened

    def _hold(self, row: int) -> None:
        """List a blocked fix, if it is worth its cost here, right after what lifts its reasons."""
        self.left.remove(row)
        gain = self._stuck() - self._stuck(self.residual * self.repair.missing[row])
        if gain * STILL_STUCK_MINUTES <= self._stuck() * self.repair.costs[row]:
            return
        for reason in reasons_not_now(self.repair.fixes[row], self.situation):
            lifting = self.rows.get(LIFTED_BY.get(reason.guard, ""), -1)
            if lifting in self.left and self.allowed[lifting]:
                self._do(lifting)
            if lifting in self.order_so_far:
                self.held.add(lifting)
        self.order_so_far.append(row)
        self.held.add(row)

    def _do(self, row: int) -> None:
        self.left.remove(row)
        self.order_so_far.append(row)
        self.residual = self.residual * self.repair.missing[row]

    def _support_index(self) -> float:
        """What only support mends, over what asking it costs; 0 without support."""
        if self.support is None:
            return 0.0
        after = float(self.support.moved(self.residual * self.support.missing)[0])
        return (after - 1.0 + self._stuck()) / float(self.support.costs[0])

    def _stuck(self, residual: Floats | None = None) -> float:
        return 1.0 - float(self.repair.moved((self.residual if residual is None else residual)[None])[0])


def _only_of(support: Fix, others: Iterable[Fix], posterior: Posterior) -> Repair:
    """Support, with the causes alone that no other fix mends."""
    mended = {mend.cause for fix in others for mend in fix.mends}
    alone = replace(support, mends=tuple(mend for mend in support.mends if mend.cause not in mended))
    return Repair.build(posterior, [alone], SEARCH_TAIL_MASS)


def _walk(posterior: Posterior, order: list[Fix], support: Fix | None, situation: Situation) -> tuple[PlanStep, ...]:
    """The steps with their chances, support last; what is blocked changes nothing for those after it.

    For something unlisted, support has the least chance that it has for any listed cause.
    """
    listed = order if support is None else [*order, support]
    repair = Repair.build(posterior, listed)
    steps: list[PlanStep] = []
    residual, moved = repair.nothing_done, 0.0
    for fix, missing in zip(listed, repair.missing, strict=True):
        after = float(repair.moved((residual * missing)[None])[0])
        gain = after - moved
        if fix is support:
            gain += posterior.empty * min((mend.chance for mend in fix.mends), default=0.0)
        step = _step(fix, _share(gain, 1.0 - moved), situation)
        steps.append(step)
        if not step.blocked:
            residual, moved = residual * missing, after
    return tuple(steps)


def best_next(repair: Repair, residual: Floats, left: list[int], allowed: Bools) -> tuple[int, float]:
    """The fix (row) to do next from a residual (causes,), of those left (at least one), and its index.

    The index of a step, or of a pair of allowed steps, is the chance it adds over what it costs.
    A pair has the greater index only if the two help together more than apart.
    """
    rows = np.array(left)
    now = float(repair.moved(residual[None])[0])
    gains = repair.moved(residual * repair.missing[rows]) - now
    index = gains / repair.costs[rows]
    best = int(np.argmax(index))
    first, top = int(rows[best]), float(index[best])
    pairs = np.array(list(combinations(np.flatnonzero(allowed[rows]).tolist(), 2)), dtype=np.intp).reshape(-1, 2)
    # Two fixes add more together than apart only where several causes are left; most pairs cannot win even so.
    costs = repair.costs[rows[pairs]].sum(axis=1)
    most = gains[pairs].sum(axis=1) + repair.several_left(residual)
    hopeful = most > top * (1.0 + _NO_WORSE) * costs
    pairs, costs = pairs[hopeful], costs[hopeful]
    if len(pairs):
        one, other = rows[pairs].T
        pair_index = (repair.moved(residual * repair.missing[one] * repair.missing[other]) - now) / costs
        pair = int(np.argmax(pair_index))
        if pair_index[pair] > top * (1.0 + _NO_WORSE):
            first = int(rows[max(pairs[pair], key=lambda place: (index[place], -repair.costs[rows[place]]))])
            top = float(pair_index[pair])
    return first, top


def _step(fix: Fix, chance: float, situation: Situation) -> PlanStep:
    return PlanStep(fix, chance, fix.minutes, reasons_not_now(fix, situation), cautions(fix, situation))


def _share(part: float, whole: float) -> float:
    return min(max(part / whole, 0.0), 1.0) if whole > 0.0 else 0.0
