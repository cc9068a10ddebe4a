"""The Takeout reader on synthetic exports."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evidence.takeout import exports
from tests.evidence.takeout.exports import EVENTS_FOLDER, as_json, chunked, minute_json, series_csv
from unstuck.evidence.takeout.reader import TakeoutReader
from unstuck.model.evidence import Fact, FactSet, ReaderOptions, Reading
from unstuck.model.vocabulary import violations

NOON = datetime(2026, 4, 13, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def read(files: Mapping[str, bytes], root: str = "takeout.zip") -> Reading:
    reader = TakeoutReader(ReaderOptions())
    for path, data in files.items():
        reader.add(path, chunked(data))
    reading = reader.reading(root)
    wrong = [violation for fact in reading.facts for violation in violations(fact)]
    assert wrong == []
    return reading


def facts(reading: Reading, name: str, subject: str | None = None) -> list[Fact]:
    return FactSet(reading.facts).all(name, subject=subject)


def one(reading: Reading, name: str, subject: str | None = None) -> Fact:
    found = facts(reading, name, subject)
    assert len(found) == 1, found
    return found[0]


def test_radio_hours_per_day_are_those_of_the_real_export() -> None:
    reading = read({f"{EVENTS_FOLDER}/PwrStatsEvents.json": as_json(exports.radio_week(exports.REAL_WEEK))})
    shown = {
        fact.text("date"): tuple(
            fact.number(column) for column in ("advertise_h", "fast_h", "slow_gg_h", "idle_gg_h", "slow_none_h")
        )
        for fact in facts(reading, "tracker.radio_day")
    }
    assert shown.keys() == exports.REAL_WEEK.keys()
    for day, hours in exports.REAL_WEEK.items():
        assert shown[day] == pytest.approx(hours, abs=0.001)
    assert all(fact.number("reports") == 4 for fact in facts(reading, "tracker.radio_day"))


def test_a_radio_day_is_cited_by_its_last_row() -> None:
    path = f"{EVENTS_FOLDER}/PwrStatsEvents.json"
    reading = read({path: as_json(exports.radio_week({"2026-03-30": exports.REAL_WEEK["2026-03-30"]}))})
    fact = one(reading, "tracker.radio_day")
    assert (fact.source, fact.locator) == (path, "$[3].event.ble")
    assert "ADVERTISE_MODE" in fact.excerpt


def test_a_report_across_midnight_is_shared_between_the_days() -> None:
    end = datetime(2026, 4, 12, 2, tzinfo=UTC)
    reading = read({"PwrStatsEvents.json": as_json([exports.radio_row(end, "ADVERTISE_MODE", "NONE", 6.0)])})
    hours = {fact.text("date"): fact.number("advertise_h") for fact in facts(reading, "tracker.radio_day")}
    assert hours == {"2026-04-11": pytest.approx(4.0), "2026-04-12": pytest.approx(2.0)}


def test_a_report_after_a_restart_covers_only_the_time_since_the_one_before() -> None:
    before = datetime(2026, 4, 12, 0, 30, tzinfo=UTC)
    rows = [
        exports.radio_row(before, "ADVERTISE_MODE", "NONE", 6.0),
        exports.radio_row(before + HOUR, "FAST_MODE", "GG", 0.5),
    ]
    hours = {fact.text("date"): fact for fact in facts(read({"p.json": as_json(rows)}), "tracker.radio_day")}
    assert hours["2026-04-12"].number("fast_h") == pytest.approx(0.5)
    assert hours["2026-04-11"].number("fast_h") == 0.0


@given(
    st.lists(
        st.tuples(st.integers(0, 60 * 24 * 20), st.sampled_from(exports.MODES), st.floats(0, 8)),
        min_size=1,
        max_size=40,
    )
)
def test_no_radio_hour_is_lost_or_made_by_sharing_out(rows: list[tuple[int, tuple[str, str], float]]) -> None:
    events = [exports.radio_row(NOON + minute * MINUTE, *mode, hours) for minute, mode, hours in rows]
    reading = read({"p.json": as_json(events)})
    columns = ("advertise_h", "fast_h", "slow_gg_h", "idle_gg_h", "slow_none_h")
    stated = sum(fact.number(column) or 0.0 for fact in facts(reading, "tracker.radio_day") for column in columns)
    assert stated == pytest.approx(sum(hours for _, _, hours in rows), abs=0.2)


def test_parts_named_in_snake_case_are_read_too() -> None:
    rows = [
        {
            "event": {
                "no_of_events": 3,
                "duration_ms": "7200000",
                "app_name": "x",
                "ble": {"feature": "GG", "type": "IDLE_MODE"},
            },
            "timestamp": "2026-04-10T12:00:00Z",
        }
    ]
    assert one(read({"p.json": as_json(rows)}), "tracker.radio_day").number("idle_gg_h") == pytest.approx(2.0)


def test_wrist_and_charger_hours_are_stated_per_day() -> None:
    end = datetime(2026, 4, 12, 18, tzinfo=UTC)
    rows = [
        {"event": {"durationMs": 5 * 3_600_000, "hrm": {"type": "ON_WRIST"}}, "timestamp": exports.stamp(end)},
        {"event": {"durationMs": 3_600_000, "hrm": {"type": "OFF_WRIST"}}, "timestamp": exports.stamp(end)},
        {"event": {"durationMs": 1_800_000, "charger": {"type": "ON_CHARGER"}}, "timestamp": exports.stamp(end)},
        {"event": {"durationMs": 19_800_000, "charger": "OFF_CHARGER"}, "timestamp": exports.stamp(end)},
    ]
    reading = read({"p.json": as_json(rows)})
    worn, charged = one(reading, "tracker.wear_day"), one(reading, "tracker.charger_day")
    assert (worn.number("on_h"), worn.number("off_h")) == (5.0, 1.0)
    assert (charged.number("on_h"), charged.number("off_h")) == (0.5, 5.5)


def test_battery_rows_are_stated_in_full_for_the_last_days_and_thinned_before() -> None:
    start = NOON - 20 * DAY
    rows = [exports.battery_row(start + hour * HOUR, 100 - hour % 90) for hour in range(20 * 24)]
    found = facts(read({"StateOfChargeEvents.json": as_json(rows)}), "tracker.battery")
    recent = [fact for fact in found if fact.time is not None and fact.time >= NOON - HOUR - 3 * DAY]
    assert len(recent) == 3 * 24 + 1
    assert len(found) - len(recent) <= 3 * 18
    assert found[-1].number("percent") == 100 - (20 * 24 - 1) % 90
    assert found[-1].number("voltage_mv") == 3700 + 5 * (100 - (20 * 24 - 1) % 90)
    assert found[-1].flag("charging") is False


def test_a_missing_stretch_of_hourly_rows_is_a_gap_of_the_log() -> None:
    rows = [exports.battery_row(NOON + hour * HOUR, 80) for hour in range(100) if not 40 <= hour < 52]
    gap = one(read({"StateOfChargeEvents.json": as_json(rows)}), "tracker.log_gap")
    assert gap.scalar() == 13.0
    assert gap.time == NOON + 39 * HOUR
    assert gap.locator == "$[39].event"


def test_a_missing_radio_report_is_a_gap_where_there_are_no_battery_rows() -> None:
    week = {day: hours for day, hours in exports.REAL_WEEK.items() if day >= "2026-04-10"}
    rows = exports.radio_week(week)
    assert facts(read({"p.json": as_json(rows)}), "tracker.log_gap") == []
    without = [row for row in rows if row["timestamp"] != "2026-04-11T12:00:00.000Z"]
    assert one(read({"p.json": as_json(without)}), "tracker.log_gap").scalar() == 12.0


def test_one_late_hourly_row_is_no_gap() -> None:
    rows = [exports.battery_row(NOON + hour * HOUR, 80) for hour in range(100) if hour != 40]
    assert facts(read({"StateOfChargeEvents.json": as_json(rows)}), "tracker.log_gap") == []


def test_putting_on_the_charger_is_stated() -> None:
    rows = [exports.charger_row(NOON, True), exports.charger_row(NOON + HOUR, False)]
    found = facts(read({"ChargerEvents.json": as_json(rows)}), "tracker.charger")
    assert [(fact.scalar(), fact.time) for fact in found] == [(True, NOON), (False, NOON + HOUR)]


def test_the_phone_as_a_pseudo_tracker_is_left_out() -> None:
    trackers = (
        b"tracker_id,date_added,last_sync_date_time,batt_level,tracker_name,device_type,is_bonded\n"
        b"1,2026-01-01T00:00:00Z,2026-04-13T10:00:00Z,High,MobileTrack,MobileTrack,false\n"
        b"2,2026-01-01T00:00:00Z,2026-04-11T08:15:00Z,55,Inspire 3,Inspire 3,true\n"
    )
    devices = (
        b"wire_id,device_type,serial_number,enabled,fw_version\n"
        b'E6C0EC8EDE51,Inspire 3,X1,true,"APP63.20001.220.31 BSL63.0.0 PERIPH|BT_RADIO|1.5378.0|0"\n'
    )
    options = (
        b"tracker_id,last_reboot_time,last_successful_wifi_connection_time\n"
        b"1,2026-04-01T00:00:00Z,\n2,2026-04-02T03:04:05Z,\n"
    )
    base = "Takeout/Google Health/Paired Devices"
    reading = read(
        {
            f"{base}/Trackers.csv": trackers,
            f"{base}/Devices.csv": devices,
            f"{base}/Tracker Optional Configuration.csv": options,
        }
    )
    device = one(reading, "tracker.device", "e6:c0:ec:8e:de:51")
    assert device.text("name") == "Inspire 3"
    assert device.text("firmware").startswith("APP63.20001.220.31 ")
    assert device.flag("bonded") is True
    synced = one(reading, "tracker.last_sync")
    assert (synced.scalar(), synced.subject, synced.locator) == ("2026-04-11T08:15:00Z", device.subject, "line 3")
    assert one(reading, "tracker.battery").number("percent") == 55.0
    restarted = one(reading, "tracker.rebooted")
    assert (restarted.time, restarted.subject) == (datetime(2026, 4, 2, 3, 4, 5, tzinfo=UTC), device.subject)


def test_times_without_a_zone_are_said_to_be() -> None:
    trackers = b"tracker_id,last_sync_date_time,tracker_name\n2,2026-04-11 08:15:00,Inspire 3\n"
    reading = read({"Trackers.csv": trackers})
    assert any("without saying their zone" in problem for problem in reading.source.problems)


def test_explicit_zeros_are_counted_apart_from_missing_minutes() -> None:
    rows = [(NOON + minute * MINUTE, minute % 3) for minute in range(30)]
    reading = read({"Takeout/Fitbit/Global Export Data/steps-2026-04-13.json": minute_json(rows)})
    series = one(reading, "server.series", "steps")
    assert (series.number("rows"), series.number("zeros")) == (30, 10)
    assert series.text("newest") == "2026-04-13T12:29:00Z"
    day = one(reading, "server.day", "steps")
    assert (day.number("minutes"), day.number("zeros"), day.number("total")) == (30, 10, 30.0)
    assert day.locator == "$[29]"


def test_json_and_csv_of_the_same_minutes_are_not_added_up() -> None:
    rows = [(NOON + minute * MINUTE, minute % 3) for minute in range(30)]
    csv_rows = [(time, value, "Inspire 3") for time, value in rows if value]
    reading = read(
        {
            "Global Export Data/steps-2026-04-13.json": minute_json(rows),
            "Physical Activity_GoogleData/Steps/steps_2026-04-01.csv": series_csv("steps", csv_rows),
        }
    )
    series, day = one(reading, "server.series", "steps"), one(reading, "server.day", "steps")
    assert (series.number("rows"), series.number("zeros"), series.text("origin")) == (30, 10, "Inspire 3")
    assert day.number("total") == 30.0


def test_other_sources_of_the_same_steps_are_named_and_not_added() -> None:
    rows = [
        *((NOON + minute * MINUTE, 10, "Google Fitbit Air") for minute in range(5)),
        *((NOON + minute * MINUTE, 12, "Phone Health Kit") for minute in range(8)),
        *((NOON + minute * MINUTE, 12, "MobileTrack") for minute in range(6)),
    ]
    reading = read({"steps_2026-04-01.csv": series_csv("steps", rows)})
    assert one(reading, "server.day", "steps").number("total") == 50.0
    assert one(reading, "server.series", "steps").text("newest") == "2026-04-13T12:04:00Z"
    assert {fact.scalar() for fact in facts(reading, "server.other_source")} == {"Phone Health Kit", "MobileTrack"}


def test_a_name_nobody_knows_counts_only_without_a_known_tracker() -> None:
    alone = read({"steps_2026-04-01.csv": series_csv("steps", [(NOON, 10, "Wristly")])})
    assert one(alone, "server.series").text("origin") == "Wristly"
    beside = read({"steps_2026-04-01.csv": series_csv("steps", [(NOON, 10, "Wristly"), (NOON, 9, "Inspire 3")])})
    assert one(beside, "server.series").text("origin") == "Inspire 3"


def test_a_name_the_person_gives_is_a_tracker() -> None:
    reader = TakeoutReader(ReaderOptions(tracker="Wristly"))
    reader.add("steps_2026-04-01.csv", chunked(series_csv("steps", [(NOON, 10, "Wristly"), (NOON, 8, "Phone")])))
    assert one(reader.reading("x"), "server.series").text("origin") == "Wristly"


def test_csv_of_before_the_source_column_is_read() -> None:
    data = b"timestamp,beats per minute\n2024-10-27T00:00:04Z,65.0\n2024-10-27T00:00:09Z,62.0\n"
    reading = read({"Takeout/Fitbit/Physical Activity_GoogleData/heart_rate_2024-10-27.csv": data})
    assert one(reading, "server.series", "heart_rate").number("rows") == 1
    assert one(reading, "server.day", "heart_rate").scalar("total") is None


def test_steps_in_local_time_are_found_out_and_moved() -> None:
    walked = [NOON + (minute * 7 + minute * minute % 11) * MINUTE for minute in range(300)]
    local = [(time + 2 * HOUR, 20) for time in walked]
    files = {
        "Global Export Data/steps-2026-04-13.json": minute_json(local),
        "Physical Activity_GoogleData/steps_2026-04-13.csv": series_csv(
            "steps", [(time, 20, "Inspire 3") for time in walked]
        ),
    }
    reading = read(files)
    assert one(reading, "server.series").text("newest") == max(walked).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert any("2 h 0 min ahead of" in problem for problem in reading.source.problems)


def test_steps_in_utc_are_left_where_they_are() -> None:
    walked = [NOON + (minute * 7 + minute * minute % 11) * MINUTE for minute in range(300)]
    files = {
        "Global Export Data/steps-2026-04-13.json": minute_json([(time, 20) for time in walked]),
        "Physical Activity_GoogleData/steps_2026-04-13.csv": series_csv(
            "steps", [(time, 20, "Inspire 3") for time in walked]
        ),
    }
    assert read(files).source.problems == ()


def test_calories_in_local_time_give_way_to_the_csv_and_are_doubted_without_it() -> None:
    local = {"Global Export Data/calories-2026-04-13.json": minute_json([(NOON + 2 * HOUR, 1.2)])}
    assert any("local times" in problem for problem in read(local).source.problems)
    both = local | {
        "Physical Activity_GoogleData/calories_2026-04-13.csv": series_csv("calories", [(NOON, 1.2, "Inspire 3")])
    }
    reading = read(both)
    assert reading.source.problems == ()
    assert one(reading, "server.series", "calories").text("newest") == "2026-04-13T12:00:00Z"


def test_days_written_ahead_are_not_the_newest_data() -> None:
    rows: list[tuple[datetime, object]] = [(NOON + minute * MINUTE, 5) for minute in range(10)]
    rows += [(NOON + 10 * MINUTE + hour * HOUR, 0) for hour in range(24 * 10)]
    reading = read({"steps-2026-04-01.json": minute_json(rows)})
    series = one(reading, "server.series", "steps")
    assert series.text("newest") == "2026-04-13T12:09:00Z"
    assert one(reading, "server.future_rows", "steps").scalar() == 240


def test_rows_after_the_time_in_the_name_of_the_export_are_in_the_future() -> None:
    rows = [(NOON + hour * HOUR, 5) for hour in range(10)]
    path = "takeout-20260413T150000Z-1-001.zip!Takeout/Google Health/Global Export Data/steps-2026-04-01.json"
    reading = read({path: minute_json(rows)})
    assert one(reading, "server.series").text("newest") == "2026-04-13T16:00:00Z"
    assert one(reading, "server.future_rows").scalar() == 5


def test_true_zeros_at_the_end_are_kept() -> None:
    rows = [(NOON + minute * MINUTE, 5 if minute < 10 else 0) for minute in range(600)]
    reading = read({"steps-2026-04-01.json": minute_json(rows)})
    assert one(reading, "server.series").text("newest") == "2026-04-13T21:59:00Z"
    assert facts(reading, "server.future_rows") == []


def test_rows_without_a_date_or_value_are_passed_over() -> None:
    data = b"""[{"dateTime" : "04/13/26 12:00:00", "value" : "7"},
      {"dateTime": null, "value": "0"},
      {"dateTime": "04/13/26 12:01:00", "value": {"date": null, "value": 0.0}},
      {"dateTime": "99/99/26 12:01:00", "value": "1"}]"""
    reading = read({"steps-2026-04-13.json": data})
    assert (reading.source.records, reading.source.skipped) == (1, 3)


def test_resting_heart_rates_are_no_minutes() -> None:
    data = b'[{"dateTime" : "04/13/26 00:00:00", "value" : {"date": null, "value": 0.0, "error": 0.0}}]'
    assert not read({"resting_heart_rate-2026-04-13.json": data}).source.readable
    daily = series_csv("beats per minute", [(NOON, 51, "Inspire 3")])
    assert not read({"daily_resting_heart_rate.csv": daily}).source.readable


def test_heart_rate_is_known_by_its_values() -> None:
    rows: list[tuple[datetime, object]] = [
        (NOON + second * timedelta(seconds=5), {"bpm": 60, "confidence": 2}) for second in range(60)
    ]
    reading = read({"herzfrequenz.json": minute_json(rows)})
    assert one(reading, "server.series", "heart_rate").number("rows") == 5


def test_a_file_cut_off_in_the_middle_is_used_up_to_there() -> None:
    data = minute_json([(NOON + minute * MINUTE, 5) for minute in range(100)])
    reading = read({"steps-2026-04-13.json": data[: len(data) // 2]})
    assert 45 <= (one(reading, "server.series").number("rows") or 0) <= 50
    assert any("stops in the middle" in problem for problem in reading.source.problems)


def test_nothing_readable_is_said() -> None:
    reading = read({"a.json": b"[]", "b.txt": b"hello"})
    assert not reading.source.readable
    assert "2 files" in reading.source.problems[0]


def test_only_the_last_weeks_are_stated_day_by_day() -> None:
    rows = [(NOON - day * DAY, 5) for day in range(400)]
    reading = read({"steps-2026-04-13.json": minute_json(rows)})
    assert len(facts(reading, "server.day")) == 60
    assert one(reading, "server.series").number("rows") == 400


@settings(max_examples=60)
@given(
    st.binary(max_size=300), st.integers(0, 300), st.sampled_from(["p.json", "steps-1.json", "s.csv", "Trackers.csv"])
)
def test_damage_anywhere_never_raises(noise: bytes, place: int, name: str) -> None:
    whole = {
        "p.json": as_json(exports.radio_week({"2026-03-30": (24.0, 0, 0, 0, 0)})),
        "steps-1.json": minute_json([(NOON, 5), (NOON + MINUTE, 0)]),
        "s.csv": series_csv("steps", [(NOON, 5, "Inspire 3")]),
        "Trackers.csv": b"tracker_id,last_sync_date_time,tracker_name\n2,2026-04-11 08:15:00,Inspire 3\n",
    }[name]
    read({name: whole[:place] + noise + whole[place:]})
