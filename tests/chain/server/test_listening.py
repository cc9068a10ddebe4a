"""The socket that the server listens on."""

import socket

from unstuck.chain.server.serve import listen


def test_an_answer_in_two_writes_does_not_wait_for_an_acknowledgement() -> None:
    listener, address = listen("127.0.0.1", 0)
    port = int(address.rsplit(":", 1)[1])
    with listener, socket.create_connection(("127.0.0.1", port)):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
