"""Diagnoses made by hand for the tests of everything a person sees.

The link events of :func:`stuck_by_range` are those of a real Fitbit Inspire 3 that lost its link to a
Pixel 8 (seconds and packets as in the shared notes on HCI evidence; addresses are pseudonyms). Signal
readings, phone and server facts are synthetic. Nobody's data is in here.
"""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

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
from unstuck.model.evidence import Fact, SourceInfo, Value
from unstuck.model.hop import Hop
from unstuck.model.records import AtRisk

START = datetime(2026, 3, 19, 20, 4, 1, 695475, tzinfo=UTC)
"""Start of the real capture."""
END = START + timedelta(seconds=6026.1)
TRACKER = "e6:c0:ec:8e:de:51"
PEER_A = "40:f9:57:6d:0c:14"
PEER_B = "6a:26:c5:c7:d9:9b"
PEER_C = "20:d6:88:ab:af:bb"
LOG = "btsnoop_hci.log.last"
REPORT = "bugreport-husky.zip"
APP = "com.fitbit.FitbitMobile"

_OPENED = (
    (1.8, 261, PEER_B, 0x41),
    (27.2, 439, PEER_A, 0x42),
    (28.0, 563, PEER_C, 0x43),
    (243.9, 1085, TRACKER, 0x44),
    (5004.8, 5917, TRACKER, 0x42),
    (5007.6, 6088, PEER_A, 0x43),
    (5010.9, 6273, PEER_B, 0x41),
    (5107.1, 6531, TRACKER, 0x42),
    (5848.4, 7396, PEER_A, 0x43),
)
_LOST = (
    (537.9, 1558, PEER_C, 0x43, 509.9),
    (4758.3, 5697, TRACKER, 0x44, 4514.4),
    (4947.4, 5853, PEER_A, 0x42, 4920.1),
    (5010.7, 6257, PEER_B, 0x41, 5008.9),
    (5040.6, 6459, TRACKER, 0x42, 35.8),
    (5763.1, 7283, PEER_A, 0x43, 755.5),
)
_NOT_ESTABLISHED = (
    (4872.2, 5772, TRACKER, 0x43),
    (4935.4, 5842, TRACKER, 0x43),
    (5007.5, 6071, PEER_A, 0x43),
    (5066.8, 6504, TRACKER, 0x42),
    (5787.8, 7317, PEER_A, 0x43),
)
_ENDED = ((6025.9, 8007, PEER_B, 0x41), (6025.9, 8009, PEER_A, 0x43), (6025.93, 8015, TRACKER, 0x42))
_ADVERTS = (
    (27.15, 431, -100),
    (4829.3, 5726, -99),
    (4839.6, 5729, -93),
    (4860.3, 5736, -97),
    (4862.9, 5752, -97),
    (4880.9, 5776, -95),
    (4932.5, 5806, -80),
    (4933.8, 5821, -91),
    (5003.5, 5902, -97),
    (5065.2, 6470, -86),
    (5077.4, 6510, -85),
    (5105.8, 6516, -87),
    (6026.0, 8016, -84),
)


def at(seconds: float) -> datetime:
    """Time of a second of the capture, to the millisecond."""
    return START + timedelta(milliseconds=round(seconds * 1000))


def hci(name: str, value: Value, seconds: float, packet: int, subject: str = "", excerpt: str = "") -> Fact:
    """A fact of the Bluetooth log."""
    return Fact(name, value, at(seconds), LOG, f"packet {packet}", excerpt, subject)


def capture_facts() -> tuple[Fact, ...]:
    """All facts of the whole real capture, with synthetic signal readings of peer A once a minute."""
    found = [
        hci(
            "device.recognised",
            {"vendor": "fitbit", "name": "Inspire 3", "by": "service", "sure": 0.99},
            27.15,
            431,
            TRACKER,
            "FD62, 180A, 'Inspire 3'",
        ),
    ]
    for seconds, packet, peer, handle in _OPENED:
        value: Value = {
            "handle": handle,
            "transport": "le",
            "interval_ms": 30.0,
            "latency": 0,
            "timeout_ms": 5000.0,
            "parallel": 3,
        }
        found.append(hci("link.opened", value, seconds, packet, peer, f"LE connection complete, handle 0x{handle:02x}"))
    for seconds, packet, peer, handle, held in _LOST:
        value = {"handle": handle, "transport": "le", "reason": 8, "held_s": held, "last_rssi": None}
        found.append(
            hci(
                "link.lost", value, seconds, packet, peer, f"disconnection complete, handle 0x{handle:02x}, reason 0x08"
            )
        )
    for seconds, packet, peer, handle in _NOT_ESTABLISHED:
        value = {"handle": handle, "transport": "le", "after_s": 0.33, "last_rssi": -91}
        found.append(hci("link.not_established", value, seconds, packet, peer, "disconnection complete, reason 0x3e"))
    for seconds, packet, peer, handle in _ENDED:
        value = {"handle": handle, "transport": "le", "reason": 0x16, "by": "phone", "held_s": 900.0}
        found.append(hci("link.ended", value, seconds, packet, peer, "disconnection complete, reason 0x16"))
    for seconds, packet, rssi in _ADVERTS:
        found.append(hci("advert.seen", {"rssi": rssi, "connectable": True}, seconds, packet, TRACKER))
    for minute in range(1, 100):
        level = round(-66 - 12 * math.sin(minute / 9) - (16 if 78 < minute < 88 else 0))
        found.append(hci("rssi.read", {"rssi": level}, 28.8 + 60 * minute, 600 + 70 * minute, PEER_A))
    found.append(hci("hci.all_links_closed", {"links": 3}, 6025.9, 8007))
    return tuple(sorted(found, key=lambda fact: fact.time or START))


def phone_facts() -> tuple[Fact, ...]:
    """A few synthetic facts of a bug report."""

    def line(name: str, value: Value, minutes: float | None, number: int, subject: str = "", excerpt: str = "") -> Fact:
        time = None if minutes is None else at(60 * minutes)
        return Fact(name, value, time, REPORT, f"line {number}", excerpt, subject)

    return (
        line("phone.time_zone", "Europe/Vienna", None, 5012, excerpt="persist.sys.timezone=Europe/Vienna"),
        line("bluetooth.adapter", "on", 84, 81204, excerpt="enabled: true"),
        line("bluetooth.switched", {"on": True, "reason": "SYSTEM_BOOT", "by": "com.android.bluetooth"}, -1, 81244),
        line("app.stopped", False, 84, 90112, APP, "stopped=false"),
        line("app.doze_exempt", True, 84, 92713, APP),
        line(
            "app.killed",
            {"reason": "cached #21", "adj": 905, "kind": "cached"},
            41,
            1203,
            APP,
            "am_kill : [0,12034,com.fitbit.FitbitMobile,905,cached #21]",
        ),
    )


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
            Unchecked("server.login_expired", "The login has expired", "unstuck connect google"),
            Unchecked("server.outage", "The service is down", "unstuck connect google"),
            Unchecked(
                "phone.background_restricted",
                "The phone puts the app to sleep",
                "unstuck diagnose adb, or a bug report",
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
