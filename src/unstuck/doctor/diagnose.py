"""From readings to a diagnosis: facts, findings, causes, plan, and what was not checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache

from unstuck.doctor.agent import all_drained, fresh_loss
from unstuck.doctor.anew import LONG_AGO, asked_again, newest, said_before
from unstuck.doctor.boundaries import Flow
from unstuck.doctor.case import Case, Choice, as_time, choose_packages, choose_tracker, end_of_evidence, open_case
from unstuck.doctor.flow import watch
from unstuck.doctor.knowledge.loader import load
from unstuck.doctor.knowledge.schema import Boundary, Guard, Knowledge, Question
from unstuck.doctor.links import Span
from unstuck.doctor.makers import maker_id
from unstuck.doctor.reasoning.gate import FIRMWARE_BATTERY_MIN_PERCENT, Situation
from unstuck.doctor.reasoning.network import Network, Posterior, Said
from unstuck.doctor.reasoning.plan import CONTACT_SUPPORT, after_support, make_plan, not_tried_yet, tempting
from unstuck.doctor.reasoning.questions import next_question
from unstuck.doctor.reasoning.ranking import able, counted, rank
from unstuck.doctor.remedies.acts import Target
from unstuck.doctor.remedies.catalogue import automatic
from unstuck.doctor.remedies.target import Connection, targets_of
from unstuck.doctor.rules.outcome import times
from unstuck.doctor.rules.run import answered_findings, findings
from unstuck.doctor.sent import all_sent
from unstuck.doctor.telling.steps import Platform, planned
from unstuck.doctor.telling.timeline import timeline
from unstuck.doctor.telling.unchecked import evidence_given, unchecked
from unstuck.doctor.telling.wording import Clock
from unstuck.doctor.tried import failures, in_vain, moving_again, offered, seen_at, weigh, when, without_mended
from unstuck.doctor.verdict import Judgement, hop_states, is_stopped, judge, moves_again, names_idle
from unstuck.doctor.window import within
from unstuck.evidence.profiles import profiles
from unstuck.model.diagnosis import (
    Diagnosis,
    Finding,
    State,
    Verdict,
)
from unstuck.model.evidence import Fact, FactSet, Reading, SourceInfo
from unstuck.model.history import Answered, Result, Tried
from unstuck.model.hop import Hop
from unstuck.model.records import AtRisk
from unstuck.model.worded import joined, worded

VENDOR_DOWN = 0.3
"""Probability of an outage from which the gate takes the service for down: a wrong yes costs waiting,
a wrong no may cost a login."""

GATE_QUESTIONS: Mapping[Guard, str] = {Guard.LOGIN_UNKNOWN: "login_known", Guard.BATTERY_LOW: "battery_half"}
"""Questions whose answers only the harm gate uses, by the guard they may lift."""

ANSWER = "reported.answer"
"""The fact that an answer of the person is."""

APPLE = "Apple"
"""The maker of phones whose system is not Android."""

KNOWN_ENOUGH = 0.85
"""Chance of one cause, in one of its forms, from which no further question is asked before the first fix (probability):
people came for help, and the fix says the rest."""

KNOWN_AFTER_ALL = 0.97
"""The same after a fix that did not help, which may have been done wrongly: then only what was just seen is asked."""

THE_PERSON = "you"
"""Source of what the person reported."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the person asked for and told. ``at`` and ``since`` bound the evidence; empty text means not given.

    ``tried``: fixes that were done for this trouble. ``answered_at``: when each question was answered last, where
    known; ``answers``: all of them in their order, with those that were given anew since.
    ``stopped_again``: when the person said that data stands still once more, after something had helped.
    ``says_stuck``: the person complains, in whatever words. ``phone``: ``iphone``, ``android`` or an id of a maker,
    where the person said whose phone it is. ``make``: an id of a vendor profile, where the person said whose
    tracker it is; it chooses words and steps, and is no evidence. ``connections``: what is connected, so that
    something could be done there. ``zone``: where the person who reads it lives, a name of the IANA database; times
    are said in it instead of the phone's.
    """

    tracker: str = ""
    app: str = ""
    symptom: str = ""
    at: datetime | None = None
    since: datetime | None = None
    tried: tuple[Tried, ...] = ()
    answered_at: Mapping[str, datetime] = field(default_factory=dict)
    answers: tuple[Answered, ...] = ()
    stopped_again: datetime | None = None
    says_stuck: bool = False
    phone: str = ""
    make: str = ""
    connections: tuple[Connection, ...] = ()
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Examination:
    """A diagnosis with what it rests on and a page does not show. ``looked_at``: when the evidence was taken.

    ``situation``: what the harm gate was told. ``flow``: what was seen of data moving. ``targets``: what could be acted
    on.
    """

    diagnosis: Diagnosis
    situation: Situation
    flow: Flow
    looked_at: datetime
    targets: tuple[Target, ...] = ()


@cache
def _network(knowledge: Knowledge) -> Network:
    """Built once per process."""
    return Network.of(knowledge)


def diagnose(readings: Sequence[Reading], options: Options, now: datetime) -> Diagnosis:
    """Diagnose. ``now``: by the clock of the phone; used where nothing is dated, or what is dated lies after it."""
    return examine(readings, options, now).diagnosis


def examine(readings: Sequence[Reading], options: Options, now: datetime) -> Examination:
    """Diagnose, and keep what the diagnosis rests on."""
    knowledge = load()
    facts = _facts(readings, options)
    choice = choose_tracker(facts, options.tracker)
    traces = _traces(readings)
    spans = [reading.source.span for reading in readings if reading.source.readable]
    # A clock that was set back leaves lines from its future: they are older than now, whatever they say.
    judged_at = options.at or min(end_of_evidence(facts, spans) or now, now)
    packages = choose_packages(facts, choice.tracker, options.app)
    case = open_case(facts, choice, packages, judged_at, traces, options.since)
    flow = watch(case)
    stop = flow.first_stop
    # A link that keeps failing is no link, though something got through between two failures.
    linked = flow.stop_at(Hop.BLUETOOTH) is None and any(move.hop is Hop.BLUETOOTH for move in flow.moves)
    case = replace(case, stopped_at=stop.since if stop is not None else None, linked=linked)
    # A stop that lies ahead of now was written before the clock was set back; what is done today comes after it.
    failed = failures(options.tried, stop.since if stop is not None and stop.since <= now else None)
    fixes_at = [when(one) for one in failed]
    read, answered = findings(case, knowledge), answered_findings(case, knowledge)
    found, before = newest(read, answered, seen_at(read, options.answered_at, now), options.answered_at, fixes_at)
    before += said_before(options.answers, read, answered, knowledge)
    states = {finding.id: finding.state for finding in found}
    helped = moving_again(options.tried, options.stopped_again, judged_at if stop is not None else None)
    complains = bool(failed) or options.says_stuck or options.stopped_again is not None
    stopped = complains or is_stopped(case, flow, found)
    known, ways = counted(found, knowledge), able(flow, knowledge)
    seen = seen_at(found, options.answered_at, now)
    by_person = _by_person(found, knowledge)
    network = _network(knowledge)
    findings_alone = network.posterior(known, stopped=stopped, able=ways, told=by_person)
    posterior = weigh(
        network, known, seen, failed, knowledge.fixes, stopped=stopped, able=ways, told=by_person, before=before
    )
    causes = rank(posterior, found, knowledge, findings_alone) if stopped else ()
    told = without_mended(found, seen, failed, knowledge)
    over = {finding.id for finding, left in zip(found, told, strict=True) if left is not finding}
    may_change = asked_again(knowledge, _asked(facts), options.answered_at, fixes_at, over)
    again = [question for question in may_change if question.id not in _not_known(facts)]
    insists = options.stopped_again is not None
    shown = [cause.id for cause in knowledge.causes.values() if Boundary.SHOW in cause.closes]
    judgement = judge(case, flow, told, causes, complains=complains, insists=insists, hops=posterior.hops, shown=shown)
    if helped is not None:
        title = knowledge.fixes[helped.fix].title if helped.fix in knowledge.fixes else helped.fix
        judgement = moves_again(title, helped.how)
    situation = situate(case, flow, judgement, posterior, told, now)
    stuck = judgement.verdict is Verdict.STUCK
    well = judgement.verdict is Verdict.HEALTHY
    fixes = offered(knowledge.fixes, options.tried, in_vain(found, seen, failed, knowledge))
    plan = make_plan(posterior, fixes, situation) if stopped and not well else ()
    if not well and any(one.fix == CONTACT_SUPPORT for one in failed):
        plan = after_support(plan, not_tried_yet(posterior, fixes, situation, GATE_QUESTIONS))
    if stuck:
        planned_ids = {step.fix.id for step in plan}
        warned = tempting(posterior, fixes, situation, judgement.hop)
        plan = (*plan, *(step for step in warned if step.fix.id not in planned_ids))
    harmless = case.profile is not None and case.profile.pairs_without_loss
    targets = targets_of(options.connections, facts, packages, case.subjects, pairs_without_loss=harmless)
    platform = replace(_platform(case, readings, options.phone, options.make), automatic=automatic(targets))
    zone = options.zone or _text(case, "phone.time_zone")
    given = evidence_given(reading.source.kind for reading in readings if reading.source.readable)
    diagnosis = Diagnosis(
        verdict=judgement.verdict,
        headline=judgement.headline,
        stuck_at=judgement.hop,
        since=judgement.since,
        judged_at=judged_at,
        tracker=choice.tracker,
        phone=_phone(case),
        zone=zone,
        at_risk=_at_risk(case, flow, judgement) if stuck else None,
        hops=hop_states(case, flow, told, judgement, Clock(zone, judged_at)),
        causes=causes if not well or (helped is None and causes and names_idle(causes[0])) else (),
        plan=planned(plan, platform),
        unchecked=unchecked(knowledge, states, given, platform.system),
        next_question=None
        if well or (not failed and posterior.surest >= KNOWN_ENOUGH)  # what failed may have been done wrongly
        else next_question(
            posterior,
            replace(knowledge, fixes=fixes),
            {id_: state for id_, state in states.items() if id_ not in _stale(again, seen, fixes_at)},
            situation,
            (set(knowledge.questions) if posterior.surest >= KNOWN_AFTER_ALL else _asked(facts))
            - {question.id for question in again},
            platform.system,
            {question.id for question in again if question.again},
        ),
        findings=found,
        facts=tuple(facts),
        timeline=timeline(case),
        sources=tuple(reading.source for reading in readings),
        notes=(*_notes(case, choice, flow, judgement, readings, Clock(zone, judged_at)), *_tried(options, knowledge)),
    )
    return Examination(diagnosis, situation, flow, now, targets)


def _stale(again: Sequence[Question], seen: Mapping[str, datetime], fixes_at: Sequence[datetime]) -> frozenset[str]:
    """Findings that a question asked again would show anew: a fix has been done since they were seen."""
    of_them = {finding for question in again for answer in question.answers for finding in answer.findings}
    return frozenset(id_ for id_ in of_them if any(seen.get(id_, LONG_AGO) <= done for done in fixes_at))


def _by_person(found: Sequence[Finding], knowledge: Knowledge) -> dict[str, Said]:
    """The findings that only the person's answers settled, each with its question."""
    return {
        finding.id: Said(fact.subject, len(knowledge.questions[fact.subject].answers))
        for finding in found
        for proof in finding.proof
        for fact in proof.facts
        if fact.name == ANSWER
    }


