"""Journals and servers as documents: every outcome has its row, trouble that is over is only told."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstuck.chain.phone.entries import Attempt, Ledger
from unstuck.chain.phone.journal import Journal
from unstuck.chain.phone.reasons import Outcome, Side
from unstuck.chain.records import Batch, Happening, Kind, Ranges, Record, encode
from unstuck.chain.records.columns import fold
from unstuck.chain.tracker.events import Happened, Mode
from unstuck.doctor.case import Choice, open_case
from unstuck.doctor.knowledge.loader import load
from unstuck.doctor.knowledge.schema import Boundary
from unstuck.doctor.rules.run import RULES
from unstuck.evidence.chain import collect
from unstuck.evidence.chain.attempts import attempt_facts
from unstuck.evidence.chain.journal import JournalDocument, read_journal
from unstuck.evidence.chain.outcomes import _BY_CAUSE, BLUETOOTH_ROWS, OF_TRACKER, ROWS, row_of
from unstuck.evidence.chain.server import ServerDocument, read_server
from unstuck.model.diagnosis import State, Tracker
from unstuck.model.evidence import Fact, FactSet, Reading
from unstuck.model.vocabulary import AGENT, violations

NOW_S = 1_769_000_000
TRACKER = "abcdefgh12345678"
NONE = Ledger({}, {}, {}, {}, {}, {}, {})


def attempt(number: int, outcome: Outcome, side: Side = Side.UPLOAD, detail: str = "") -> tuple[int, Attempt]:
    began_s = NOW_S + 900 * number
    return number, Attempt(side, began_s, began_s + 5, outcome, detail, 0)


def facts(*attempts: tuple[int, Attempt]) -> FactSet:
    found = FactSet(tuple(attempt_facts(TRACKER, attempts, "journal.sqlite")))
    assert [wrong for fact in found for wrong in violations(fact)] == []
    return found


def document(**parts: Any) -> JournalDocument:
    usual: dict[str, Any] = {
        "path": "journal.sqlite", "looked_s": NOW_S, "tracker": TRACKER, "name": "Band", "status": None,
        "ledger": NONE, "sound": True, "rejected": 0, "attempts": (), "batches": (),
    }  # fmt: skip
    return JournalDocument(**{**usual, **parts})


def status(**parts: Any) -> bytes:
    usual = {"id": TRACKER, "name": "Band", "firmware": "1.0.0", "boot": 2, "now": NOW_S, "held": {}, "keeps": 604_800}
    usual |= {"end": 0, "tag": 7, "model": "band"}
    return cbor2.dumps({**usual, **parts})


def checked(reading: Reading) -> FactSet:
    assert [wrong for fact in reading.facts for wrong in violations(fact)] == []
    return FactSet(reading.facts)


# outcomes


def test_every_outcome_has_a_row_with_a_way_that_causes_know() -> None:
    assert {str(outcome) for outcome in Outcome} <= {*ROWS, *BLUETOOTH_ROWS}
    assert {row.way for row in (*ROWS.values(), *BLUETOOTH_ROWS.values())} <= set(Boundary)


@pytest.mark.parametrize("code", sorted(BLUETOOTH_ROWS))
def test_what_an_agent_with_a_radio_says_is_of_the_vocabulary(code: str) -> None:
    for name, value, subject in BLUETOOTH_ROWS[code].word("detail"):
        assert violations(Fact(name, value, None, "journal.sqlite", "attempt 1", "", subject)) == []


@pytest.mark.parametrize(
    ("code", "finding"),
    [
        ("bluetooth.off", "adapter_off"),
        ("bluetooth.denied", "permission_denied"),
        ("bluetooth.no_slot", "gatt_slots_full"),
        ("bluetooth.key_missing", "key_refused"),
        ("bluetooth.pairing_refused", "key_refused"),
        ("firmware.too_old", "tracker_version_refused"),
    ],
)
def test_rules_know_the_words_of_an_agent_with_a_radio(code: str, finding: str) -> None:
    now = datetime(2026, 1, 21, 12, 0, tzinfo=UTC)
    stated = [
        Fact(name, value, now, "journal.sqlite", "attempt 1", "", TRACKER if subject == OF_TRACKER else subject)
        for name, value, subject in BLUETOOTH_ROWS[code].word("")
    ]
    choice = Choice(Tracker(TRACKER, "Band", "unstuck"), frozenset({TRACKER}))
    case = open_case(FactSet(tuple(stated)), choice, frozenset({AGENT}), now)
    assert RULES[finding](case).state is State.YES


@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("side", list(Side))
def test_whatever_an_attempt_ended_with_its_facts_are_of_the_vocabulary(outcome: Outcome, side: Side) -> None:
    assert facts(attempt(1, outcome, side, "503 server.busy")).has("agent.attempts", subject=TRACKER)


def test_a_host_that_names_a_cause_is_taken_at_its_word() -> None:
    assert set(_BY_CAUSE) <= set(load().causes)
    for cause in _BY_CAUSE:
        word = row_of(Side.DRAIN, Outcome.HOST_FORBIDS).word(f"the saver is on ({cause})")
        assert word == _BY_CAUSE[cause]
    assert row_of(Side.DRAIN, Outcome.HOST_FORBIDS).word("because") == ()


@pytest.mark.parametrize(
    ("detail", "kind"),
    [
        ("[Errno -3] Temporary failure in name resolution", "dns"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed", "tls"),
        ("All connection attempts failed", "timeout"),
        ("", "timeout"),
    ],
)
def test_a_server_that_cannot_be_reached_says_why_as_far_as_it_is_known(detail: str, kind: str) -> None:
    error = facts(attempt(1, Outcome.SERVER_SILENT, detail=detail)).latest("app.error", subject=AGENT)
    assert error is not None
    assert error.text("kind") == kind


def test_the_status_that_came_is_stated_and_the_usual_one_where_none_is_told() -> None:
    found = facts(attempt(1, Outcome.SERVER_FAULT, detail="502 bad gateway"), attempt(2, Outcome.SERVER_MAINTENANCE))
    assert [fact.number("status") for fact in found.all("app.http")] == [502, 503]


# attempts


def test_runs_of_like_ends_are_one_fact_with_its_attempts_and_times() -> None:
    found = facts(
        *(attempt(number, Outcome.SYNCED) for number in (1, 2, 3)),
        *(attempt(number, Outcome.SERVER_BUSY, detail="503") for number in (4, 5)),
    ).all("agent.attempts")
    assert [fact.locator for fact in found] == ["attempts 1–3", "attempts 4–5"]
    assert [fact.number("count") for fact in found] == [3, 2]
    assert [fact.flag("through") for fact in found] == [True, False]
    assert "The server asks for patience (503)." in found[1].excerpt


def test_trouble_is_told_attempt_by_attempt_until_a_good_one_ends_it() -> None:
    busy = [attempt(number, Outcome.SERVER_BUSY, detail="503") for number in (1, 2, 3)]
    assert [fact.locator for fact in facts(*busy).all("app.http")] == ["attempt 1", "attempt 2", "attempt 3"]
    healed = facts(*busy, attempt(4, Outcome.NOTHING_NEW))
    assert [(fact.locator, fact.number("status")) for fact in healed.all("app.http")] == [("attempt 4", 200)]


def test_trouble_of_one_side_is_not_ended_by_the_other() -> None:
    found = facts(attempt(1, Outcome.JOURNAL_FULL, Side.DRAIN), attempt(2, Outcome.SYNCED))
    assert found.latest("app.error", subject=AGENT) is not None


# the journal


def test_the_tracker_speaks_through_its_last_status() -> None:
    told = status(battery=41, now=NOW_S - 600, overwritten={0: [[0, 9]]})
    ledger = Ledger({}, {}, {}, {}, {}, {}, {0: Ranges.span(0, 9)})
    found = checked(read_journal(document(status=(told, NOW_S), ledger=ledger)))
    values = {name: fact.scalar() for name in ("tracker.firmware", "tracker.clock_offset", "tracker.overwritten")
              if (fact := found.latest(name, subject=TRACKER))}  # fmt: skip
    assert values == {"tracker.firmware": "1.0.0", "tracker.clock_offset": -600.0, "tracker.overwritten": 10}
    battery = found.latest("tracker.battery")
    assert battery is not None
    assert battery.number("percent") == 41


def test_a_status_that_cannot_be_read_is_a_problem_and_the_rest_is_used() -> None:
    reading = read_journal(document(status=(b"\xff", NOW_S), batches=(b"\x00",), attempts=[attempt(1, Outcome.SYNCED)]))
    assert reading.source.readable
    assert len(reading.source.problems) == 2
    assert checked(reading).has("agent.attempts")


def test_at_risk_is_what_was_recorded_since_the_last_good_drain_began() -> None:
    attempts = [attempt(1, Outcome.SYNCED, Side.DRAIN), attempt(2, Outcome.TRACKER_SILENT, Side.DRAIN)]
    risk = checked(read_journal(document(status=(status(), NOW_S), attempts=attempts))).latest("ledger.at_risk")
    assert risk is not None
    assert risk.locator == "attempt 1"
    assert risk.text("since") == "2026-01-21T13:08:20+00:00"
    assert risk.text("lost_at") == "2026-01-28T13:08:20+00:00"


def test_what_waits_is_counted_with_its_place() -> None:
    held = {3: Ranges.span(10, 40)}
    ledger = Ledger(held, held, {}, {}, {3: Ranges.span(10, 20)}, {}, {})
    journal = checked(read_journal(document(ledger=ledger))).latest("agent.journal")
    assert journal is not None
    assert journal.number("waiting") == 20
    assert journal.locator == "ledger boot 3: 21–40"


def test_the_trackers_own_events_are_read_out_of_the_batches() -> None:
    def event(sequence: int, start: int, code: int, argument: int) -> Record:
        return Record(1, sequence, Kind.EVENT, start, 0, tuple(Happening(code, argument)))

    hour_ms = 3_600_000
    records = [
        event(0, NOW_S, Happened.STARTED, 0),
        event(1, NOW_S, Happened.CLOCK_SET, fold(-90)),
        event(2, NOW_S + 60, Happened.CHARGER_IN, 14),
        event(3, NOW_S + 21_600, Happened.RADIO + Mode.FAST_MODE, hour_ms),
        event(4, NOW_S + 21_600, Happened.RADIO + Mode.IDLE_MODE, 5 * hour_ms),
        event(5, NOW_S + 21_600, 99, 0),
    ]
    raw = encode(Batch(tuple(records)))
    found = checked(read_journal(document(batches=(raw, raw))))
    assert [fact.locator for fact in found.all("tracker.rebooted")] == ["event 1/0"]
    offset = found.latest("tracker.clock_offset")
    assert offset is not None
    assert offset.scalar() == 90.0
    assert [fact.number("percent") for fact in found.all("tracker.battery")] == [14.0]
    day = found.latest("tracker.radio_day")
    assert day is not None
    assert (day.number("fast_h"), day.number("idle_gg_h")) == (1.0, 5.0)


# the server


def ledger_of(*holes: Mapping[str, object], **parts: object) -> dict[str, object]:
    return {"as_of": NOW_S, "holes": list(holes), "at_risk": None, **parts}


def test_a_lost_hole_says_when_the_last_of_it_was_gone() -> None:
    hole = {"start": NOW_S - 900_000, "end": NOW_S - 800_000, "reason": "lost", "boot": 3, "first": 10, "last": 40}
    reading = read_server(ServerDocument("http://s", TRACKER, NOW_S, ledger=ledger_of(hole), keeps_s=700_000))
    fact = checked(reading).latest("ledger.hole", subject=TRACKER)
    assert fact is not None
    assert fact.locator == "ledger boot 3: 10–40"
    assert fact.number("records") == 31
    assert fact.flag("latest") is False
    assert fact.text("lost_at") == "2026-01-20T09:06:40+00:00"


def test_a_refusal_of_the_question_counts_like_one_of_the_agent() -> None:
    fault = Outcome.TOKEN_PASSWORD_CHANGED, "401 token.revoked_password_changed"
    found = checked(read_server(ServerDocument("http://s", TRACKER, NOW_S, fault=fault)))
    error = found.latest("app.error", subject=AGENT)
    assert error is not None
    assert (error.text("kind"), error.locator) == ("auth", "GET ledger")


def test_a_page_of_somebody_else_is_no_status() -> None:
    found = read_server(ServerDocument("http://s", TRACKER, NOW_S, status={"state": "maintenance"}))
    assert not checked(found).has("server.status")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**70) | st.floats(allow_nan=True) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
_KEYS = ("as_of", "holes", "at_risk", "since", "lost_at", "service", "state", "message", "tracker", "phone", "server")
_MAP = st.dictionaries(st.sampled_from(_KEYS), _JSON, max_size=6)
_HOLES = st.lists(
    st.fixed_dictionaries(
        {"start": st.integers(0, 2**53), "end": st.integers(0, 2**53), "reason": st.just("lost") | _JSON},
        optional=dict.fromkeys(("boot", "first", "last"), _JSON),
    )
    | _JSON,
    max_size=4,
)


@given(ledger=_MAP, holes=_HOLES, status_page=_MAP, watermarks=_MAP, keeps_s=st.none() | st.integers(0, 2**53))
def test_no_answer_of_a_server_breaks_the_reader_or_leaves_the_vocabulary(
    ledger: dict[str, object], holes: list[object], status_page: dict[str, object], watermarks: dict[str, object],
    keeps_s: int | None,
) -> None:  # fmt: skip
    page = {"service": "unstuck", **status_page}
    told = {**ledger, "holes": holes}
    answers = ServerDocument("http://s", TRACKER, NOW_S, page, told, watermarks, None, keeps_s)
    checked(read_server(answers))


# the collector


def test_the_journal_of_a_running_agent_is_read_and_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    writer = Journal(path)
    writer.saw(TRACKER, "Band", status(), {}, NOW_S)
    writer.attempted(TRACKER, attempt(1, Outcome.SYNCED, Side.DRAIN)[1], 0)
    before = path.read_bytes()
    readings = asyncio.run(collect(path, None, NOW_S))
    assert [reading.source.kind for reading in readings] == ["chain"]
    assert path.read_bytes() == before
    writer.attempted(TRACKER, attempt(2, Outcome.SYNCED, Side.DRAIN)[1], 0)
    writer.close()
    bounded = asyncio.run(collect(path, None, NOW_S, NOW_S + 1000))
    runs = [fact for fact in bounded[0].facts if fact.name == "agent.attempts"]
    assert [fact.locator for fact in runs] == ["attempt 1"], "what came later is left out"


def test_what_is_no_journal_is_a_source_with_a_problem(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").write_bytes(b"something else, long enough for a database" * 99)
    for path in (tmp_path / "journal.sqlite", tmp_path / "missing.sqlite"):
        (reading,) = asyncio.run(collect(path, None, NOW_S))
        assert not reading.source.readable
        assert reading.source.problems


def test_a_fact_of_the_agent_is_about_the_agent() -> None:
    found: list[Fact] = list(facts(attempt(1, Outcome.AGENT_TOO_OLD, detail="426 agent.too_old")))
    assert {fact.subject for fact in found if fact.name.startswith("app.")} == {AGENT}
