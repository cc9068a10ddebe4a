"""Facts made by hand for the sample diagnoses: a real capture's link events, synthetic everything else."""

import math
from datetime import UTC, date, datetime, timedelta

from unstuck.model.evidence import Fact, Value

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


def takeout_facts(days: int = 60) -> tuple[Fact, ...]:
    """A tracker's own log of ``days`` days (synthetic): good at first, from the 41st day no phone connects."""
    first = date(2026, 1, 20)
    found = []
    for number in range(days):
        day = first + timedelta(days=number)
        alone = 22.0 if number >= 40 else 2.0 + number % 5
        value: Value = {
            "date": day.isoformat(),
            "advertise_h": alone,
            "fast_h": 0.0 if number >= 40 else 0.6 + 0.1 * (number % 7),
            "slow_gg_h": 0.0 if number >= 40 else 6.0 + number % 3,
            "idle_gg_h": (24 - alone) * 0.5,
            "slow_none_h": 0.5 + number % 2,
            "reports": 24,
        }
        at_noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        source = "takeout.zip/Takeout/Fitbit/Device Events/device_events.json"
        found.append(Fact("tracker.radio_day", value, at_noon, source, f"$[{number}].ble"))
    return tuple(found)


def crowd_facts(count: int = 10_000) -> tuple[Fact, ...]:
    """``count`` happenings of 40 devices over the time of the capture (synthetic)."""
    found = []
    for number in range(count // 4):
        seconds = 6000.0 * number / (count // 4)
        peer = TRACKER if number % 3 == 0 else f"c0:00:00:00:00:{number % 40:02x}"
        link: Value = {
            "handle": 0x40 + number % 40,
            "transport": "le",
            "reason": 8,
            "held_s": 0.5,
            "last_rssi": None,
        }
        opened: Value = {
            "handle": 0x40 + number % 40,
            "transport": "le",
            "interval_ms": 30.0,
            "latency": 0,
            "timeout_ms": 5000.0,
            "parallel": 1,
        }
        packet = 4 * number
        found += [
            hci("link.opened", opened, seconds, packet, peer),
            hci("link.lost", link, seconds + 0.5, packet + 1, peer),
            hci("advert.seen", {"rssi": -60 - number * 7 % 40, "connectable": True}, seconds + 1, packet + 2, TRACKER),
            hci("app.killed", {"reason": "cached", "adj": 905, "kind": "cached"}, seconds + 1.5, packet + 3, APP),
        ]
    return tuple(found)
