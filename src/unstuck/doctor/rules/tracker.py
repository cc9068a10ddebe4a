"""Rules about the tracker: its battery, its answers, its own log and its clock."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from unstuck.doctor.agent import DRAIN, WRONG, at_work, fresh_loss, side
from unstuck.doctor.case import Case, as_time
from unstuck.doctor.rules.outcome import UNKNOWN, Outcome, Rule, either, lasting, no, times, yes
from unstuck.model.evidence import Fact
from unstuck.model.worded import Number, worded

FLAT_PERCENT = 5.0
"""At or below this a tracker saves its radio or is about to switch off."""

CHARGED_PERCENT = 15.0
"""At or above this the battery is not the reason."""

SILENT_FOR = timedelta(minutes=30)
"""Silence this long while others are heard: two expected sync rhythms."""

RECENT_SIGNAL = timedelta(minutes=5)
"""A reading older than this when the tracker was last heard says nothing of where it was then: people walk."""

GOOD_DBM = -75
"""Last signal at or above this did not fade away (dBm); 10 dB above the edge, the fading one body causes."""

RESTARTS_A_WEEK = 3
"""Restarts in a week that nobody makes by hand."""

LOG_GAP_HOURS = 1.0
"""The log's rows come hourly or six-hourly; less than an hour too much is jitter."""

UNSYNCED_DAYS = 5.0
"""Studies are told to sync at least every 5 days, or detail is lost (Fitabase); some models keep no more than 5."""

ALL_DAY_HOURS = 20.0
"""Hours of advertising or off the wrist that make a day; the real idle days had 19.6 to 24."""

IDLE_HOURS = 12.0
"""Hours with the link up and the app silent; healthy days of the real export had 3 or fewer."""

CLOCK_OFF_S = 120.0
"""From here on (seconds) records land in other minutes; a good clock drifts by two seconds a day (20 ppm)."""

WORN_HOURS = 8.0
"""Hours on the wrist that must leave sensor rows."""


def tracker_battery_flat(case: Case) -> Outcome:
    """The newest state of charge."""
    fact = case.latest("tracker.battery")
    percent = fact.number("percent") if fact is not None else None
    if fact is None or percent is None or not case.recent([fact]):
        return UNKNOWN
    alive = [
        seen
        for seen in case.of_tracker("link.opened", "advert.seen")
        if fact.time and seen.time and seen.time > fact.time
    ]
    if alive:
        return (
            no("the tracker was on the air after its last low reading", alive[-1:])
            if percent < CHARGED_PERCENT
            else no(worded("the tracker's battery was at {percent} %", percent=Number(percent)), [fact])
        )
    answering = side(case, DRAIN).through
    if answering is not None and percent < CHARGED_PERCENT:
        return no(
            worded("the tracker still answered with its battery at {percent} %", percent=Number(percent)),
            [answering, fact],
        )
    if percent <= FLAT_PERCENT and fact.flag("charging") is not True:
        return yes(worded("the tracker's last charge reading was {percent} %", percent=Number(percent)), [fact])
    if percent >= CHARGED_PERCENT:
        return no(worded("the tracker's battery was at {percent} %", percent=Number(percent)), [fact])
    return UNKNOWN


def tracker_fell_silent(case: Case) -> Outcome:
    """Heard well, then nothing for half an hour while other devices were heard."""
    heard = case.of_tracker("advert.seen", "rssi.read", "link.opened", "link.encrypted")
    ends = case.of_tracker("link.lost", "link.ended", "link.not_established")
    dated = [fact for fact in (*heard, *ends) if fact.time is not None]
    if not dated or case.linked:
        return no("the tracker's link was up at the end", heard[-1:]) if heard and dated else UNKNOWN
    last = max(fact.time for fact in dated if fact.time is not None)
    others_after = [
        fact
        for fact in case.facts.all("advert.seen", "advert.summary", "rssi.read", "link.opened")
        if fact.subject not in case.subjects and (_end_of(case, fact) or last) - last >= SILENT_FOR
    ]
    if not others_after:
        return UNKNOWN
    signals = [
        fact
        for fact in heard
        if fact.number("rssi") is not None and fact.time is not None and last - fact.time <= RECENT_SIGNAL
    ]
    level = signals[-1].number("rssi") if signals else None
    if level is None:
        return UNKNOWN
    if level >= GOOD_DBM:
        return yes(
            worded("last heard at {level} dBm, then silent while others were heard", level=Number(level)),
            [signals[-1], *others_after],
        )
    return no(worded("its signal had faded to {level} dBm before the silence", level=Number(level)), [signals[-1]])


def _end_of(case: Case, fact: Fact) -> datetime | None:
    last = as_time(fact.text("last")) or fact.time
    return None if last is None else min(last, case.judged_at)