def situate(
    case: Case, flow: Flow, judgement: Judgement, posterior: Posterior, found: Sequence[Finding], now: datetime
) -> Situation:
    """What the harm gate needs to know. None where the evidence is silent: the gate takes that for a reason.

    ``found``: what still speaks about now. ``now``: when something might be done, which can be long after the moment of
    judgement.
    """
    stop = flow.first_stop
    waiting = (case.judged_at - stop.since) / timedelta(minutes=1) if stop is not None else None
    at_tracker = stop is not None and stop.hop in (Hop.TRACKER, Hop.BLUETOOTH, Hop.PHONE)
    at_phone = stop is not None and stop.hop in (Hop.PHONE, Hop.SERVER)
    battery = next(iter(case.recent(case.facts.all("tracker.battery")[-1:])), None)
    states = {finding.id: finding.state for finding in found}
    down = posterior.marginals.get("server.outage", 0.0) >= VENDOR_DOWN
    down = down or states.get("service_reports_incident") is State.YES
    sent = all_sent(case, now)
    return Situation(
        undrained=_held(at_tracker or judgement.hop in (Hop.TRACKER, Hop.BLUETOOTH), all_drained(case, now)),
        undrained_minutes=waiting if at_tracker else None,
        unsent=False if sent else True if at_phone or judgement.hop is Hop.SERVER else None,
        unsent_minutes=None if sent else waiting if at_phone and not at_tracker else None,
        vendor_down=True if down else None,
        tracker_battery_percent=_battery(case, battery),
        login_known=_answered(case, Guard.LOGIN_UNKNOWN),
        link_up=flow.linked,
    )


