"""The engine's decisions, one by one, and that from any state it comes to an end with everything safe."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from unstuck.chain.phone import engine, held
from unstuck.chain.phone.engine import (
    AskFirmware,
    AskTrim,
    Commit,
    Compare,
    Done,
    DrainAct,
    DrainView,
    Identify,
    Prune,
    ReadStatus,
    Send,
    SetTime,
    Status,
    Sync,
    TellHeld,
    UploadView,
    next_drain_act,
    next_upload_act,
)
from unstuck.chain.phone.entries import Ledger, Rejection, Stored
from unstuck.chain.phone.held import Held
from unstuck.chain.phone.reasons import Outcome
from unstuck.chain.records import Ranges

NOTHING: Held = {}
EMPTY = Ledger(NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING)
STATUS = Status("t", "Name", boot=2, end=1000, tag=7, now_s=1000, held={2: Ranges.span(0, 999)}, overwritten={})
VIEW = DrainView("t", EMPTY, synced=False, status=STATUS, fetch=480)


def with_ledger(view: DrainView, **states: Held) -> DrainView:
    return replace(view, ledger=replace(view.ledger, **states))


def test_status_is_read_before_anything_else() -> None:
    assert next_drain_act(replace(VIEW, status=None)) == ReadStatus()


def test_another_tracker_is_left_alone() -> None:
    assert next_drain_act(replace(VIEW, tracker="other")) == Done(Outcome.TRACKER_OTHER)


def test_a_tracker_that_counts_anew_is_left_alone() -> None:
    seen = {3: Ranges.span(0, 5)}
    assert next_drain_act(with_ledger(VIEW, drained=seen, committed=seen)) == Done(Outcome.TRACKER_ERASED)


def test_clock_is_set_once_and_only_when_it_is_off() -> None:
    assert next_drain_act(replace(VIEW, clock_off_s=-3)) == SetTime()
    assert isinstance(next_drain_act(replace(VIEW, clock_off_s=-3, clock_set=True)), Sync)
    assert isinstance(next_drain_act(replace(VIEW, clock_off_s=2)), Sync)


def test_a_link_that_holds_is_asked_for_all_at_once_and_one_that_failed_for_little_at_first() -> None:
    assert next_drain_act(replace(VIEW, fetch=engine.FETCH_MOST_RECORDS)) == Sync(2, 0, 1000)
    fetch = engine.next_fetch(engine.FETCH_MOST_RECORDS, answered=False)
    assert fetch == engine.FETCH_LEAST_RECORDS
    grown = []
    while fetch < engine.FETCH_MOST_RECORDS:
        fetch = engine.next_fetch(fetch, answered=True)
        grown.append(fetch)
    assert grown == [960, 1920, 3840, 7680, 15360, engine.FETCH_MOST_RECORDS]
    assert engine.next_fetch(fetch, answered=True) == engine.FETCH_MOST_RECORDS


def test_oldest_missing_records_are_fetched_first_and_never_across_a_hole() -> None:
    status = replace(STATUS, held={1: Ranges.of([(5, 9), (20, 30)]), 2: Ranges.span(0, 9)})
    assert next_drain_act(replace(VIEW, status=status)) == Sync(1, 5, 5)
    view = with_ledger(replace(VIEW, status=status), drained={1: Ranges.span(5, 6)})
    assert next_drain_act(view) == Sync(1, 7, 3)


def test_a_transfer_goes_on_where_the_journal_ends() -> None:
    view = with_ledger(VIEW, drained={2: Ranges.span(0, 479)})
    assert next_drain_act(view) == Sync(2, 480, 480)


def test_commit_comes_when_nothing_is_left_to_fetch() -> None:
    assert next_drain_act(with_ledger(VIEW, drained=STATUS.held)) == Commit()


def test_commit_comes_before_the_journal_holds_too_much_unsafe() -> None:
    many = {2: Ranges.span(0, 20_000)}
    view = replace(VIEW, status=replace(STATUS, held=many))
    drained = {2: Ranges.span(0, engine.COMMIT_RECORDS - 1)}
    assert next_drain_act(with_ledger(view, drained=drained)) == Commit()


def test_trim_waits_for_a_commit_of_this_process() -> None:
    view = with_ledger(VIEW, drained=STATUS.held, committed=STATUS.held)
    assert next_drain_act(view) == Commit()
    assert next_drain_act(replace(view, synced=True)) == Sync(2, 1000, 480, AskTrim(2, 999))


def test_a_trim_goes_along_with_the_next_request_and_is_worth_none_of_its_own() -> None:
    first, later = Ranges.span(0, 479), Ranges.span(480, 999)
    view = with_ledger(replace(VIEW, synced=True, asked=True), drained={2: first}, committed={2: first})
    assert next_drain_act(view) == Sync(2, 480, 480, AskTrim(2, 479))
    everything = {2: first | later}
    assert next_drain_act(with_ledger(view, drained=everything, committed=everything)) == Done(Outcome.NOTHING_NEW)


def test_each_attempt_asks_once_even_if_nothing_is_known_to_be_new() -> None:
    idle = replace(VIEW, status=replace(STATUS, held={}))
    assert next_drain_act(idle) == Sync(2, 1000, 480)


def test_trim_stops_before_the_first_record_that_is_not_committed() -> None:
    committed = {2: Ranges.of([(0, 99), (200, 999)])}
    view = with_ledger(
        replace(VIEW, synced=True, gone={2: Ranges.span(100, 199)}), drained=committed, committed=committed
    )
    assert next_drain_act(view) == Sync(2, 1000, 480, AskTrim(2, 99))


def test_what_the_tracker_does_not_hold_after_all_is_not_asked_again() -> None:
    view = replace(VIEW, gone={2: Ranges.span(0, 99)})
    assert next_drain_act(view) == Sync(2, 100, 480)


def test_outcome_says_whether_anything_moved() -> None:
    idle = replace(VIEW, asked=True, status=replace(STATUS, held={}))
    assert next_drain_act(idle) == Done(Outcome.NOTHING_NEW)
    assert next_drain_act(replace(idle, drained=5)) == Done(Outcome.SYNCED)
    assert next_drain_act(replace(idle, kept=frozenset({2}))) == Done(Outcome.TRIM_HELD_BACK)


numbers = st.sets(st.integers(0, 60)).map(Ranges.numbers)


@given(on_tracker=numbers, drained=numbers, committed=numbers, gone=numbers, synced=st.booleans())
def test_from_any_state_two_attempts_end_with_everything_committed_and_freed(
    on_tracker: Ranges, drained: Ranges, committed: Ranges, gone: Ranges, synced: bool
) -> None:
    known = {2: drained | committed}
    view = replace(VIEW, synced=synced, status=replace(STATUS, held={2: on_tracker} if on_tracker else {}))
    view = with_ledger(view, drained=held.without(known, {}), committed=held.without({2: committed}, {}))
    really_held = on_tracker - gone
    freed = Ranges()
    for _attempt in range(2):
        view = replace(view, asked=False)
        for _ in range(500):
            act = next_drain_act(view)
            if isinstance(act, Done):
                break
            view, freed = step(view, act, really_held, freed)
        assert isinstance(act, Done)
    assert view.ledger.committed.get(2, Ranges()).contains(really_held)
    if view.ledger.committed.get(2, Ranges()).contains(on_tracker):
        assert freed.contains(on_tracker)


def step(view: DrainView, act: DrainAct, really_held: Ranges, freed: Ranges) -> tuple[DrainView, Ranges]:
    """A tracker and a journal without bytes."""
    status = view.status
    assert status is not None
    match act:
        case Sync(boot, first, count, trim):
            view = replace(view, asked=True)
            run = really_held & Ranges.span(first, first + count - 1)
            if first not in run and first != status.end:
                return replace(view, gone=held.joined(view.gone, {boot: Ranges.span(first, first)})), freed
            if trim is not None:
                assert view.synced
                frees = status.held[trim.boot] & Ranges.span(0, trim.through)
                assert view.ledger.committed[trim.boot].contains(frees)
                left = held.without(status.held, {trim.boot: frees})
                view, freed = replace(view, status=replace(status, held=left)), freed | frees
            got = {boot: Ranges.span(*run.intervals[0])} if run else {}
            return with_ledger(view, drained=held.joined(view.ledger.drained, got)), freed
        case Commit():
            return replace(with_ledger(view, committed=view.ledger.drained), synced=True), freed
    raise AssertionError(act)


def stored(first: int, last: int, size_bytes: int = 1000) -> Stored:
    return Stored(first, 1, first, last, size_bytes, 0)


ALL = {1: Ranges.span(0, 29)}
UPLOAD = UploadView(
    now_s=5000,
    ledger=replace(EMPTY, drained=ALL, committed=ALL),
    stored=(stored(0, 9), stored(10, 19), stored(20, 29)),
    rejections=(),
    identified=True,
    compared_s=4900,
)


def upload_with(**states: Held) -> UploadView:
    return replace(UPLOAD, ledger=replace(UPLOAD.ledger, **states))


def test_nothing_is_sent_before_it_is_known_whose_login_it_is() -> None:
    assert next_upload_act(replace(UPLOAD, identified=False)) == Identify()


def test_records_that_wait_for_another_account_are_told_when_all_else_is_done() -> None:
    done = replace(upload_with(confirmed=ALL), told=True, firmware="", pruned=True, elsewhere=3)
    assert next_upload_act(done) == Done(Outcome.OTHER_ACCOUNT)
    assert next_upload_act(replace(done, rejected=1)) == Done(Outcome.REJECTED)
    assert isinstance(next_upload_act(replace(UPLOAD, elsewhere=3)), Send)


def test_server_is_asked_what_it_holds_first_and_then_every_hour() -> None:
    assert next_upload_act(replace(UPLOAD, compared_s=None)) == Compare()
    assert next_upload_act(replace(UPLOAD, compared_s=5000 - engine.COMPARE_EVERY_S)) == Compare()
    assert next_upload_act(replace(UPLOAD, compared_s=5001)) == Compare(), "the clock went back"


def test_oldest_batches_go_first_and_no_more_than_the_limit() -> None:
    assert next_upload_act(UPLOAD) == Send(UPLOAD.stored)  # type: ignore[arg-type]  # a tuple here
    assert next_upload_act(replace(UPLOAD, limit_bytes=2000)) == Send((stored(0, 9), stored(10, 19)))
    assert next_upload_act(replace(UPLOAD, limit_bytes=1)) == Send((stored(0, 9),)), "one always goes"


def test_what_is_not_committed_is_not_uploaded() -> None:
    assert next_upload_act(upload_with(committed={1: Ranges.span(0, 9)})) == Send((stored(0, 9),))


def test_what_is_confirmed_is_not_sent_again() -> None:
    assert next_upload_act(upload_with(confirmed={1: Ranges.span(0, 15)})) == Send((stored(10, 19), stored(20, 29)))


def test_an_unanswered_upload_is_sent_again() -> None:
    assert next_upload_act(upload_with(uploaded=ALL)) == next_upload_act(UPLOAD)


def test_rejected_records_wait_a_day() -> None:
    rejected = replace(UPLOAD, rejections=(Rejection(1, 0, 29, "record.conflict", 4000),))
    assert next_upload_act(rejected) == TellHeld()
    assert isinstance(next_upload_act(replace(rejected, now_s=4000 + engine.REJECTED_AGAIN_S, compared_s=90_000)), Send)


def test_prune_comes_last_and_spares_the_last_week() -> None:
    done = upload_with(confirmed=ALL)
    assert next_upload_act(done) == TellHeld()
    assert next_upload_act(replace(done, told=True)) == AskFirmware()
    assert next_upload_act(replace(done, told=True, firmware="")) == Prune(5000 - engine.KEEP_CONFIRMED_S)
    done = replace(done, told=True, firmware="", pruned=True)
    assert next_upload_act(done) == Done(Outcome.NOTHING_NEW)
    assert next_upload_act(replace(done, confirmed=3)) == Done(Outcome.SYNCED)
    assert next_upload_act(replace(done, rejected=1, confirmed=3)) == Done(Outcome.REJECTED)


def test_old_firmware_is_told_when_everything_else_is_done() -> None:
    old = replace(UPLOAD, told=True, firmware="at least 2.0.0")
    assert isinstance(next_upload_act(old), Send)
    done = replace(upload_with(confirmed=ALL), told=True, firmware="at least 2.0.0")
    assert isinstance(next_upload_act(done), Prune)
    assert next_upload_act(replace(done, pruned=True, confirmed=3)) == Done(Outcome.FIRMWARE_TOO_OLD)
