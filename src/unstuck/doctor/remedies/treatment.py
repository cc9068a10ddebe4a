"""One treatment of one plan, as a machine: it says what it needs next, and goes on with what it is given.

It is a generator of :data:`Need` values; the answer to each is sent in (:mod:`drive` does that). Time, hands, person
and disk are on the other side, so that a test can be all of them. The order for every fix::

    look -> ask -> look again -> gate -> journal -> act -> wait -> look until data moves -> keep it, or take it back
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from unstuck.doctor.diagnose import Examination
from unstuck.doctor.knowledge.loader import load
from unstuck.doctor.reasoning.gate import Situation, reasons_not_now
from unstuck.doctor.reasoning.plan import CONTACT_SUPPORT
from unstuck.doctor.reasoning.repair import WAIT_FOR_VENDOR
from unstuck.doctor.remedies.acts import Done, Look, Target
from unstuck.doctor.remedies.catalogue import remedies_for
from unstuck.doctor.remedies.journal import Entry
from unstuck.doctor.remedies.needs import (
    Ask,
    AskHelped,
    AskTime,
    AskUndo,
    Examine,
    Guide,
    Keep,
    LookAt,
    Make,
    Need,
    Pause,
    Proposal,
    Tell,
)
from unstuck.doctor.remedies.permit import Consent, Request, held_back, permit
from unstuck.doctor.remedies.remedy import NotPossibleError, Ready, Remedy, Wait, ready
from unstuck.doctor.remedies.success import Helped, cause_is_gone, expected, judge_help
from unstuck.doctor.tried import SPEAKS
from unstuck.model.diagnosis import PlannedFix, Verdict
from unstuck.model.errors import NotPermittedError
from unstuck.model.history import Change, How, Result, Tried
from unstuck.model.worded import joined, worded

LOOK_AGAIN_S = 10.0
"""Seconds between two looks at whether data moves: a look over adb takes some of them itself."""

SETTLE_STEP_S = 1.0
"""Seconds between two readings of a setting that was just set."""

GUIDED_MINUTES = 2.0
"""Minutes for which data is looked for after a person did something, before the person is asked."""

BLIND_MINUTES = 1.0
"""Minutes after which evidence that shows nothing of data, moving or not, will hardly show it later: then the person is
asked. A phone that gives no evidence at all, because it starts anew, is waited for as long as its remedy says."""

ASKED_MOST = 3
"""Times one remedy is asked about when what it would change keeps changing before anybody can answer."""

NOT_DONE_HERE = frozenset({CONTACT_SUPPORT, WAIT_FOR_VENDOR})
"""Fixes that show nothing within minutes: they are shown, and nobody is asked whether they helped."""


_IN_VAIN = frozenset({Result.DID_NOT_HELP, Result.UNDONE})
"""Results of an act after which the steps that go further are worth showing."""


TAKEN_BACK = "Taken back later, on demand."
"""Note of an entry that was undone though nobody had found that it did not help."""


def _taken_back(tried: Tried) -> dict[str, Any]:
    """What becomes of an entry that was undone on demand: what it came to stays true; what was cut off ends here."""
    if tried.result is Result.DID_NOT_HELP:
        return {"result": Result.UNDONE}
    return {"note": f"{tried.note} {TAKEN_BACK}".strip()}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a treatment ended. ``moves``: data moves (True), stands still (False), or it cannot be told (None)."""

    moves: bool | None
    first: Examination
    last: Examination
    entries: tuple[Entry, ...]


