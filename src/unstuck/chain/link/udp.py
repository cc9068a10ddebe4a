"""A link over UDP: one Gattlink packet a datagram, one peer. And a local port through which others use the link."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

Address = tuple[str, int]


class UdpPort(asyncio.DatagramProtocol):
    """A socket. ``received`` gets each datagram and its sender; with ``only`` given, those of others are ignored."""

    def __init__(self, received: Callable[[bytes, Address], None], only: Address | None = None) -> None:
        self.ignored = 0
        self._received = received
        self._only = only
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is ready."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """A datagram came."""
        sender = (addr[0], addr[1])
        if self._only is not None and sender != self._only:
            self.ignored += 1
            return
        self._received(data, sender)

    def error_received(self, exc: Exception) -> None:
        """The peer's port is closed at present: as with a peer out of reach, Gattlink goes on asking."""

    def send(self, datagram: bytes, to: Address) -> None:
        """Send one datagram."""
        if self._transport:
            self._transport.sendto(datagram, to)

    @property
    def address(self) -> Address:
        """Where it listens."""
        host, port = self._transport.get_extra_info("sockname")[:2] if self._transport else ("", 0)
        return host, port

    def close(self) -> None:
        """Close the socket."""
        if self._transport:
            self._transport.close()


async def open_port(local: Address, received: Callable[[bytes, Address], None], only: Address | None = None) -> UdpPort:
    """Listen on an IPv4 address. OSError when that is not possible."""
    loop = asyncio.get_running_loop()
    with _names_as_os_errors(local[0]):
        _, port = await loop.create_datagram_endpoint(lambda: UdpPort(received, only), local_addr=local)
    return port


async def resolve(host: str, port: int) -> Address:
    """The IPv4 address of a host. OSError when there is none."""
    loop = asyncio.get_running_loop()
    with _names_as_os_errors(host):
        found = await loop.getaddrinfo(host, port, family=socket.AF_INET, type=socket.SOCK_DGRAM)
    address = found[0][4]
    return str(address[0]), int(address[1])


@contextmanager
def _names_as_os_errors(host: str) -> Iterator[None]:
    """What cannot even be asked for, as ``a..b`` or a label of 64 letters, Python tells as ValueError (UnicodeError
    among them), which no caller expects: it is a host that cannot be had like any other.
    """
    try:
        yield
    except ValueError as error:
        raise OSError(f"{host!r} is no name of a host") from error
