"""The byte stream above Gattlink: bytes enter, frames leave, cut by the length in their bytes 2 and 3.

A frame is an IPv4 packet or one with a compressed header; both hold their own length, big-endian, in the same place.
There is no mark between frames, so a wrong length cannot be noticed here. Source: docs/reference/gattlink.md.
"""

from unstuck.chain.link.events import DropReason
from unstuck.chain.link.settings import IP_MTU_BYTES

HEAD_BYTES = 4
"""Up to and with the length."""


def frame_length(head: bytes | bytearray) -> int:
    """The length a frame gives itself, in bytes; ``head`` has at least four."""
    return int.from_bytes(head[2:HEAD_BYTES], "big")


def is_frame(data: bytes) -> bool:
    """Whether these bytes would come out of the stream as they went in."""
    return HEAD_BYTES <= len(data) <= IP_MTU_BYTES and frame_length(data) == len(data)


class FrameAssembler:
    """Cuts one session's stream. Make a new one for each session: a frame begun in the old one never ends."""

    def __init__(self) -> None:
        self._begun = bytearray()
        self._skip_bytes = 0

    def feed(self, data: bytes) -> list[bytes | DropReason]:
        """Whole frames in order, and a reason wherever something had to be thrown away."""
        self._begun += data
        out: list[bytes | DropReason] = []
        while True:
            skipped = min(self._skip_bytes, len(self._begun))
            del self._begun[:skipped]
            self._skip_bytes -= skipped
            if self._skip_bytes or len(self._begun) < HEAD_BYTES:
                return out
            length = frame_length(self._begun)
            if length < HEAD_BYTES:
                self._skip_bytes = HEAD_BYTES
                out.append(DropReason.FRAME_TOO_SHORT)
            elif length > IP_MTU_BYTES:
                self._skip_bytes = length
                out.append(DropReason.FRAME_TOO_LONG)
            elif len(self._begun) < length:
                return out
            else:
                out.append(bytes(self._begun[:length]))
                del self._begun[:length]
