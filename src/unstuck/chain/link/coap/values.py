"""Requests, responses and blocks as the code above CoAP sees them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from unstuck.chain.link.coap.message import Code, Message, Option, uint

LARGEST_EXPONENT: Final = 6
"""Blocks of 16 * 2**6 = 1024 bytes, the largest there is; with all headers it fits into a frame of 1280."""

BODY_LIMIT_BYTES: Final = 4 * 1024 * 1024
"""Longest body put together from blocks, either way: a firmware image of a tracker has about 1 MB."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request with its whole body."""

    method: Code
    path: tuple[str, ...]
    query: tuple[str, ...] = ()
    payload: bytes = b""
    content_format: int | None = None

    def options(self) -> list[tuple[int, bytes]]:
        """Path, query and format as options."""
        out = [(int(Option.URI_PATH), one.encode()) for one in self.path]
        out += [(int(Option.URI_QUERY), one.encode()) for one in self.query]
        if self.content_format is not None:
            out.append((Option.CONTENT_FORMAT, uint(self.content_format)))
        return out


@dataclass(frozen=True, slots=True)
class Response:
    """A response with its whole body. ``code`` may be one that :class:`Code` does not list."""

    code: int
    payload: bytes = b""
    content_format: int | None = None

    @property
    def ok(self) -> bool:
        """A code of class 2."""
        return self.code >> 5 == 2


Handler = Callable[[Request], Response]


@dataclass(frozen=True, slots=True)
class Block:
    """A Block1 or Block2 option: this is block ``number``, of 16 * 2**``exponent`` bytes, and ``more`` follow."""

    number: int
    more: bool
    exponent: int

    @property
    def size(self) -> int:
        """Bytes of a block."""
        return 16 << self.exponent

    @property
    def start(self) -> int:
        """Offset of the block in the body."""
        return self.number * self.size

    def to_bytes(self) -> bytes:
        """The option's value."""
        return uint(self.number << 4 | self.more << 3 | self.exponent)


def block_of(message: Message, option: Option) -> Block | None:
    """The block option of a message; None without one or when it is malformed (:func:`bad_block` tells)."""
    value = message.first(option)
    if value is None or len(value) > 3:
        return None
    number = int.from_bytes(value, "big")
    return Block(number >> 4, bool(number & 8), number & 7) if number & 7 <= LARGEST_EXPONENT else None


def bad_block(message: Message) -> bool:
    """Whether a block option is there that cannot be one."""
    return any(
        message.first(option) is not None and block_of(message, option) is None
        for option in (Option.BLOCK1, Option.BLOCK2)
    )


def format_of(message: Message) -> int | None:
    """The content format of a message."""
    value = message.first(Option.CONTENT_FORMAT)
    return None if value is None else int.from_bytes(value, "big")
