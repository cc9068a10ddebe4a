"""Updates of firmware: every reason against touching it, the one next act, and that it comes to an end."""

import base64
from dataclasses import replace
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.chain.releases.made import KEYS, MODEL, STRANGER, image, release
from unstuck.chain.phone import firmware
from unstuck.chain.phone.answers import ServerError
from unstuck.chain.phone.firmware import (
    Abandon,
    AskOffers,
    AskTold,
    Begin,
    Done,
    Drain,
    DropImage,
    FetchImage,
    Offers,
    Push,
    Restart,
    Told,
    View,
    Why,
    next_update_act,
    read_offers,
    read_told,
    update_reasons_not,
    wanted,
)
from unstuck.chain.phone.reasons import Outcome
from unstuck.chain.phone.tracker import TrackerError
from unstuck.chain.releases import Release, ReleaseKind, decode_release

IMAGE = image(10_000)
TWO = decode_release(release(IMAGE, "2.0.0"))
THREE = decode_release(release(image(9_000, 3), "3.0.0"))
TOLD = Told(MODEL, "1.0.0", None, 0, None, KEYS)
READY = View(
    tracker="t1",
    agent="0.1.0",
    offers=Offers((TWO,)),
    told=TOLD,
    answering="t1",
    battery_percent=80,
    undrained=0,
    drained=True,
    image_bytes=len(IMAGE),
    image_whole=True,
)


def after(**changes: Any) -> View:
    """What the tracker says, changed."""
    return replace(READY, told=replace(TOLD, **changes))


def test_the_gate_is_open_when_all_is_known_and_well() -> None:
    assert update_reasons_not(READY, TWO) == ()
    assert next_update_act(READY) == Begin(TWO)


@pytest.mark.parametrize(
    ("view", "why"),
    [
        (replace(READY, answering=None), Why.STATUS_UNREAD),
        (replace(READY, undrained=None), Why.STATUS_UNREAD),
        (replace(READY, answering="t2"), Why.OTHER_TRACKER),
        (replace(READY, forbidden="the phone saves its battery"), Why.HOST_FORBIDS),
        (replace(READY, offers=Offers((TWO,), "0.2.0")), Why.AGENT_TOO_OLD),
        (replace(READY, undrained=3), Why.UNDRAINED),
        (replace(READY, image_whole=False), Why.IMAGE_NOT_WHOLE),
        (replace(READY, battery_percent=49), Why.RELEASE),
        (replace(READY, battery_percent=None), Why.RELEASE),
        (after(keys=()), Why.RELEASE),
        (after(model="other"), Why.RELEASE),
        (after(version="2.0.0"), Why.RELEASE),
    ],
)
def test_each_reason_shuts_the_gate(view: View, why: Why) -> None:
    assert [reason for reason, _ in update_reasons_not(view, TWO)] == [why]


def test_all_reasons_are_told_at_once() -> None:
    view = replace(READY, undrained=2, battery_percent=10, offers=Offers((TWO,), "9.0.0"))
    act = next_update_act(view)
    assert isinstance(act, Done)
    assert act.outcome is Outcome.UPDATE_NOT_NOW
    for words in ("2 records", "at 10 %", "wants 9.0.0"):
        assert words in act.detail


@pytest.mark.parametrize(
    ("view", "act"),
    [
        (replace(READY, offers=None), AskOffers()),
        (replace(READY, told=None), AskTold()),
        (replace(READY, told=None, silent=1), AskTold(firmware.PAUSE_S)),
        (replace(READY, offers=Offers(())), Done(Outcome.UPDATE_NOT_NEEDED, "it runs 1.0.0")),
        (after(version="2.0.0"), Done(Outcome.UPDATE_NOT_NEEDED, "it runs 2.0.0")),
        (replace(READY, image_whole=False, image_bytes=0), FetchImage(TWO)),
        (replace(READY, image_whole=False, image_bytes=9_999), FetchImage(TWO)),
        (replace(READY, image_whole=False), DropImage(TWO)),
        (replace(READY, image_whole=False, image_bytes=0, damaged=2), Done(Outcome.IMAGE_DAMAGED, "2.0.0")),
        (replace(READY, drained=False), Drain()),
        (after(release=TWO.raw), Push(TWO, 0, firmware.CHUNK_BYTES)),
        (after(release=TWO.raw, offset=9_999), Push(TWO, 9_999, 1)),
        (after(release=THREE.raw, offset=5), Abandon()),
        (after(release=TWO.raw, offset=10_000), Abandon()),
        (after(ready=THREE.manifest.sha256), Abandon()),
        (after(ready=TWO.manifest.sha256), Restart(TWO)),
        (replace(after(ready=TWO.manifest.sha256), image_whole=False, image_bytes=0), Restart(TWO)),
        (replace(after(ready=TWO.manifest.sha256), drained=False), Drain()),
        (replace(after(version="2.0.0"), restarts=1, aim="2.0.0", drained=False), Drain()),
        (replace(after(version="2.0.0"), restarts=1, aim="2.0.0"), Done(Outcome.UPDATED, "2.0.0")),
        (replace(after(ready=TWO.manifest.sha256), restarts=1, aim="2.0.0"), Restart(TWO)),
    ],
)
def test_the_next_act(view: View, act: object) -> None:
    assert next_update_act(view) == act


def test_a_tracker_that_went_back_is_not_updated_again_in_the_same_run() -> None:
    act = next_update_act(replace(READY, restarts=1, aim="2.0.0"))
    assert isinstance(act, Done)
    assert act.outcome is Outcome.UPDATE_ROLLED_BACK