def _held(stands: bool, gone: bool) -> bool | None:
    """Whether records are held there: where data stands still they are, whatever else is said."""
    return True if stands else False if gone else None


def _answered(case: Case, guard: Guard) -> bool | None:
    """What the person said about a guard; None where nobody asked or knows."""
    answers = case.facts.all("reported.answer", subject=GATE_QUESTIONS[guard])
    return {"yes": True, "no": False}.get(answers[-1].text("answer")) if answers else None


def _battery(case: Case, seen: Fact | None) -> float | None:
    """The tracker's charge in percent: as it was seen, else the bound that the person read; the person's "no" wins."""
    half = _answered(case, Guard.BATTERY_LOW)
    if half is False:
        return 0.0
    if seen is not None:
        return seen.number("percent")
    return FIRMWARE_BATTERY_MIN_PERCENT if half else None


def _facts(readings: Sequence[Reading], options: Options) -> FactSet:
    facts = within((fact for reading in readings for fact in reading.facts), options.at, options.since)
    if options.symptom:
        facts.append(Fact("reported.symptom", options.symptom, None, THE_PERSON, "symptom", options.symptom))
    return FactSet(tuple(sorted(facts, key=lambda fact: fact.time or datetime.min.replace(tzinfo=UTC))))


def _traces(readings: Sequence[Reading]) -> dict[str, Span]:
    return {
        reading.source.path: reading.source.span
        for reading in readings
        if reading.source.span is not None and any(fact.name == "hci.coverage" for fact in reading.facts)
    }