def tracker_link_mute(case: Case) -> Outcome:
    """Requests on an open link that were never answered."""
    waiting = case.recent(case.of_tracker("att.timeout", "gattlink.unanswered"))
    answered_after = [
        fact
        for fact in case.of_tracker("link.traffic")
        if waiting and (fact.number("received_packets") or 0) > 0 and _begins_after(fact, waiting[-1])
    ]
    if waiting and not answered_after:
        return yes(
            worded("{requests} never answered on an open link", requests=times(len(waiting), "request")), waiting
        )
    answered = [fact for fact in case.of_tracker("link.traffic") if (fact.number("received_packets") or 0) > 0]
    return no("the tracker answered while linked", answered[-1:]) if answered else UNKNOWN


def _begins_after(traffic: Fact, other: Fact) -> bool:
    first = as_time(traffic.text("first"))
    return first is not None and other.time is not None and first > other.time


def tracker_restarts_by_itself(case: Case) -> Outcome:
    """Restarts in its own log within any week."""
    restarts = [fact for fact in case.facts.all("tracker.rebooted") if fact.time is not None]
    for start in restarts:
        week = [
            f for f in restarts if f.time and start.time and timedelta() <= f.time - start.time <= timedelta(days=7)
        ]
        if len(week) >= RESTARTS_A_WEEK:
            return yes(worded("{count} restarts within a week", count=len(week)), week)
    return UNKNOWN


def tracker_log_gaps(case: Case) -> Outcome:
    """Missing rows of a regular log."""
    gaps = [fact for fact in case.facts.all("tracker.log_gap") if (fact.number() or 0) >= LOG_GAP_HOURS]
    if gaps:
        return yes(
            worded(
                "{number} hours of its own log are missing", number=Number(sum(fact.number() or 0 for fact in gaps))
            ),
            gaps,
        )
    rows = case.facts.all("tracker.battery")
    return no("its own log has no gap", [rows[0], rows[-1]]) if len(rows) > 1 else UNKNOWN


def tracker_unsynced_for_days(case: Case) -> Outcome:
    """Age of the newest minute or last sync against the tracker's own newest log row."""
    newest = _newest_drained(case)
    if newest is None:
        return UNKNOWN
    fact, when = newest
    age = case.judged_at - when
    days = age / timedelta(days=1)
    return either(
        days >= UNSYNCED_DAYS,
        worded("nothing was drained for {lasting}", lasting=lasting(age)),
        worded("the last sync was {lasting} before the end", lasting=lasting(age)),
        [fact],
    )


def _newest_drained(case: Case) -> tuple[Fact, datetime] | None:
    found: list[tuple[Fact, datetime]] = []
    for fact in (*case.facts.all("tracker.last_sync"), *case.facts.all("server.series")):
        when = as_time(fact.text() or fact.text("newest"))
        if when is not None and when <= case.judged_at:
            found.append((fact, when))
    return max(found, key=lambda pair: pair[1], default=None)


def _last_day(case: Case, name: str) -> Fact | None:
    days = [fact for fact in case.facts.all(name) if fact.text("date")]
    return max(days, key=lambda fact: fact.text("date"), default=None)


def _last_full_radio_day(case: Case) -> Fact | None:
    """The newest day with enough reports to speak: a day that has just begun is left out."""
    days = sorted(case.facts.all("tracker.radio_day"), key=lambda fact: fact.text("date"))
    full = [fact for fact in days if sum(_hours(fact).values()) >= ALL_DAY_HOURS]
    return full[-1] if full else None


def _hours(fact: Fact) -> dict[str, float]:
    return {key: fact.number(key) or 0.0 for key in ("advertise_h", "fast_h", "slow_gg_h", "idle_gg_h", "slow_none_h")}


def tracker_waited_for_phone(case: Case) -> Outcome:
    """Advertising all day long."""
    day = _last_full_radio_day(case)
    if day is None or at_work(case):
        return UNKNOWN
    hours = _hours(day)["advertise_h"]
    return either(
        hours >= ALL_DAY_HOURS,
        worded(
            "on {date} it called for a phone {hours} h and none came", date=day.text("date"), hours=Number(hours, 1)
        ),
        worded(
            "on {date} a phone was connected (it called for one only {hours} h)",
            date=day.text("date"),
            hours=Number(hours, 1),
        ),
        [day],
    )


def tracker_link_idle(case: Case) -> Outcome:
    """Link up, app silent."""
    day = _last_full_radio_day(case)
    if day is None or at_work(case):
        return UNKNOWN
    hours = _hours(day)
    idle = hours["idle_gg_h"]
    if idle < IDLE_HOURS and hours["slow_gg_h"] < 1:
        idle = min(hours["slow_none_h"], 24.0)  # counted apart from the rest, so a day can hold more than its hours
    return either(
        idle >= IDLE_HOURS and hours["fast_h"] < 0.05,
        worded(
            "on {date} a phone was connected but its app was silent for {idle} h",
            date=day.text("date"),
            idle=Number(idle, 1),
        ),
        worded(
            "on {date} the app used the link, {value} min of it at speed",
            date=day.text("date"),
            value=Number(hours["fast_h"] * 60),
        ),
        [day],
    )


