"""Diagnoses made by hand for the tests of everything a person sees.

The link events of :func:`stuck_by_range` are those of a real Fitbit Inspire 3 that lost its link to a
Pixel 8 (seconds and packets as in the shared notes on HCI evidence; addresses are pseudonyms). Signal
readings, phone and server facts are synthetic. Nobody's data is in here.
"""

from dataclasses import replace
from datetime import timedelta

from tests.sample_facts import (
    APP,
    END,
    LOG,
    PEER_A,
    PEER_B,
    PEER_C,
    REPORT,
    START,
    TRACKER,
    at,
    capture_facts,
    crowd_facts,
    hci,
    phone_facts,
    takeout_facts,
)
from unstuck.model.diagnosis import (
    CauseEvidence,
    Diagnosis,
    Finding,
    HopState,
    NextQuestion,
    PlannedFix,
    Proof,
    RankedCause,
    State,
    TimelineEntry,
    Tracker,
    Unchecked,
    Verdict,
)
from unstuck.model.evidence import Fact, SourceInfo
from unstuck.model.hop import Hop
from unstuck.model.records import AtRisk

__all__ = ["APP", "PEER_A", "PEER_B", "PEER_C", "TRACKER", "at", "capture_facts", "hci", "phone_facts"]


def log_source() -> SourceInfo:
    """The Bluetooth log as a source."""
    return SourceInfo(LOG, "btsnoop", 8018, (START, END), 0, 0.0)


def report_source() -> SourceInfo:
    """The bug report as a source, its clock 0.4 s ahead."""
    return SourceInfo(REPORT, "bugreport", 214_388, (at(-86_400), at(5100)), 12, -0.4)