def _not_known(facts: FactSet) -> frozenset[str]:
    """Questions whose newest answer is "I don't know": who could not tell once is not asked after every fix."""
    newest = {fact.subject: fact.text("answer") for fact in facts.all(ANSWER)}
    known = {question.id: {answer.id for answer in question.answers} for question in load().questions.values()}
    return frozenset(question for question, answer in newest.items() if answer not in known.get(question, set()))


def _asked(facts: FactSet) -> frozenset[str]:
    return frozenset(fact.subject for fact in facts.all("reported.answer"))


def _at_risk(case: Case, flow: Flow, judgement: Judgement) -> AtRisk | None:
    """What the tracker overwrites next: as a ledger says, else only where data was seen to move up to the stop."""
    stop = flow.first_stop
    if stop is None or (judgement.hop is Hop.SERVER and all(one.hop is Hop.SERVER for one in flow.stops)):
        return None
    told = _told_risk(case)
    if told is not None:
        return told
    profile = case.profile
    if not stop.saw_before or judgement.hop is Hop.SERVER:
        return None
    if profile is None or not profile.minute_detail_days:
        return None
    since = judgement.since or stop.since
    return AtRisk(since, since + timedelta(days=profile.minute_detail_days))


def _told_risk(case: Case) -> AtRisk | None:
    """The earliest of what the ledgers say, a fresh loss before all."""
    lost = fresh_loss(case)
    pairs = [(fact.text("since"), fact.text("lost_at")) for fact in case.of_tracker("ledger.at_risk")]
    if lost is not None:
        pairs = [(lost.text("start"), lost.text("lost_at"))]
    known = [
        AtRisk(since, lost_at)
        for since, lost_at in ((as_time(one), as_time(other)) for one, other in pairs)
        if since is not None and lost_at is not None
    ]
    return min(known, key=lambda risk: risk.lost_at, default=None)


def _phone(case: Case) -> str:
    build = case.latest("phone.build")
    if build is None:
        return ""
    maker, model, release = build.text("maker"), build.text("model"), build.text("release")
    name = model if not maker or model.lower().startswith(maker.lower()) else f"{maker} {model}"
    system = "iOS" if maker == APPLE else "Android"
    return ", ".join(part for part in (name.strip(), f"{system} {release}" if release else "") if part)


