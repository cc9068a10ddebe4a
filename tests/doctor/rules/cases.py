"""For every finding: facts that make it yes and facts that make it no. No facts at all must leave it unknown."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from unstuck.doctor.case import Choice, open_case
from unstuck.doctor.knowledge.loader import load
from unstuck.doctor.rules.run import findings
from unstuck.model.diagnosis import Finding, Tracker
from unstuck.model.evidence import Fact, FactSet, Value
from unstuck.model.vocabulary import violations

END = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
STOP = END - timedelta(minutes=60)
TRACKER = "e6:c0:ec:8e:de:51"
BUDS = "40:f9:57:6d:0c:14"
APP = "com.fitbit.FitbitMobile"


def at(name: str, value: Value, minutes_before: float = 0.0, subject: str = "") -> Fact:
    """A fact seen so many minutes before the end; it must fit the vocabulary."""
    fact = Fact(name, value, END - timedelta(minutes=minutes_before), "synthetic", "line 1", "", subject)
    assert not violations(fact), violations(fact)
    return fact


def iso(days_before: float) -> str:
    """An ISO time so many days before the end."""
    return (END - timedelta(days=days_before)).isoformat()


def opened(minutes: float, subject: str = TRACKER) -> Fact:
    value: Value = {
        "handle": 64,
        "transport": "le",
        "interval_ms": 30.0,
        "latency": 0,
        "timeout_ms": 5000.0,
        "parallel": 1,
    }
    return at("link.opened", value, minutes, subject)


def lost(minutes: float, subject: str = TRACKER, rssi: int | None = None, held_s: float = 600.0) -> Fact:
    value: Value = {"handle": 64, "transport": "le", "reason": 8, "held_s": held_s, "last_rssi": rssi}
    return at("link.lost", value, minutes, subject)


def unheard(minutes: float, subject: str = TRACKER, rssi: int = -95) -> Fact:
    value: Value = {"handle": 64, "transport": "le", "after_s": 0.3, "last_rssi": rssi}
    return at("link.not_established", value, minutes, subject)


def advert(minutes: float, rssi: int, subject: str = TRACKER) -> Fact:
    return at("advert.seen", {"rssi": rssi, "connectable": True}, minutes, subject)


def summary(minutes: float, subject: str = BUDS) -> Fact:
    value: Value = {
        "count": 40,
        "rssi_min": -80,
        "rssi_median": -70.0,
        "rssi_max": -60,
        "first": iso(0.05),
        "last": END.isoformat(),
        "name": "",
    }
    return at("advert.summary", value, minutes, subject)


def coverage(minutes: float = 0.0) -> Fact:
    value: Value = {
        "commands": True,
        "link_events": True,
        "adverts": True,
        "acl": True,
        "records": 100,
        "le_connections": 1,
    }
    return at("hci.coverage", value, minutes)


def traffic(received: int = 9) -> Fact:
    value: Value = {
        "handle": 64,
        "sent_packets": 3,
        "sent_bytes": 60,
        "received_packets": received,
        "received_bytes": 900,
        "first": iso(0.02),
        "last": END.isoformat(),
    }
    return at("link.traffic", value, 0, TRACKER)


def data(until_minutes: float = 0.0) -> list[Fact]:
    """Value packets that came from the tracker, the newest so many minutes before the end."""
    until = (END - timedelta(minutes=until_minutes)).isoformat()
    link: Value = {
        "handle": 64,
        "sent_packets": 3,
        "sent_bytes": 60,
        "received_packets": 9,
        "received_bytes": 900,
        "first": (END - timedelta(minutes=until_minutes + 20)).isoformat(),
        "last": until,
    }
    values: Value = {"link": 64, "attribute": 68, "direction": "received", "packets": 9, "bytes": 900}
    return [
        at("link.traffic", link, until_minutes, TRACKER),
        at("att.traffic", values, until_minutes + 10, TRACKER),
    ]


def encryption_failed() -> Fact:
    return at("link.encryption_failed", {"handle": 64, "status": 6}, 30, TRACKER)


def att_refused(minutes: float) -> Fact:
    return at("att.errors", {"code": 15, "request": 0x0A, "count": 1}, minutes, TRACKER)


def encrypted(minutes: float = 20) -> Fact:
    return at("link.encrypted", {"handle": 64, "event": 0x59}, minutes, TRACKER)


def gatt(status: int, minutes: float) -> Fact:
    state = "connected" if status == 0 else "disconnected"
    return at("gatt.status", {"status": status, "new_state": state}, minutes, TRACKER)


def radio_day(date: str, advertise: float = 0, fast: float = 0, slow: float = 0, idle: float = 0) -> Fact:
    value: Value = {
        "date": date,
        "advertise_h": advertise,
        "fast_h": fast,
        "slow_gg_h": slow,
        "idle_gg_h": idle,
        "slow_none_h": 0.0,
        "reports": 4,
    }
    return at("tracker.radio_day", value, 600)


def battery(percent: float, minutes: float = 10, charging: bool = False) -> Fact:
    return at("tracker.battery", {"percent": percent, "voltage_mv": 3800, "charging": charging}, minutes)


def wear(date: str, on: float, off: float) -> Fact:
    return at("tracker.wear_day", {"date": date, "on_h": on, "off_h": off}, 600)


def day(date: str, minutes: int = 900) -> Fact:
    return at("server.day", {"date": date, "minutes": minutes, "zeros": 500, "total": 8000.0}, 600, "steps")


def series(days_before: float) -> Fact:
    value: Value = {"newest": iso(days_before), "oldest": iso(30), "rows": 9, "zeros": 3, "origin": ""}
    return at("server.series", value, 0, "steps")


def device(name: str, address: str = "") -> Fact:
    value: Value = {"name": name, "type": name, "firmware": "1.2", "address": address, "bonded": True}
    return at("tracker.device", value, 0, "4711")


def build(sdk: int = 34, maker: str = "Google") -> Fact:
    value: Value = {"release": "14", "sdk": sdk, "maker": maker, "model": "Model", "fingerprint": "x"}
    return at("phone.build", value)


def op(name: str, mode: str) -> Fact:
    return at("app.op", {"op": name, "mode": mode, "level": "package"}, 0, APP)


def killed(minutes: float, kind: str) -> Fact:
    return at("app.killed", {"reason": "OneKeyClean", "adj": 905, "kind": kind}, minutes, APP)


def started(minutes: float) -> Fact:
    return at("app.started", {"why": "service"}, minutes, APP)


def http(status: int, minutes: float = 5) -> Fact:
    return at("app.http", {"status": status}, minutes, APP)


def error(kind: str, minutes: float = 5, text: str = "") -> Fact:
    return at("app.error", {"kind": kind, "text": text}, minutes, APP)


def job(ready: bool, unsatisfied: str) -> Fact:
    return at("app.job", {"name": "sync", "ready": ready, "unsatisfied": unsatisfied}, 0, APP)


def installed(days: float) -> Fact:
    value: Value = {
        "version_name": "4.1",
        "version_code": 41,
        "first_install": iso(900),
        "last_update": iso(days),
        "uid": 10140,
    }
    return at("app.installed", value, 0, APP)


def permission(granted: bool) -> Fact:
    return at("app.permission", {"permission": "BLUETOOTH_CONNECT", "granted": granted}, 0, APP)


def answer(question: str, given: str) -> Fact:
    return at("reported.answer", {"answer": given}, 0, question)


def network(present: bool, validated: bool) -> Fact:
    return at("network.default", {"present": present, "validated": validated, "transport": "wifi"})


def storage(percent: float) -> Fact:
    total = 64_000_000_000
    value: Value = {"free_bytes": int(total * percent / 100), "total_bytes": total, "free_percent": percent}
    return at("phone.storage", value)


def quality(rssi: int, repeated: int) -> Fact:
    value: Value = {"report": "periodic", "rssi": rssi, "retransmissions": repeated, "missed": 0}
    return at("link.quality", value, 5, TRACKER)


def attempts(
    outcome: str, first: float, last: float, side: str = "drain", hop: str = "bluetooth", code: str = ""
) -> Fact:
    """A run of our agent's attempts, from so many minutes before the end to so many."""
    through = outcome in ("synced", "nothing_new")
    value: Value = {
        "side": side,
        "outcome": outcome,
        "says": "",
        "through": through,
        "person": False,
        "count": 5,
        "records": 0,
        "first": (END - timedelta(minutes=first)).isoformat(),
        "hop": hop,
        "way": "any" if through else "link",
        "sign": {"tracker.silent": "silent", "tracker.refused": "wrong", "bluetooth.failed": "failed"}.get(outcome, ""),
        "code": code,
        "waits_s": 3600.0 if through else 900.0,
    }
    return at("agent.attempts", value, last, TRACKER)