def stuck_by_range() -> Diagnosis:
    """The real case, judged at 21:29 UTC (22:29 in Vienna): out of reach, two sources."""
    judged = at(5098.3)
    facts = tuple(f for f in (*capture_facts(), *phone_facts()) if f.time is None or f.time <= judged)
    lost = [f for f in facts if f.name == "link.lost"]
    weak = [f for f in facts if f.name == "advert.seen" and f.time is not None and f.time > at(4758.3)]
    return Diagnosis(
        verdict=Verdict.STUCK,
        headline="The tracker is out of the phone's reach.",
        stuck_at=Hop.BLUETOOTH,
        since=at(4758.301),
        judged_at=judged,
        tracker=Tracker(TRACKER, "Inspire 3", "fitbit"),
        phone="Pixel 8, Android 16",
        zone="Europe/Vienna",
        at_risk=AtRisk(at(4758.301), at(4758.301) + timedelta(days=7)),
        hops=(
            (Hop.TRACKER, HopState.MOVING, "recording"),
            (Hop.BLUETOOTH, HopState.BROKEN, "lost 22:23"),
            (Hop.PHONE, HopState.MOVING, "may run"),
            (Hop.SERVER, HopState.UNCHECKED, "not checked"),
        ),
        causes=(
            RankedCause(
                "bluetooth.out_of_range",
                Hop.BLUETOOTH,
                "The tracker is out of the phone's reach",
                0.93,
                (
                    CauseEvidence(
                        "link_lost_silently",
                        "The link was lost without a word (0x08) after 75 min",
                        LOG,
                        "packet 5697",
                        at(4758.301),
                        "disconnection complete, handle 0x44, reason 0x08",
                        ("packet 6459",),
                    ),
                    CauseEvidence(
                        "adverts_weak",
                        "10 adverts since, eight of them at -86 dBm or weaker",
                        LOG,
                        "packet 5726",
                        at(4829.3),
                        "advert -99 dBm",
                        tuple(f.locator for f in weak[1:]),
                    ),
                    CauseEvidence(
                        "peers_lost_together",
                        "Two other devices dropped in the same minutes",
                        LOG,
                        "packet 5853",
                        at(4947.4),
                        "disconnection complete, handle 0x42, reason 0x08",
                        ("packet 6257",),
                    ),
                    CauseEvidence(
                        "link_not_established",
                        "Three new links were never heard (0x3e)",
                        LOG,
                        "packet 5772",
                        at(4872.2),
                        "disconnection complete, handle 0x43, reason 0x3e",
                        ("packet 5842", "packet 6504"),
                    ),
                ),
            ),
            RankedCause(
                "bluetooth.interference",
                Hop.BLUETOOTH,
                "Radio interference",
                0.04,
                (
                    CauseEvidence(
                        "peers_lost_together",
                        "Two other devices dropped in the same minutes",
                        LOG,
                        "packet 5853",
                        at(4947.4),
                        "disconnection complete, handle 0x42, reason 0x08",
                    ),
                ),
            ),
            RankedCause("bluetooth.stack_wedged", Hop.BLUETOOTH, "The phone's Bluetooth is on but stuck", 0.004, ()),
        ),
        plan=(
            PlannedFix(
                "move_closer",
                "Bring phone and tracker within a few steps, no wall between",
                1,
                0.9,
                False,
                None,
                (
                    "Carry the phone to the tracker, at most three steps away.",
                    "Open the app and keep it on the screen.",
                    "Wait two minutes.",
                ),
                "The app shows a time of last sync within the last minute.",
            ),
            PlannedFix(
                "restart_bluetooth",
                "Turn Bluetooth off and on",
                1,
                0.03,
                False,
                None,
                ("Open Settings, Bluetooth.", "Turn it off, wait ten seconds, turn it on."),
            ),
            PlannedFix(
                "repair_bond",
                "Remove and pair again",
                6,
                0.01,
                False,
                "6 minutes of data are only on the tracker",
                ("Forget the tracker.", "Pair it again."),
            ),
        ),
        unchecked=(
            Unchecked(
                "server.login_expired",
                "The login has expired",
                "the service's own status shows it (unstuck connect google)",
            ),
            Unchecked(
                "server.outage", "The service is down", "the service's own status shows it (unstuck connect google)"
            ),
            Unchecked(
                "phone.background_restricted",
                "The phone puts the app to sleep",
                "an Android bug report shows it (unstuck diagnose bugreport.zip)",
            ),
        ),
        next_question=NextQuestion(
            "other_room",
            "Was the tracker in another room at 22:23?",
            ("yes", "no", "not sure"),
            "Think of where you were; a wall is enough.",
        ),
        findings=(
            Finding(
                "link_lost_silently",
                State.YES,
                (Proof("The link was lost without a word (0x08) after 75 min", tuple(lost[1:2])),),
            ),
            Finding("pairing_failed", State.NO),
            Finding("login_refused", State.UNKNOWN),
        ),
        facts=facts,
        timeline=(
            TimelineEntry(at(243.9), Hop.BLUETOOTH, "The tracker connected", "packet 1085"),
            TimelineEntry(at(4758.301), Hop.BLUETOOTH, "The tracker's link was lost (0x08)", "packet 5697"),
            TimelineEntry(at(4872.2), Hop.BLUETOOTH, "A new link was never heard (0x3e)", "packet 5772"),
            TimelineEntry(at(4947.4), Hop.BLUETOOTH, "Another device's link was lost (0x08)", "packet 5853"),
            TimelineEntry(at(5040.6), Hop.BLUETOOTH, "The tracker's link was lost again (0x08)", "packet 6459"),
        ),
        sources=(log_source(), report_source()),
    )


