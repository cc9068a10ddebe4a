"""Constants of Gattlink and the choices an endpoint has; source: docs/reference/gattlink.md."""

from dataclasses import dataclass

SEQUENCE_NUMBERS = 32
"""Packets are numbered modulo this: 5 bits of the data header."""

PACKET_LIMIT_BYTES = 512
"""Longest packet, headers included, sent or taken: no GATT value is longer (Bluetooth Core, vol. 3 part F, 3.2.9)."""

PACKET_LEAST_BYTES = 5
"""A Reset Complete has to fit into one packet."""

PACKET_DEFAULT_BYTES = 20
"""The first ATT MTU of a connection is 23 bytes, 3 of them ATT's own; it holds until a larger one is agreed."""

WINDOW_DEFAULT_PACKETS = 8
"""What Golden Gate announces."""

WINDOW_LIMIT_PACKETS = SEQUENCE_NUMBERS - 1
"""With 32 packets under way the numbers of old and new packets would be the same."""

REQUEST_REPEAT_MS = 1000.0
"""A Reset Request is repeated after this, without end and without back-off, as Golden Gate does."""

COMPLETE_WAIT_MS = 2000.0
"""How long the peer's closing Reset Complete is awaited before the handshake begins anew: two Request periods."""

ACK_DELAY_MS = 200.0
"""An acknowledgement not due by count is sent this long after the last data packet."""

RETRANSMIT_MS = 4000.0
"""Fixed wait for an acknowledgement, no back-off. Must exceed ``ACK_DELAY_MS`` and the round trip."""

STALL_NOTICE_MS = 12_000.0
"""Silence of the peer during retransmission that is worth a notice: three retransmissions unanswered."""

NO_PROGRESS_MS = 60_000.0
"""Ours, not Golden Gate's: no in-order progress for this long means that the two ends disagree on the numbers, and only
a reset helps. Fifteen retransmissions; at 50 % loss fifteen losses in a row happen once in 30,000 packets."""

ATT_HEADER_BYTES = 3
"""Of a write or a notification, before its value (Bluetooth Core, vol. 3 part F, 3.4.5.3 and 3.4.7.1)."""

L2CAP_HEADER_BYTES = 4
"""Length and channel, before ATT (Bluetooth Core, vol. 3 part A, 3.1)."""

LINK_LAYER_BYTES = 251
"""Longest payload of a packet of the link layer, with the length extension of Bluetooth 4.2."""

GATT_WINDOW_PACKETS = 16
"""Twice Golden Gate's: a peer of theirs announces 8, and 8 it is then."""

IP_MTU_BYTES = 1280
"""Longest frame in the byte stream: the least MTU that IPv6 allows, which Golden Gate took for its IPv4 too."""

SEND_BUFFER_BYTES = 2 * IP_MTU_BYTES
"""Bytes handed in and not yet acknowledged, at the least: two whole frames."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What one end of a link chooses. ValueError when a value cannot work.

    ``packet_bytes``: longest packet this end sends (ATT MTU less 3). ``send_window``, ``receive_window``: packets;
    the peer's announcement can only lower them. ``no_progress_ms``: None leaves a disagreement in place for ever, as
    Golden Gate does. ``ride``: an acknowledgement that waits goes on the next data packet, which saves a packet for
    each answer; False leaves it until it is due, as Golden Gate does. ``compress``: send short headers, without UDP's
    checksum: only where the transport itself finds damaged packets. They are understood in any case.
    """

    packet_bytes: int = PACKET_DEFAULT_BYTES
    send_window: int = WINDOW_DEFAULT_PACKETS
    receive_window: int = WINDOW_DEFAULT_PACKETS
    retransmit_ms: float = RETRANSMIT_MS
    no_progress_ms: float | None = NO_PROGRESS_MS
    ride: bool = True
    compress: bool = False

    def __post_init__(self) -> None:
        if not PACKET_LEAST_BYTES <= self.packet_bytes <= PACKET_LIMIT_BYTES:
            raise ValueError(
                f"a packet has {PACKET_LEAST_BYTES} to {PACKET_LIMIT_BYTES} bytes, not {self.packet_bytes}"
            )
        for window in (self.send_window, self.receive_window):
            if not 0 <= window <= WINDOW_LIMIT_PACKETS:
                raise ValueError(f"a window has 0 to {WINDOW_LIMIT_PACKETS} packets, not {window}")
        if self.retransmit_ms <= ACK_DELAY_MS:
            raise ValueError(f"retransmission must wait longer than an acknowledgement ({ACK_DELAY_MS:g} ms)")

    @property
    def buffer_bytes(self) -> int:
        """Room for bytes not yet acknowledged.

        Beyond two frames it holds a full window and one frame more. With less, a burst ends before the
        receiver has counted half its window, and each burst waits for the delayed acknowledgement.
        """
        return max(SEND_BUFFER_BYTES, self.send_window * (self.packet_bytes - 1) + IP_MTU_BYTES)


def over_gatt(value_bytes: int) -> Settings:
    """For a link over GATT whose values have at most so many bytes (ATT MTU less 3).

    Short headers: the link layer below has a CRC of 24 bits in each packet and, encrypted, a MIC of 32 (Bluetooth Core,
    vol. 6 part B, 2.1), and asks for damaged packets again. Windows of 16: with 8 a burst ends before the first
    acknowledgement can be back, two connection events later.
    """
    return Settings(gatt_packet_bytes(value_bytes), GATT_WINDOW_PACKETS, GATT_WINDOW_PACKETS, compress=True)


def gatt_packet_bytes(value_bytes: int) -> int:
    """Longest packet over GATT: one that fills whole packets of the link layer, where the MTU allows as much."""
    longest = min(value_bytes, PACKET_LIMIT_BYTES)
    around = ATT_HEADER_BYTES + L2CAP_HEADER_BYTES
    whole = (longest + around) // LINK_LAYER_BYTES * LINK_LAYER_BYTES - around
    return max(PACKET_DEFAULT_BYTES, whole if whole > 0 else longest)