class Treatment:
    """``next_number``: of the journal's next entry. ``only``: fixes to be tried; empty for the whole plan.

    ``live``: whether examining again takes new evidence.
    """

    def __init__(self, next_number: int = 0, only: frozenset[str] = frozenset(), *, live: bool = True) -> None:
        self._number = next_number
        self._only = only
        self._live = live
        self._entries: dict[int, Entry] = {}
        self._seen: Examination | None = None
        self._only_said = False

    def run(self) -> Generator[Need, Any, Outcome]:
        """From the first look to the end of the plan, or until data moves."""
        first = yield from self._examine(worded("looking where data is stuck"))
        tried: set[str] = set()
        helped = False
        while not self._well and not helped:
            planned = next((one for one in self._now.diagnosis.plan if self._may_be_tried(one, tried)), None)
            if planned is None:
                break
            tried.add(planned.fix)
            number = self._number
            helped = yield from self._fix(planned)
            done = (entry.tried.result for entry in self._entries.values() if entry.number >= number)
            if not helped and not self._well and set(done) & SPEAKS:
                # What did not help says something about the causes: the rest of the plan may be another now.
                yield from self._examine(worded("thinking again"))
        moves = None if self._only_said else (True if helped else self._moves)
        return Outcome(moves, first, self._now, tuple(self._entries.values()))

    def undo(self, entries: Sequence[Entry], known: Mapping[str, Remedy]) -> Generator[Need, Any, tuple[Entry, ...]]:
        """Take back what still stands of earlier entries, the newest first; returns what they are now."""
        for entry in sorted(entries, key=lambda one: -one.number):
            remedy = known.get(entry.remedy)
            if not entry.standing:
                continue
            if remedy is None or entry.target is None:
                yield Tell(
                    worded("{fix}: this version of Unstuck does not know how to take it back.", fix=entry.tried.fix)
                )
                continue
            agreed = yield AskUndo(entry)
            if agreed is True:
                # The look alone gives no consent: it is the answer that was just given.
                left = yield from self._take_back(entry, remedy, entry.target, Consent(remedy.id, entry.target, {}))
                if not left.standing:
                    yield from self._keep(replace(left, tried=replace(left.tried, **_taken_back(left.tried))))
        return tuple(self._entries.values())

    # what is known

    @property
    def _now(self) -> Examination:
        assert self._seen is not None
        return self._seen

    @property
    def _well(self) -> bool:
        return self._now.diagnosis.verdict is Verdict.HEALTHY

    @property
    def _moves(self) -> bool | None:
        return {Verdict.HEALTHY: True, Verdict.STUCK: False}.get(self._now.diagnosis.verdict)

    def _may_be_tried(self, planned: PlannedFix, tried: set[str]) -> bool:
        return planned.fix not in tried and (not self._only or planned.fix in self._only)

    def _examine(self, says: str) -> Generator[Need, Any, Examination]:
        seen = yield Examine(says, tuple(entry.tried for entry in self._entries.values() if entry.tried.ended))
        assert isinstance(seen, Examination)
        self._seen = seen
        return seen

    # one fix

    def _fix(self, planned: PlannedFix) -> Generator[Need, Any, bool]:
        """Whether it helped."""
        by_hand = True
        for remedy, target in remedies_for(planned.fix, self._now.targets):
            reason = held_back(remedy, self._now.diagnosis.plan, self._now.situation)
            if reason is not None:
                yield from self._note(planned, Result.BLOCKED, reason, remedy, target)
                by_hand = False
                continue
            result = yield from self._carry_out(planned, remedy, target)
            if result is Result.HELPED or self._well:
                return result is Result.HELPED
            by_hand = by_hand and (result is Result.FAILED or (remedy.in_part and result in _IN_VAIN))
        if not by_hand:
            return False
        reasons = reasons_not_now(load().fixes[planned.fix], self._now.situation)
        blocked = planned.blocked or joined([reason.text for reason in reasons], ". ")
        if blocked:
            yield from self._note(planned, Result.BLOCKED, blocked)
            return False
        return (yield from self._guided(planned))

    def _carry_out(self, planned: PlannedFix, remedy: Remedy, target: Target) -> Generator[Need, Any, Result]:
        agreed = yield from self._agree(planned, remedy, target)
        if isinstance(agreed, Result):
            return agreed
        acts, consent = agreed
        before = self._now
        entry = yield from self._begin(planned, How.AUTOMATIC, remedy, target)
        entry, failed = yield from self._act(entry, remedy, acts, consent)
        if failed:
            entry = yield from self._take_back(entry, remedy, target, consent)
            return (yield from self._end(entry, Result.FAILED, failed))
        helped = yield from self._wait_for_help(before, planned, remedy.minutes)
        if helped is not False:
            return (yield from self._end(entry, Result.HELPED if helped else Result.UNKNOWN))
        if not entry.standing:
            return (yield from self._end(entry, Result.DID_NOT_HELP))
        if cause_is_gone(load().fixes[remedy.fix], before, self._now):
            note = worded("Kept: what it mends is gone, and data stands still for another reason.")
            return (yield from self._end(entry, Result.DID_NOT_HELP, note))
        yield Tell(worded("It did not help; taking it back."))
        entry = yield from self._take_back(entry, remedy, target, consent)
        return (yield from self._end(entry, Result.DID_NOT_HELP if entry.standing else Result.UNDONE))

    def _agree(
        self, planned: PlannedFix, remedy: Remedy, target: Target
    ) -> Generator[Need, Any, tuple[tuple[Ready | Wait, ...], Consent] | Result]:
        """Read, ask, and look once more: what was agreed to must still be what would be done."""
        for _ in range(ASKED_MOST):
            read = yield from self._ready(remedy, target)
            if isinstance(read, str):
                yield Tell(worded("{fix}: not possible here: {reason}.", fix=worded(planned.title), reason=read))
                return Result.FAILED
            acts, _ = read
            if not acts:
                yield Tell(worded("{fix}: it is so already.", fix=worded(planned.title)))
                return Result.DID_NOT_HELP
            agreed = yield Ask(Proposal(planned, remedy, target, acts, expected(self._now)))
            if agreed is not True:
                yield from self._note(planned, Result.DECLINED, "", remedy, target)
                return Result.DECLINED
            yield from self._examine(worded("looking once more before anything is done"))
            if self._well:
                return Result.UNKNOWN
            reason = held_back(remedy, self._now.diagnosis.plan, self._now.situation)
            if reason is not None:
                yield from self._note(planned, Result.BLOCKED, reason, remedy, target)
                return Result.BLOCKED
            again = yield from self._ready(remedy, target)
            if not isinstance(again, str) and again[0] == acts:
                return acts, Consent(remedy.id, target, again[1])
            yield Tell(worded("It has changed in the meantime."))
        yield from self._note(planned, Result.FAILED, worded("what it would change kept changing"), remedy, target)
        return Result.FAILED

    def _ready(
        self, remedy: Remedy, target: Target
    ) -> Generator[Need, Any, tuple[tuple[Ready | Wait, ...], Mapping[Look, str | None]] | str]:
        """The acts and what was read for them, or why it is not possible."""
        raw: dict[Look, str | None] = {}
        for look in remedy.looks(target):
            raw[look] = yield LookAt(target, look)
        try:
            return ready(remedy, target, raw), raw
        except NotPossibleError as missing:
            return str(missing)

    def _act(
        self, entry: Entry, remedy: Remedy, acts: Sequence[Ready | Wait], consent: Consent
    ) -> Generator[Need, Any, tuple[Entry, str]]:
        """Do them in order; the text says what failed, and is empty when all went well."""
        for step in acts:
            if isinstance(step, Wait):
                yield Pause(step.seconds, step.says)
                continue
            change = step.change
            if change is not None and not step.restores:
                entry = yield from self._keep(entry.with_change(change))
            undoes = change if step.restores else None
            failed = yield from self._make(Request(remedy, consent.target, step.act, consent, undoes), step.says)
            if failed:
                return entry, failed
            if change is None:
                continue
            wanted = replace(change, after=change.before) if step.restores else change
            if not (yield from self._has_settled(remedy, consent.target, wanted)):
                return entry, worded("it was done, but {what} is not {after} now", what=change.what, after=wanted.after)
            if step.restores:
                entry = yield from self._keep(entry.with_change(replace(change, undone=True)))
        return entry, ""

    def _make(self, request: Request, says: str) -> Generator[Need, Any, str]:
        """One act through the gate; the text says what failed."""
        try:
            leave = permit(request, self._now.diagnosis.plan if self._seen else (), self._situation)
        except NotPermittedError as refused:
            return str(refused)
        done = yield Make(leave, says)
        assert isinstance(done, Done)
        return "" if done.ok else done.text or worded("it was refused")

    def _has_settled(self, remedy: Remedy, target: Target, change: Change) -> Generator[Need, Any, bool]:
        """Whether the setting shows the value ``change.after`` within its time, or another that is as well."""
        step = remedy.step_of(target, change.what)
        if step is None:
            return False
        good = {change.after} | (step.well if change.after in step.well else set())
        waited_s = 0.0
        while True:
            text = yield LookAt(target, step.setting.look)
            if text is not None and step.setting.value_of(text) in good:
                return True
            if waited_s >= step.setting.settles_s:
                return False
            yield Pause(SETTLE_STEP_S, worded("waiting until it has taken effect"))
            waited_s += SETTLE_STEP_S

    # afterwards

    def _wait_for_help(
        self, before: Examination, planned: PlannedFix, minutes: float
    ) -> Generator[Need, Any, bool | None]:
        """Look until data moves or the time is over; where that cannot be seen, ask."""
        says = worded("waiting for {what}", what=expected(before).text)
        seen = yield from self._examine(says)
        begun = seen.looked_at
        while self._live and (judged := judge_help(before, seen)) is not Helped.YES:
            blind = judged is Helped.CANNOT_TELL and any(source.readable for source in seen.diagnosis.sources)
            if seen.looked_at >= begun + timedelta(minutes=min(minutes, BLIND_MINUTES) if blind else minutes):
                break
            yield Pause(LOOK_AGAIN_S, says)
            seen = yield from self._examine(says)
        judged = judge_help(before, seen)
        if judged is Helped.CANNOT_TELL or not self._live:
            answer = yield AskHelped(planned)
            return answer if isinstance(answer, bool) else None
        return judged is Helped.YES

    def _take_back(self, entry: Entry, remedy: Remedy, target: Target, consent: Consent) -> Generator[Need, Any, Entry]:
        """Give every setting that still stands as we left it its former value, the last one first."""
        for change in reversed(entry.standing):
            step = remedy.step_of(target, change.what)
            text = None if step is None else (yield LookAt(target, step.setting.look))
            value = None if text is None or step is None else step.setting.value_of(text)
            back = None if step is None else step.setting.write(change.before)
            if value == change.before:
                entry = yield from self._keep(entry.with_change(replace(change, undone=True)))
                continue
            if step is None or back is None or value not in step.well | {change.after}:
                yield Tell(
                    worded(
                        "{what} was {before} and is {now} now; it is left alone.",
                        what=change.what,
                        before=change.before,
                        now=value or worded("not known"),
                    )
                )
                continue
            says = worded("sets {what} back to {before}", what=change.what, before=change.before)
            failed = yield from self._make(Request(remedy, target, back, consent, change), says)
            restored = replace(change, after=change.before)
            if failed or not (yield from self._has_settled(remedy, target, restored)):
                what, before = change.what, change.before
                yield Tell(
                    worded(
                        "{what} could not be set back to {before}: {reason}.", what=what, before=before, reason=failed
                    )
                    if failed
                    else worded("{what} could not be set back to {before}.", what=what, before=before)
                )
                continue
            entry = yield from self._keep(entry.with_change(replace(change, undone=True)))
        return entry

    def _guided(self, planned: PlannedFix) -> Generator[Need, Any, bool]:
        before = self._now
        done = yield Guide(planned)
        if done is not True:
            yield from self._note(planned, Result.DECLINED, "")
            return False
        entry = yield from self._begin(planned, How.GUIDED)
        if planned.fix in NOT_DONE_HERE:
            yield from self._end(entry, Result.UNKNOWN)
            return False
        if self._live:
            helped = yield from self._wait_for_help(before, planned, GUIDED_MINUTES)
            if helped is not False:
                yield from self._end(entry, Result.HELPED if helped else Result.UNKNOWN)
                return bool(helped)
        answer = yield AskHelped(planned)
        results = {True: Result.HELPED, False: Result.DID_NOT_HELP}
        yield from self._end(entry, results.get(answer, Result.UNKNOWN))
        self._only_said = answer is True and self._live
        return answer is True

    # the journal

    @property
    def _situation(self) -> Situation:
        return self._seen.situation if self._seen is not None else Situation()

    def _begin(
        self, planned: PlannedFix, how: How, remedy: Remedy | None = None, target: Target | None = None
    ) -> Generator[Need, Any, Entry]:
        began = yield AskTime()
        tried = Tried(planned.fix, began, how, Result.UNKNOWN)
        entry = Entry(self._number, tried, remedy.id if remedy is not None else "", target)
        self._number += 1
        return (yield from self._keep(entry))

    def _end(self, entry: Entry, result: Result, note: str = "") -> Generator[Need, Any, Result]:
        ended = yield AskTime()
        tried = replace(entry.tried, result=result, ended=ended, note=note)
        yield from self._keep(replace(entry, tried=tried))
        return result

    def _note(
        self,
        planned: PlannedFix,
        result: Result,
        note: str,
        remedy: Remedy | None = None,
        target: Target | None = None,
    ) -> Generator[Need, Any, None]:
        """A fix that was not done, in one entry."""
        how = How.GUIDED if remedy is None else How.AUTOMATIC
        entry = yield from self._begin(planned, how, remedy, target)
        yield from self._end(entry, result, note)
        if result is Result.BLOCKED:
            yield Tell(worded("{fix}: not now. {reason}.", fix=worded(planned.title), reason=note))

    def _keep(self, entry: Entry) -> Generator[Need, Any, Entry]:
        self._entries[entry.number] = entry
        yield Keep(entry)
        return entry