def healthy() -> Diagnosis:
    """A clean capture: one link kept, nothing late, only Bluetooth seen."""
    facts = (
        hci(
            "device.recognised",
            {"vendor": "fitbit", "name": "Inspire 3", "by": "service", "sure": 0.99},
            15.5,
            634,
            TRACKER,
        ),
        *(
            hci("advert.seen", {"rssi": level, "connectable": True}, 15.5 + 2.6 * i, 634 + 3 * i, TRACKER)
            for i, level in enumerate((-81, -85, -73))
        ),
        hci(
            "link.opened",
            {"handle": 0x43, "transport": "le", "interval_ms": 30.0, "latency": 0, "timeout_ms": 5000.0, "parallel": 3},
            27.1,
            644,
            TRACKER,
        ),
        *(hci("rssi.read", {"rssi": -60 - (7 * m) % 23}, 61.5 + 60 * m, 820 + 40 * m, PEER_A) for m in range(19)),
    )
    return replace(
        stuck_by_range(),
        verdict=Verdict.HEALTHY,
        headline="The link has held for 19 minutes and data moved over it.",
        stuck_at=None,
        since=None,
        judged_at=at(1200.8),
        at_risk=None,
        hops=(
            (Hop.TRACKER, HopState.MOVING, "recording"),
            (Hop.BLUETOOTH, HopState.MOVING, "link held 19 min"),
            (Hop.PHONE, HopState.MOVING, "data moved"),
            (Hop.SERVER, HopState.UNCHECKED, "not checked"),
        ),
        causes=(),
        plan=(),
        next_question=None,
        findings=(Finding("link_lost_silently", State.NO),),
        facts=facts,
        timeline=(TimelineEntry(at(27.1), Hop.BLUETOOTH, "The tracker connected", "packet 644"),),
        sources=(SourceInfo("btsnoop_hci.log", "btsnoop", 1741, (at(0), at(1200.8))),),
    )


def inconclusive() -> Diagnosis:
    """A log without link events: it cannot say; three causes are equally likely; a question would settle it."""
    return replace(
        stuck_by_range(),
        verdict=Verdict.INCONCLUSIVE,
        stuck_at=None,
        since=None,
        at_risk=None,
        tracker=None,
        headline="The log holds no link events, and no tracker was recognised in it.",
        phone="",
        zone="",
        judged_at=at(900),
        hops=tuple((hop, HopState.UNCHECKED, "not checked") for hop in Hop),
        causes=(
            RankedCause("bluetooth.off", Hop.BLUETOOTH, "Bluetooth is off", 0.21, ()),
            RankedCause("phone.background_restricted", Hop.PHONE, "The phone puts the app to sleep", 0.19, ()),
            RankedCause("bluetooth.out_of_range", Hop.BLUETOOTH, "The tracker is out of the phone's reach", 0.17, ()),
        ),
        plan=(
            PlannedFix(
                "turn_bluetooth_on",
                "Turn Bluetooth on",
                1,
                0.2,
                False,
                None,
                ("Swipe down from the top of the screen.", "Tap the Bluetooth sign so that it lights up."),
                "The sign is lit.",
            ),
        ),
        findings=(),
        facts=(),
        timeline=(),
        next_question=NextQuestion("bluetooth_on", "Is Bluetooth on?", ("yes", "no")),
        sources=(
            SourceInfo(
                "btsnoop_filtered.log",
                "btsnoop",
                147,
                (at(0), at(900)),
                3,
                0.0,
                ("btsnoop_filtered.log: holds no link events; record it again with the full log.",),
            ),
        ),
    )


def nothing_readable() -> Diagnosis:
    """Three sources, none of use."""
    return replace(
        inconclusive(),
        headline="Nothing that was given could be read.",
        judged_at=None,
        causes=(),
        plan=(),
        sources=(
            SourceInfo(
                "holiday.jpg",
                "unknown",
                problems=(
                    "holiday.jpg: is none of the kinds Unstuck can read; run 'unstuck diagnose' without a source for "
                    "the list.",
                ),
                readable=False,
            ),
            SourceInfo(
                "empty.log", "unknown", problems=("empty.log: is empty; record or copy it again.",), readable=False
            ),
            SourceInfo(
                "le_secure_connections.pcapng",
                "pcapng",
                problems=(
                    "le_secure_connections.pcapng: a link-layer sniff, not what the phone itself saw; record a "
                    "Bluetooth HCI log on the phone instead.",
                ),
                readable=False,
            ),
        ),
    )