def tracker_off_wrist(case: Case) -> Outcome:
    """Hours off the wrist or on the charger."""
    quiet = [
        fact for fact in case.of_tracker("ledger.hole") if fact.flag("latest") and fact.text("reason") == "not_worn"
    ]
    begun = as_time(quiet[-1].text("start")) if quiet else None
    if begun is not None and case.judged_at - begun >= timedelta(hours=ALL_DAY_HOURS):
        return yes(
            worded("it has been off the wrist for {lasting}", lasting=lasting(case.judged_at - begun)), quiet[-1:]
        )
    newest = [
        fact
        for fact in case.of_tracker("ledger.watermark")
        if fact.text("hop") == "server" and (at := as_time(fact.text("newest"))) and case.judged_at - at < SILENT_FOR
    ]
    if newest and begun is None:
        return no("its newest minutes at the server are not from off the wrist", newest[-1:])
    wear = _last_day(case, "tracker.wear_day")
    charger = _last_day(case, "tracker.charger_day")
    if wear is not None and (wear.number("on_h") or 0) + (wear.number("off_h") or 0) > 0:
        on, off = wear.number("on_h") or 0, wear.number("off_h") or 0
        if off >= ALL_DAY_HOURS:
            return yes(
                worded("on {date} it was off the wrist for {off} h", date=wear.text("date"), off=Number(off, 1)), [wear]
            )
        if on >= WORN_HOURS:
            return no(worded("on {date} it was worn for {on} h", date=wear.text("date"), on=Number(on, 1)), [wear])
    if charger is not None and (charger.number("on_h") or 0) >= ALL_DAY_HOURS:
        return yes(
            worded(
                "on {date} it lay on its charger for {on_h} h",
                date=charger.text("date"),
                on_h=Number(charger.number("on_h") or 0.0, 1),
            ),
            [charger],
        )
    return UNKNOWN


def tracker_recorded_nothing(case: Case) -> Outcome:
    """A hole of the ledger that is open to now, while the tracker answers: it was there, and wrote nothing."""
    answers = side(case, DRAIN).through
    holes = [fact for fact in case.of_tracker("ledger.hole") if fact.flag("latest")]
    begun = as_time(holes[-1].text("start")) if holes else None
    if answers is None:
        return UNKNOWN
    if begun is not None and holes[-1].text("reason") in ("not_recorded", "not_worn"):
        if case.judged_at - begun < SILENT_FOR:
            return UNKNOWN
        long = lasting(case.judged_at - begun)
        return yes(worded("it answers, and has recorded nothing for {long}", long=long), [holes[-1], answers])
    return no("its records are as new as its answers", [answers]) if not holes else UNKNOWN


def tracker_sensor_rows_absent(case: Case) -> Outcome:
    """Worn by its own log, yet a day without a single row, with later days present."""
    worn = {
        fact.text("date"): fact
        for fact in case.facts.all("tracker.wear_day")
        if (fact.number("on_h") or 0) >= WORN_HOURS
    }
    days = [fact for fact in case.facts.all("server.day") if fact.subject in ("steps", "heart_rate")]
    if not worn or not days:
        return UNKNOWN
    have = {fact.text("date") for fact in days if (fact.number("minutes") or 0) > 0}
    within = [date for date in worn if have and min(have) < date < max(have)]
    absent = [worn[date] for date in within if date not in have]
    if absent:
        return yes(worded("worn, but without a row on {days}", days=times(len(absent), "day")), absent)
    return no("every day it was worn has sensor rows", days[-1:]) if within else UNKNOWN


def tracker_version_refused(case: Case) -> Outcome:
    """A refusal that names the tracker's version."""
    refused = [
        fact
        for fact in case.recent(case.of_app("app.error"))
        if fact.text("kind") == "version_refused" and "firmware" in fact.text("text").lower()
    ]
    good = [fact for fact in case.of_app("app.http") if 200 <= (fact.number("status") or 0) < 300]
    if refused:
        return yes("the service refused the tracker's version", refused)
    return no("the service accepted an upload", good[-1:]) if good else UNKNOWN


def _person_only(_: Case) -> Outcome:
    """Only the person can say: what the app offers, what the tracker's own screen does, what was worn."""
    return UNKNOWN


