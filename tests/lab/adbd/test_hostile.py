"""Whatever comes over the network, the daemon answers, waits or hangs up; nothing else."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from unstuck.lab.adbd.keys import parse_key
from unstuck.lab.adbd.machine import Machine
from unstuck.lab.adbd.sync import SyncService
from unstuck.lab.adbd.wire import Command, Message, WireError

messages = st.builds(
    Message,
    st.sampled_from(Command),
    st.integers(0, 0xFFFFFFFF),
    st.integers(0, 0xFFFFFFFF) | st.integers(0, 3),
    st.binary(max_size=64),
)


def missing(path: str) -> bytes:
    raise FileNotFoundError(path)


@given(st.lists(messages, max_size=12), st.booleans())
def test_any_row_of_messages(row: list[Message], asks: bool) -> None:
    machine = Machine("", (), (lambda: b"t" * 20) if asks else None)
    for message in row:
        with contextlib.suppress(WireError):
            for event in machine.feed(message.encoded(checked=True)):
                stream = getattr(event, "stream", 0)
                machine.write(stream, b"some answer")
                machine.close(stream)
        machine.to_send()
    assert machine.online is False or not asks


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    machine = Machine("", (), None)
    with contextlib.suppress(WireError):
        machine.feed(data)
    assert parse_key(data) is None
    service = SyncService(missing)
    service.feed(data)