def takeout() -> Diagnosis:
    """Nothing but a Takeout export: the tracker's own log says that no phone has connected for 20 days."""
    facts = takeout_facts()
    since = facts[40].time
    assert since is not None
    last = facts[-1].time
    assert last is not None
    source = facts[0].source
    return replace(
        stuck_by_range(),
        headline="The tracker has advertised for 20 days and no phone has connected.",
        since=since,
        judged_at=last,
        phone="",
        at_risk=AtRisk(since, since + timedelta(days=7)),
        hops=(
            (Hop.TRACKER, HopState.MOVING, "worn"),
            (Hop.BLUETOOTH, HopState.BROKEN, "stands still"),
            (Hop.PHONE, HopState.UNCHECKED, "not checked"),
            (Hop.SERVER, HopState.MOVING, "answers"),
        ),
        causes=(
            RankedCause(
                "bluetooth.off",
                Hop.BLUETOOTH,
                "Bluetooth is off",
                0.41,
                (
                    CauseEvidence(
                        "tracker_alone",
                        "No phone connected on 20 days in a row",
                        source,
                        "$[40].ble",
                        since,
                        "",
                        tuple(f"$[{n}].ble" for n in range(41, 60)),
                    ),
                ),
            ),
        ),
        findings=(Finding("tracker_alone", State.YES, (Proof("No phone connected on 20 days in a row", facts[40:]),)),),
        facts=facts,
        timeline=(),
        sources=(SourceInfo("takeout.zip", "takeout", 3210, (facts[0].time or since, last)),),
    )


def crowded(count: int = 10_000) -> Diagnosis:
    """``count`` happenings of forty devices."""
    facts = crowd_facts(count)
    timeline = tuple(
        TimelineEntry(fact.time, Hop.BLUETOOTH, f"{fact.name} of {fact.subject}", fact.locator)
        for fact in facts
        if fact.time is not None
    )
    return replace(stuck_by_range(), facts=facts, timeline=timeline, judged_at=END, since=at(3000.0))


HOSTILE = "<script>alert(1)</script>\"'{{7*7}}[red]\x1b[31m\u202eevil\ud800\n</style>"
"""A name made to break out of everything it is written into."""


def hostile() -> Diagnosis:
    """The real case with a hostile name wherever evidence can bring one."""
    plain = stuck_by_range()
    first = plain.causes[0].evidence[0]
    line = replace(first, text=HOSTILE, excerpt=HOSTILE, source=HOSTILE, locator=HOSTILE, also=(HOSTILE,))
    link = hci("link.lost", {"handle": 1, "reason": 8, "by": HOSTILE}, 5001.0, 5900, HOSTILE, HOSTILE)
    name = hci("device.name", {"name": HOSTILE, "source": "gatt"}, 5000.0, 5899, HOSTILE)
    killed = Fact("app.killed", {"reason": HOSTILE, "adj": 1, "kind": "cached"}, at(4000.0), HOSTILE, HOSTILE)
    return replace(
        plain,
        tracker=Tracker(TRACKER, HOSTILE, HOSTILE),
        phone=HOSTILE,
        zone=HOSTILE,
        hops=tuple((hop, state, HOSTILE) for hop, state, _ in plain.hops),
        causes=(replace(plain.causes[0], title=HOSTILE, evidence=(line,)), *plain.causes[1:]),
        plan=(replace(plain.plan[0], title=HOSTILE, steps=(HOSTILE,), worked_when=HOSTILE), *plain.plan[1:]),
        unchecked=(Unchecked("server.outage", HOSTILE, HOSTILE),),
        next_question=NextQuestion("q", HOSTILE, (HOSTILE, "no"), HOSTILE),
        findings=(Finding(line.finding, State.YES, (Proof(HOSTILE, (link,)),)),),
        facts=(*plain.facts, link, name, killed),
        timeline=(TimelineEntry(at(5001.0), Hop.BLUETOOTH, HOSTILE, HOSTILE),),
        sources=(SourceInfo(HOSTILE, HOSTILE, 1, None, problems=(HOSTILE,)),),
        notes=(HOSTILE,),
    )


SAMPLES = (stuck_by_range, healthy, inconclusive, nothing_readable, takeout, crowded, hostile)
"""All of them, for tests that must hold for every diagnosis."""