def tracker_clock_off(case: Case) -> Outcome:
    """Rows dated after the export itself, or the tracker's own clock when the agent asked."""
    future = [fact for fact in case.facts.all("server.future_rows") if (fact.number() or 0) > 0]
    if future:
        return yes(
            worded("{number} rows are dated in the future", number=Number(sum(fact.number() or 0 for fact in future))),
            future,
        )
    offsets = case.recent(case.of_tracker("tracker.clock_offset"))
    off = [fact for fact in offsets if abs(fact.number() or 0) >= CLOCK_OFF_S]
    if off:
        return yes(
            worded(
                "the tracker's clock was {lasting} off", lasting=lasting(timedelta(seconds=abs(off[-1].number() or 0)))
            ),
            off[::-1],
        )
    if offsets:
        return no(
            worded("the tracker's clock was within {clock_off_s} s of the phone's", clock_off_s=Number(CLOCK_OFF_S)),
            offsets[-1:],
        )
    series = case.facts.all("server.series")
    return no("no row is dated in the future", series[-1:]) if series else UNKNOWN


def tracker_fails_inside(case: Case) -> Outcome:
    """Server errors of its own, in CoAP's words: 5.xx (RFC 7252, 5.9.3)."""
    return _refused_with(case, "5.", "the tracker answered that something in it fails")


def tracker_knows_no_such_request(case: Case) -> Outcome:
    """Client errors, in CoAP's words: 4.xx, what was asked is not known to it."""
    return _refused_with(case, "4.", "the tracker did not know what our agent asked for")


def _refused_with(case: Case, code: str, text: str) -> Outcome:
    drain = side(case, DRAIN)
    refused = [fact for fact in drain.of(WRONG) if fact.text("code").startswith(code)]
    if refused:
        count = sum(int(fact.number("count") or 0) for fact in refused)
        return yes(
            worded(
                "{text} ({code}, {times})", text=worded(text), code=refused[0].text("code"), times=times(count, "time")
            ),
            refused,
        )
    return no("the tracker answered as it should", [drain.through]) if drain.through is not None else UNKNOWN


def tracker_answers_wrongly(case: Case) -> Outcome:
    """Unreadable answers, and refusals without a code, since the agent's last good drain."""
    drain = side(case, DRAIN)
    wrong = [fact for fact in drain.of(WRONG) if not fact.text("code")]
    if wrong:
        count = sum(int(fact.number("count") or 0) for fact in wrong)
        return yes(worded("the tracker answered wrongly, {times}", times=times(count, "time")), wrong)
    return no("the tracker answered as it should", [drain.through]) if drain.through is not None else UNKNOWN


def records_overwritten(case: Case) -> Outcome:
    """A fresh loss in the ledger, or what is at risk past its time; the tracker's own list where no ledger dates it."""
    lost = fresh_loss(case)
    if lost is not None:
        records = lost.number("records")
        return yes(
            worded("{records} were overwritten", records=times(int(records), "record"))
            if records
            else worded("records were overwritten"),
            [lost],
        )
    risks = [(as_time(fact.text("lost_at")), fact) for fact in case.of_tracker("ledger.at_risk")]
    past = [fact for lost_at, fact in risks if lost_at is not None and lost_at <= case.judged_at]
    if past:
        return yes(
            worded("what it recorded since {value}Z is past the time it is kept", value=past[0].text("since")[:16]),
            past,
        )
    told = case.of_tracker("tracker.overwritten")
    if case.of_tracker("ledger.hole", "ledger.watermark"):
        return no("nothing was overwritten in the last day", [*told[-1:], *case.of_tracker("ledger.watermark")[-1:]])
    if not told:
        return UNKNOWN
    count = int(told[-1].number() or 0)
    return either(
        count > 0,
        worded("{records} were overwritten", records=times(count, "record")),
        "nothing was overwritten",
        told[-1:],
    )


RULES: Mapping[str, Rule] = {
    "tracker_battery_flat": tracker_battery_flat,
    "tracker_fell_silent": tracker_fell_silent,
    "tracker_link_mute": tracker_link_mute,
    "tracker_restarts_by_itself": tracker_restarts_by_itself,
    "tracker_log_gaps": tracker_log_gaps,
    "tracker_unsynced_for_days": tracker_unsynced_for_days,
    "tracker_waited_for_phone": tracker_waited_for_phone,
    "tracker_link_idle": tracker_link_idle,
    "tracker_off_wrist": tracker_off_wrist,
    "tracker_recorded_nothing": tracker_recorded_nothing,
    "tracker_sensor_rows_absent": tracker_sensor_rows_absent,
    "tracker_version_refused": tracker_version_refused,
    "firmware_update_pending": _person_only,
    "tracker_counts_nothing": _person_only,
    "tracker_clock_off": tracker_clock_off,
    "tracker_answers_wrongly": tracker_answers_wrongly,
    "tracker_fails_inside": tracker_fails_inside,
    "tracker_knows_no_such_request": tracker_knows_no_such_request,
    "said_not_worn": _person_only,
    "records_overwritten": records_overwritten,
}
