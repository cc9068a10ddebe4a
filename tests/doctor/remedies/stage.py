"""Where a treatment is played: examinations, answers and hands that a test decides on, and a log of all of it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat

from tests.doctor.remedies.phone import PACKAGE, UID, TinyPhone
from unstuck.doctor.boundaries import Flow
from unstuck.doctor.diagnose import Examination
from unstuck.doctor.knowledge.loader import load
from unstuck.doctor.reasoning.gate import Situation, reasons_not_now
from unstuck.doctor.remedies.acts import Act, BluezCall, BluezLook, Channel, Done, Look, Target
from unstuck.doctor.remedies.hands.adb import AdbHand
from unstuck.doctor.remedies.journal import Entry, with_entry
from unstuck.doctor.remedies.needs import Proposal
from unstuck.doctor.remedies.permit import Permit
from unstuck.model.diagnosis import Diagnosis, PlannedFix, Verdict
from unstuck.model.history import Tried
from unstuck.model.hop import Hop

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PHONE = Target(Channel.ADB, "R5CT", 34, PACKAGE, UID)
ADAPTER = Target(Channel.BLUEZ, "/org/bluez/hci0", address="C0:FF:EE:00:00:01", pairs_without_loss=True)
CHAIN = Target(Channel.CHAIN, "agent")
EVERYTHING = (PHONE, ADAPTER, CHAIN)
NOTHING_AT_STAKE = Situation(
    undrained=False, unsent=False, vendor_down=False, tracker_battery_percent=90.0, login_known=True
)


def planned(fix: str, blocked: str | None = None) -> PlannedFix:
    known = load().fixes[fix]
    return PlannedFix(fix, known.title, known.minutes, 0.5, False, blocked, ("1",), known.worked_when)


def honest(fix: str, situation: Situation) -> PlannedFix:
    """As a diagnosis plans it."""
    reasons = reasons_not_now(load().fixes[fix], situation)
    return planned(fix, ". ".join(reason.text for reason in reasons) or None)


def examination(
    *plan: PlannedFix,
    situation: Situation = NOTHING_AT_STAKE,
    verdict: Verdict = Verdict.STUCK,
    targets: Sequence[Target] = EVERYTHING,
    at: datetime = START,
) -> Examination:
    diagnosis = Diagnosis(
        verdict=verdict,
        headline="synthetic",
        stuck_at=Hop.BLUETOOTH if verdict is Verdict.STUCK else None,
        since=None,
        judged_at=at,
        tracker=None,
        phone="",
        zone="UTC",
        at_risk=None,
        hops=(),
        causes=(),
        plan=plan,
        unchecked=(),
        next_question=None,
        findings=(),
        facts=(),
        timeline=(),
        sources=(),
    )
    return Examination(diagnosis, situation, Flow((), ()), at, tuple(targets))


class CrashError(Exception):
    """The program dies here."""


@dataclass
class Made:
    """One act that reached a hand: under which examination, after which yes, with which journal."""

    act: Act
    seen: Examination
    agreed: Proposal | None
    undo: Entry | None
    journal: tuple[Entry, ...]


@dataclass
class Stage:
    """The world of a treatment. ``examinations``: in this order, the last for ever; ``answers``: the person's.

    ``dies_at``: the number of the hand's act after which the program dies.
    """

    examinations: Iterable[Examination]
    answers: Iterable[bool] = ()
    phone: TinyPhone = field(default_factory=TinyPhone)
    help: bool | None = None
    does_steps: bool = False
    dies_at: int = -1
    journal: tuple[Entry, ...] = ()
    made: list[Made] = field(default_factory=list)
    asked: list[Proposal] = field(default_factory=list)
    guides: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    waited_s: float = 0.0

    def __post_init__(self) -> None:
        given = list(self.examinations)
        self._next: Iterator[Examination] = chain(given, repeat(given[-1])) if given else iter(())
        self._answers = iter(self.answers)
        self._seen: Examination | None = None
        self._agreed: Proposal | None = None
        self._undo: Entry | None = None
        self._adb = AdbHand(self.phone)
        self.bluez = {"Powered": True, "Trusted": False}

    @property
    def hands(self) -> dict[Channel, "StageHand"]:
        return {channel: StageHand(self, channel) for channel in Channel}

    async def examine(self, says: str, tried: tuple[Tried, ...]) -> Examination:
        seen = next(self._next)
        self._seen = replace(seen, looked_at=seen.looked_at + timedelta(seconds=self.waited_s))
        self.waited_s += 1.0
        return self._seen

    async def agrees(self, proposal: Proposal) -> bool:
        self.asked.append(proposal)
        answer = next(self._answers, False)
        self._agreed = proposal if answer else None
        return answer

    async def agrees_to_undo(self, entry: Entry) -> bool:
        answer = next(self._answers, False)
        self._undo = entry if answer else None
        return answer

    async def helped(self, fix: PlannedFix) -> bool | None:
        return self.help

    async def guided(self, fix: PlannedFix) -> bool:
        self.guides.append(fix.fix)
        return self.does_steps

    def now(self) -> datetime:
        return START + timedelta(seconds=self.waited_s)

    async def pause(self, seconds: float, says: str) -> None:
        self.waited_s += seconds

    async def tell(self, text: str) -> None:
        self.said.append(text)

    def keep(self, entry: Entry) -> None:
        self.journal = with_entry(self.journal, entry)

    async def look(self, look: Look) -> str | None:
        if isinstance(look, BluezLook):
            return str(self.bluez[look.name]).lower() if look.name in self.bluez else None
        return await self._adb.look(look)

    async def make(self, permit: Permit, channel: Channel) -> Done:
        hand = self._adb
        act = permit._act
        if self._seen is not None or self._undo is not None:
            seen = self._seen or examination()
            self.made.append(Made(act, seen, self._agreed, self._undo, self.journal))
        if channel is Channel.ADB:
            done = await hand.make(permit)
        else:
            used = permit.use()
            if isinstance(used, BluezCall) and used.method == "Set":
                _, name, value = used.arguments
                self.bluez[str(name)] = bool(value)
            done = Done(True)
        if len(self.made) == self.dies_at:
            raise CrashError
        return done


@dataclass
class StageHand:
    """One channel of the stage."""

    stage: Stage
    channel: Channel

    async def look(self, look: Look) -> str | None:
        return await self.stage.look(look)

    async def make(self, permit: Permit) -> Done:
        return await self.stage.make(permit, self.channel)