def test_it_gives_up_on_a_tracker_that_stays_silent_and_on_one_that_never_starts_it() -> None:
    silent = next_update_act(replace(READY, told=None, silent=firmware.SILENT_MOST + 1))
    assert isinstance(silent, Done)
    assert silent.outcome is Outcome.TRACKER_SILENT
    stubborn = next_update_act(replace(after(ready=TWO.manifest.sha256), restarts=firmware.RESTARTS_MOST, aim="2.0.0"))
    assert isinstance(stubborn, Done)
    assert "does not start it" in stubborn.detail


@pytest.mark.parametrize("view", [READY, after(release=THREE.raw), after(release=TWO.raw, offset=10**6)])
def test_a_tracker_that_does_not_do_what_it_says_is_given_up(view: View) -> None:
    act = next_update_act(replace(view, tries=firmware.TRIES_MOST))
    assert isinstance(act, Done)
    assert act.outcome is Outcome.TRACKER_UNREADABLE


def offered(*signed: bytes) -> Release | None:
    return wanted(replace(READY, offers=Offers(tuple(map(decode_release, signed)))))


def test_the_newest_that_may_be_installed_is_wanted() -> None:
    three_over_two = release(IMAGE, "3.0.0", over="2.0.0")
    forged = release(IMAGE, "9.0.0", key=STRANGER)
    foreign = release(IMAGE, "9.1.0", product="other")
    assert offered(three_over_two, TWO.raw, forged, foreign) == TWO
    assert offered(forged) == decode_release(forged), "so that the reason is told"
    assert offered(foreign, release(IMAGE, "1.0.0"), release(IMAGE, "0.9.0")) is None
    assert offered(release(IMAGE, "2.0.0", battery_percent=100)) is not None, "charge can be had"


views = st.builds(
    replace,
    st.just(READY),
    offers=st.sampled_from([Offers(()), Offers((TWO,)), Offers((TWO, THREE)), Offers((TWO,), "1.0.0")]),
    told=st.builds(
        replace,
        st.just(TOLD),
        version=st.sampled_from(["1.0.0", "2.0.0", "3.0.0", "?"]),
        release=st.sampled_from([None, TWO.raw, THREE.raw]),
        offset=st.integers(0, 8_999),
        ready=st.sampled_from([None, TWO.manifest.sha256, THREE.manifest.sha256]),
    ),
    battery_percent=st.one_of(st.none(), st.integers(0, 100)),
    undrained=st.one_of(st.none(), st.integers(0, 3)),
    drained=st.booleans(),
    image_whole=st.booleans(),
    answering=st.sampled_from([None, "t1", "t2"]),
    forbidden=st.sampled_from(["", "no"]),
    restarts=st.integers(0, 4),
)


@given(views)
def test_nothing_that_changes_the_tracker_passes_a_shut_gate(view: View) -> None:
    act = next_update_act(view)
    if isinstance(act, Begin | Push | Restart):
        assert update_reasons_not(view, act.release) == ()
        assert view.drained
        assert view.undrained == 0


SLOTS = {"a": {"version": "1.0.0"}, "b": {"version": "2.0.0", "size": 1, "sha256": bytes(32)}}
PLAIN: dict[str, Any] = {
    "model": MODEL,
    "version": "1.0.0",
    "running": "a",
    "active": "a",
    "trial": "ready",
    "slots": SLOTS,
    "update": None,
    "keys": [],
}


def test_what_the_tracker_tells_is_read() -> None:
    assert read_told(cbor2.dumps(PLAIN)) == Told(MODEL, "1.0.0", None, 0, bytes(32), ())
    under_way = PLAIN | {"trial": "none", "update": {"release": b"r", "offset": 7, "size": 9}, "keys": list(KEYS)}
    assert read_told(cbor2.dumps(under_way)) == Told(MODEL, "1.0.0", b"r", 7, None, KEYS)


@pytest.mark.parametrize(
    "change",
    [
        {"model": 1},
        {"keys": [1]},
        {"version": "1" * 300},
        {"version": "\x1b[2J"},
        {"update": {"release": b"", "offset": -1}},
    ],
)
def test_what_cannot_be_read_is_one_error(change: dict[str, Any]) -> None:
    with pytest.raises(TrackerError) as refused:
        read_told(cbor2.dumps(PLAIN | change))
    assert refused.value.outcome is Outcome.TRACKER_UNREADABLE


@given(st.binary(max_size=40))
def test_any_bytes_are_one_error(raw: bytes) -> None:
    with pytest.raises(TrackerError):
        read_told(raw)


def test_a_release_that_cannot_be_read_does_not_hide_the_others() -> None:
    agents = release(IMAGE, "5.0.0", kind=ReleaseKind.AGENT, product="unstuck")
    entries: list[object] = [{"signed": base64.b64encode(signed).decode()} for signed in (TWO.raw, agents, b"future")]
    entries += [{"signed": "?"}, {"signed": "\u00e9"}, {"signed": None}, {}, 3]
    assert read_offers({"releases": entries, "minimum_agent": "0.1.0"}) == Offers((TWO,), "0.1.0")


@pytest.mark.parametrize("body", [None, [], {}, {"releases": 1, "minimum_agent": ""}])
def test_what_is_no_list_of_releases_is_one_error(body: object) -> None:
    with pytest.raises(ServerError):
        read_offers(body)