def _tried(options: Options, knowledge: Knowledge) -> tuple[str, ...]:
    """What was tried, in a sentence for each result."""
    said = {
        Result.DID_NOT_HELP: worded("Tried, and it did not help"),
        Result.UNDONE: worded("Tried without help and taken back"),
    }
    notes = []
    for result, words in said.items():
        ids = dict.fromkeys(one.fix for one in options.tried if one.result is result)
        titles = [worded(knowledge.fixes[fix].title) for fix in ids if fix in knowledge.fixes]
        notes += [worded("{what}: {fixes}.", what=words, fixes=joined(titles, "; "))] if titles else []
    return tuple(notes)


def _platform(case: Case, readings: Sequence[Reading], told: str = "", make: str = "") -> Platform:
    build = case.latest("phone.build")
    kinds = {reading.source.kind for reading in readings}
    tracker, vendor = (case.tracker.name, case.tracker.vendor) if case.tracker else ("", "")
    app = _app_name(case)
    if case.tracker is None and make in profiles():
        vendor = profiles()[make].name
        app = app or next((one.name for one in profiles()[make].apps), "")
    if build is not None and build.text("maker") == APPLE:
        return Platform("iphone", "", vendor, tracker, app)
    if build is not None or case.facts.has("phone.section") or kinds & {"btsnoop", "btsnooz", "bugreport"}:
        maker = maker_id(build.text("maker")) if build is not None else ""
        return Platform("android", maker, vendor, tracker, app)
    if told and told != "iphone":
        return Platform("android", "" if told == "android" else told, vendor, tracker, app)
    return Platform("iphone" if told or kinds & {"packetlogger", "iphone"} else "any", "", vendor, tracker, app)


def _app_name(case: Case) -> str:
    profile = case.profile
    if profile is not None and profile.apps:
        return profile.apps[0].name
    seen = {fact.subject for fact in case.facts if fact.name.startswith("app.")} & case.packages
    named = [app.name for entry in profiles().values() for app in entry.apps if seen & {*app.packages, app.ios}]
    return named[0] if named else ""


def _notes(
    case: Case, choice: Choice, flow: Flow, judgement: Judgement, readings: Sequence[Reading], clock: Clock
) -> tuple[str, ...]:
    evidence = any(reading.source.readable and reading.source.kind != "answers" for reading in readings)
    notes = [choice.note] if choice.note and evidence else []
    notes += [note for note in flow.notes if judgement.headline != note]
    runs = case.links.runs_of_trouble(case.subjects, case.judged_at)
    if runs and case.linked:
        first, last, count = runs[-1]
        between = (
            worded("between {first} and {last}", first=clock.time(first), last=clock.time(last))
            if count > 1
            else worded("at {time}", time=clock.time(first))
        )
        notes.append(
            worded(
                "The link failed {times} {between} and has worked since.", times=times(count, "time"), between=between
            )
        )
    closed = case.latest("hci.all_links_closed")
    if closed is not None and closed.time is not None and case.judged_at - closed.time <= timedelta(seconds=5):
        notes.append(worded("The trace ends with the phone closing every link: Bluetooth went off or restarted then."))
    missing = [fact for fact in case.facts.all("app.not_installed") if fact.subject in case.packages and fact.flag()]
    if missing and not case.of_app("app.installed"):
        notes.append(worded("The app {package} is not on this phone.", package=missing[0].subject))
    adapter = case.latest("bluetooth.adapter")
    if adapter is not None and adapter.text() == "absent":
        notes.append(worded("This device has no Bluetooth service, as emulators do."))
    if flow.stops and flow.moves:
        notes.append(
            worded("Other parts were seen to work: {parts}.", parts=joined([move.text for move in flow.moves], "; "))
        )
    return tuple(notes)


def _text(case: Case, name: str) -> str:
    fact = case.latest(name)
    return fact.text() if fact is not None else ""


def answer_facts(answers: Sequence[tuple[str, str]]) -> list[Reading]:
    """The person's answers (question id, answer id) as one more source of evidence."""
    if not answers:
        return []
    facts = tuple(
        Fact("reported.answer", {"answer": answer}, None, THE_PERSON, f"answer to {question}", answer, question)
        for question, answer in answers
    )
    return [Reading(SourceInfo(THE_PERSON, "answers", len(facts)), facts)]
