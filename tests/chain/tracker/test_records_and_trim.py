"""The two acts of a sync as resources of their own, for phones that go by no status."""

import cbor2
import pytest

from tests.chain.tracker.crashing import CrashingFiles
from tests.chain.tracker.test_device import START, status, tracker
from unstuck.chain.link.coap import Code, Request, Response
from unstuck.chain.records import decode
from unstuck.chain.tracker.device import Tracker


def get(device: Tracker, *query: str, true_s: float = START + 6000) -> Response:
    return device.handle(Request(Code.GET, ("records",), query), true_s)


def trim(device: Tracker, body: object, true_s: float = START + 6000) -> Response:
    return device.handle(Request(Code.POST, ("trim",), payload=cbor2.dumps(body)), true_s)


def test_records_come_as_a_batch_from_where_the_phone_asks() -> None:
    device = tracker()
    batch = decode(get(device, "boot=0", "from=5", "max=20").payload)
    assert (batch.boot, batch.first, len(batch.records)) == (0, 5, 20)
    assert batch.records == device.memory.run(0, 5, 20)


def test_the_bytes_of_a_full_answer_do_not_change_while_more_is_recorded() -> None:
    device = tracker()
    query = ("boot=0", "from=3", "max=30")
    before = get(device, *query)
    assert get(device, *query, true_s=START + 60_000) == before


def test_what_is_not_held_is_not_found() -> None:
    device = tracker()
    for query in (("boot=0", "from=99999"), ("boot=7", "from=0")):
        assert get(device, *query).code == Code.NOT_FOUND


def test_a_trim_frees_up_to_there_and_is_on_disk_before_the_answer() -> None:
    files = CrashingFiles()
    device = tracker(files)
    device.advance(START + 6000)
    acts = files.acts
    response = trim(device, {"boot": 0, "through": 10})
    assert (response.code, files.acts) == (Code.CHANGED, acts + 1)
    again = tracker(CrashingFiles(files.data), START + 6000)
    assert again.memory.held[0] == device.memory.held[0]
    assert status(device, START + 6000)["trimmed"] == {0: 10}
    assert get(device, "boot=0", "from=10").code == Code.NOT_FOUND
    assert decode(get(device, "boot=0", "from=11").payload).first == 11


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"boot": 0, "through": 10**6}, Code.CONFLICT),
        ({"boot": 9, "through": 0}, Code.CONFLICT),
        ({"boot": 0}, Code.BAD_REQUEST),
        ({"boot": 0, "through": True}, Code.BAD_REQUEST),
        ({"boot": 0, "through": -1}, Code.BAD_REQUEST),
        ([1], Code.BAD_REQUEST),
    ],
)
def test_a_trim_that_cannot_be_frees_nothing(body: object, code: Code) -> None:
    device = tracker()
    device.advance(START + 6000)
    before = dict(device.memory.held)
    assert trim(device, body).code == code
    assert device.memory.held == before


@pytest.mark.parametrize(
    "query",
    [
        (),
        ("boot=0", "from=0", "max=0"),
        ("boot=0", "from=-1"),
        ("boot=0", "boot=0", "from=1"),
        ("boot=0", "from=1", "since=2"),
        ("boot=0", "from=" + "9" * 5000),
    ],
)
def test_a_question_that_is_none_is_refused_in_a_sentence(query: tuple[str, ...]) -> None:
    response = get(tracker(), *query)
    assert response.code == Code.BAD_REQUEST
    assert response.payload.decode().split()