def hole(reason: str, start: float, end: float, lost: float | None = None) -> Fact:
    """A hole of the ledger between minutes before the end; ``lost``: minutes before the end at which it was gone."""
    value: Value = {
        "start": (END - timedelta(minutes=start)).isoformat(),
        "end": (END - timedelta(minutes=end)).isoformat(),
        "reason": reason,
        "records": 12,
        "latest": end == 0,
        "lost_at": "" if lost is None else (END - timedelta(minutes=lost)).isoformat(),
    }
    return at("ledger.hole", value, end, TRACKER)


def server_status(state: str) -> Fact:
    return at("server.status", {"state": state, "message": "", "minimum_agent": "0.1.0"})


SYMPTOM = at("reported.symptom", "steps_frozen")

CASES: dict[str, tuple[list[Fact], list[Fact]]] = {
    # tracker
    "tracker_battery_flat": ([battery(3)], [battery(60)]),
    "tracker_fell_silent": (
        [opened(120), advert(91, -60), lost(90, rssi=-60), advert(2, -70, BUDS)],
        [opened(80), advert(59, -92), lost(58, rssi=-92), advert(2, -70, BUDS)],
    ),
    "tracker_link_mute": ([at("att.timeout", {"request": 10, "waited_s": 40.0}, 5, TRACKER)], [traffic()]),
    "tracker_restarts_by_itself": (
        [at("tracker.rebooted", True, minutes, TRACKER) for minutes in (10, 500, 1000)],
        [answer("restarts", "no")],
    ),
    "tracker_log_gaps": ([at("tracker.log_gap", 30.0, 900)], [battery(60, 90), battery(55, 30)]),
    "tracker_unsynced_for_days": ([series(6)], [series(0.1)]),
    "tracker_waited_for_phone": ([radio_day("2026-03-19", advertise=24)], [radio_day("2026-03-19", slow=23, fast=1)]),
    "tracker_link_idle": ([radio_day("2026-03-19", idle=20)], [radio_day("2026-03-19", slow=23, fast=0.4)]),
    "tracker_off_wrist": ([wear("2026-03-19", 1, 23)], [wear("2026-03-19", 20, 4)]),
    "tracker_sensor_rows_absent": (
        [wear("2026-03-18", 20, 4), day("2026-03-17"), day("2026-03-19")],
        [wear("2026-03-18", 20, 4), day("2026-03-17"), day("2026-03-18"), day("2026-03-19")],
    ),
    "firmware_update_pending": ([answer("firmware", "yes")], [answer("firmware", "no")]),
    "tracker_version_refused": ([error("version_refused", text="firmware 1.2 is no longer supported")], [http(200)]),
    "tracker_counts_nothing": ([answer("own_count", "no")], [answer("own_count", "yes")]),
    "said_not_worn": ([answer("worn", "no")], [answer("worn", "yes")]),
    "tracker_recorded_nothing": (
        [hole("not_recorded", 55, 0), attempts("synced", 600, 5)],
        [attempts("synced", 600, 5)],
    ),
    "tracker_fails_inside": (
        [attempts("tracker.refused", 60, 5, code="5.00")],
        [attempts("tracker.refused", 60, 30, code="5.00"), attempts("synced", 20, 5)],
    ),
    "tracker_knows_no_such_request": (
        [attempts("tracker.refused", 60, 5, code="4.04")],
        [attempts("tracker.refused", 60, 30, code="4.04"), attempts("synced", 20, 5)],
    ),
    "tracker_answers_wrongly": (
        [attempts("tracker.refused", 60, 5)],
        [attempts("tracker.refused", 60, 30), attempts("synced", 20, 5)],
    ),
    "records_overwritten": ([hole("lost", 11_000, 10_500, 60)], [at("tracker.overwritten", 0, 5, TRACKER)]),
    "tracker_clock_off": ([at("server.future_rows", 12, 0, "steps")], [series(0.1)]),
    # bluetooth
    "connects_fail_near": ([*[unheard(minutes, rssi=-55) for minutes in (50, 40, 30)]], [unheard(50), opened(40)]),
    "link_dies_young": (
        [lost(50, rssi=-55, held_s=2), lost(40, rssi=-55, held_s=2)],
        [lost(50, rssi=-55, held_s=600)],
    ),
    "adapter_off": ([at("bluetooth.adapter", "ble_on")], [at("bluetooth.adapter", "on")]),
    "airplane_mode_on": ([at("phone.airplane_mode", True)], [at("phone.airplane_mode", False)]),
    "adapter_stuck_turning": ([at("bluetooth.adapter", "turning_on")], [at("bluetooth.adapter", "on")]),
    "bluetooth_crashed": ([at("bluetooth.crashes", 2)], [at("bluetooth.crashes", 0)]),
    "gatt_133_storm": ([gatt(133, 30), gatt(133, 20), gatt(133, 10)], [gatt(133, 30), gatt(0, 25), gatt(133, 10)]),
    "gatt_slots_full": ([at("gatt.slots_exhausted", True, 9, APP)], [gatt(0, 9)]),
    "controller_unanswered": ([at("hci.command_timeout", {"opcode": 0x200D, "waited_s": 2.5}, 9)], [coverage()]),
    "link_lost_silently": ([opened(70), lost(60)], [opened(50)]),
    "others_lost_too": ([lost(60), lost(58, BUDS)], [opened(90, BUDS), lost(60)]),
    "signal_weak": ([lost(60), advert(59, -97), advert(58, -91)], [lost(60), advert(59, -60), advert(58, -61)]),
    "lost_at_good_signal": ([lost(60, rssi=-55)], [lost(60, rssi=-95)]),
    "connect_not_heard": ([unheard(55)], [opened(50)]),
    "channels_shrunk": (
        [at("link.channels", {"channels": 12}, 5, TRACKER)],
        [at("link.channels", {"channels": 37}, 5, TRACKER)],
    ),
    "many_links": ([at("links.parallel", {"le_max": 6})], [at("links.parallel", {"le_max": 2})]),
    "packets_repeated": ([quality(-60, 400)], [quality(-60, 2)]),
    "link_refused": ([at("link.refused", {"transport": "le", "status": 0x0D}, 5, TRACKER)], [opened(50)]),
    "key_refused": (
        [att_refused(60), encrypted(50), encryption_failed()],
        [att_refused(60), encryption_failed(), encrypted(20)],
    ),
    "link_never_encrypted": ([opened(50)], [opened(50), encrypted(49)]),
    "bond_absent": (
        [at("bluetooth.bond_count", 0)],
        [
            at("bluetooth.bond_count", 1),
            at("bluetooth.bond", {"name": "Inspire 3", "transport": "le"}, 0, "xx:xx:xx:xx:de:51"),
        ],
    ),
    "tracker_silent_to_agent": (
        [attempts("synced", 120, 75), attempts("tracker.silent", 60, 5)],
        [attempts("tracker.silent", 60, 30), attempts("synced", 20, 5)],
    ),
    "radio_failed_for_agent": (
        [attempts("bluetooth.failed", 60, 5)],
        [attempts("bluetooth.failed", 60, 30), attempts("synced", 20, 5)],
    ),
    "never_heard": ([coverage(40), summary(2)], [advert(5, -70)]),
    # phone
    "battery_saver_on": ([at("power.battery_saver", True)], [at("power.battery_saver", False)]),
    "stopped_with_battery_saver": (
        [at("power.battery_saver_switched", True, 65)],
        [at("power.battery_saver_switched", True, 600)],
    ),
    "app_not_exempt": ([at("app.doze_exempt", False, 0, APP)], [at("app.doze_exempt", True, 0, APP)]),
    "background_denied": ([op("RUN_ANY_IN_BACKGROUND", "ignore")], [op("RUN_ANY_IN_BACKGROUND", "allow")]),
    "bucket_rare": ([at("app.standby_bucket", 40, 0, APP)], [at("app.standby_bucket", 10, 0, APP)]),
    "app_killed_in_background": ([killed(70, "vendor")], [killed(70, "cached")]),
    "jobs_held_back": ([job(False, "BACKGROUND_NOT_RESTRICTED")], [job(True, "")]),
    "maker_stops_apps": ([build(maker="Xiaomi")], [build(maker="Google")]),
    "permission_denied": ([build(), permission(False)], [build(), permission(True)]),
    "scan_refused": (
        [at("bluetooth.scan_denied", True, 5, APP)],
        [at("ble.scan", {"realtime_s": 60.0, "times": 3}, 5, APP)],
    ),
    "location_off": ([build(sdk=29), at("phone.location", False)], [build(sdk=29), at("phone.location", True)]),
    "background_data_blocked": ([at("network.data_saver", True)], [at("network.data_saver", False)]),
    "storage_low": ([storage(1)], [storage(40)]),
    "app_could_not_write": ([error("storage_full")], [http(200)]),
    "app_force_stopped": ([at("app.stopped", True, 0, APP)], [at("app.stopped", False, 0, APP)]),
    "app_crashed": ([at("app.crashed", {"exception": "NullPointer"}, 30, APP)], [started(30)]),
    "app_never_restarted": ([killed(90, "cached")], [killed(90, "cached"), started(80)]),
    "app_database_damaged": ([error("database")], [http(200)]),
    "app_version_refused": ([http(426)], [http(200)]),
    "app_update_old": ([installed(500)], [installed(20)]),
    "os_updated_before_stop": (
        [at("phone.system_updated", iso(1))],
        [at("phone.system_updated", iso(60))],
    ),
    "phone_offline": ([network(False, False)], [network(True, True)]),
    "app_network_errors": ([error("dns", 9), error("tls", 8)], [http(200)]),
    "agent_stopped": ([attempts("synced", 600, 300)], [attempts("synced", 600, 40)]),
    "uploads_wait": (
        [radio_day("2026-03-19", fast=0.4, slow=23), day("2026-03-18")],
        [radio_day("2026-03-19", fast=0.4, slow=23), day("2026-03-19")],
    ),
    "clock_set_back": ([http(200, -60)], [http(200, 5)]),
    "clock_by_hand": ([at("phone.automatic_time", False)], [at("phone.automatic_time", True)]),
    # server
    "service_unreadable": ([error("unreadable")], [http(200)]),
    "service_errors": ([http(503, 9), http(503, 8)], [http(503, 9), http(200, 8)]),
    "login_refused": ([http(401, 9), http(401, 8)], [http(401, 9), http(401, 8), http(200, 7)]),
    "account_refused": ([http(403)], [http(200)]),
    "tracker_not_in_account": ([device("Versa 4", "d0:00:00:00:00:01")], [device("Inspire 3", TRACKER)]),
    "arrived_but_not_shown": ([SYMPTOM, series(0.01)], [SYMPTOM, series(0.5)]),
    # only a person can say
    "strong_sender_near": ([answer("sender_near", "yes")], [answer("sender_near", "no")]),
    "app_in_other_account": ([answer("account_shown", "other")], [answer("account_shown", "same")]),
    "better_when_close": ([answer("close_helps", "yes")], [answer("close_helps", "no")]),
    "toggling_helped_before": ([answer("toggle_helped", "yes")], [answer("toggle_helped", "no")]),
    "other_phone_near": ([answer("other_phone", "yes")], [answer("other_phone", "no")]),
    "syncs_only_when_open": ([answer("sync_by_hand", "works")], [answer("sync_by_hand", "error")]),
    "sync_finds_no_tracker": ([answer("sync_by_hand", "not_found")], [answer("sync_by_hand", "works")]),
    "sync_breaks_off": ([answer("sync_by_hand", "breaks_off")], [answer("sync_by_hand", "works")]),
    "sync_shows_error": ([answer("sync_by_hand", "error")], [answer("sync_by_hand", "works")]),
    "sync_shows_nothing_new": ([answer("arrived", "yes")], [answer("arrived", "no")]),
    "tracker_elsewhere": ([answer("where", "apart")], [answer("where", "together")]),
    "nothing_else_connects": ([answer("others_connect", "no")], [answer("others_connect", "yes")]),
    "pairing_message": ([answer("pairing_message", "yes")], [answer("pairing_message", "no")]),
    "service_reports_incident": ([answer("status_page", "incident")], [answer("status_page", "green")]),
    "others_late_too": ([answer("others", "yes")], [answer("others", "no")]),
    "login_changed": ([answer("password_changed", "yes")], [answer("password_changed", "no")]),
}


def find(finding_id: str, facts: list[Fact], tracker: bool = True) -> Finding:
    """Run the rules over facts about the usual tracker that stopped an hour before the end."""
    known = Tracker(TRACKER, "Inspire 3", "fitbit") if tracker else None
    choice = Choice(known, frozenset({TRACKER}) if tracker else frozenset())
    traces = {"synthetic": (END - timedelta(hours=5), END)}
    case = replace(open_case(FactSet(tuple(facts)), choice, frozenset({APP}), END, traces), stopped_at=STOP)
    return next(found for found in findings(case, load()) if found.id == finding_id)
