"""Columns of a batch: many numbers of one field as a short byte string.

A column is one byte that says how it is written, then varints (7 bits a byte, lowest first, the top
bit set on all but the last, as LEB128). Bit 0 of the first byte: each number is written as the
difference to the one before (0 before the first), folded so that small negatives stay short
(0, -1, 1, -2 ... as 0, 1, 2, 3 ...). Bit 1: a 0 is followed by how many more zeros come. The writer
takes the shortest of the four, so a steady column costs three bytes whatever its length.
"""

from collections.abc import Sequence
from itertools import accumulate

DELTAS = 1
SPARSE = 2

MAX_VARINT_BYTES = 8
"""Most bytes of one number: 56 bits, room for any difference of two numbers below 2**53, folded."""


class ColumnError(ValueError):
    """The bytes are not a column of that many numbers in that range."""


def write_column(numbers: Sequence[int]) -> bytes:
    """The shortest of the four forms. ValueError for a number below 0."""
    if numbers and min(numbers) < 0:
        raise ValueError(f"{min(numbers)} in a column; numbers below 0 are not possible")
    deltas = [fold(now - before) for before, now in zip((0, *numbers), numbers, strict=False)]
    forms = ((0, numbers), (DELTAS, deltas), (SPARSE, _thin(numbers)), (SPARSE | DELTAS, _thin(deltas)))
    return min((bytes([form]) + _varints(written) for form, written in forms), key=len)


def read_column(data: bytes, count: int, largest: int) -> list[int]:
    """The ``count`` numbers in it, each 0 to ``largest``. ColumnError otherwise.

    Never holds more than ``count`` numbers or one for each byte.
    """
    if not data or data[0] > (SPARSE | DELTAS):
        raise ColumnError("unknown form")
    form, written = data[0], data[1:]
    small = written.isascii()
    numbers: list[int] = list(written) if small else _numbers(written)
    if form == SPARSE | DELTAS:
        numbers = _levels(numbers, count)
    elif form == SPARSE:
        numbers = _thicken(numbers, count)
    elif form == DELTAS:
        numbers = list(accumulate(map(_UNFOLDED.__getitem__ if small else unfold, numbers)))
    if len(numbers) != count:
        raise ColumnError(f"{len(numbers)} numbers where {count} belong")
    if numbers and not (min(numbers) >= 0 and max(numbers) <= largest):
        raise ColumnError(f"a number outside 0 to {largest}")
    return numbers


def fold(number: int) -> int:
    """A signed number as an unsigned one, small for small: 0, -1, 1, -2 ... become 0, 1, 2, 3 ..."""
    return number << 1 if number >= 0 else (-number << 1) - 1


def unfold(number: int) -> int:
    """The signed number again."""
    return (number >> 1) ^ -(number & 1)


_UNFOLDED = [unfold(number) for number in range(0x80)]
"""Numbers of one byte unfolded: most are, and looking one up takes a third of the time."""


def _thin(numbers: Sequence[int]) -> list[int]:
    written: list[int] = []
    zeros = 0
    for number in numbers:
        if number:
            if zeros:
                written += (0, zeros - 1)
                zeros = 0
            written.append(number)
        else:
            zeros += 1
    return [*written, 0, zeros - 1] if zeros else written


def _thicken(written: list[int], count: int) -> list[int]:
    numbers: list[int] = []
    items = iter(written)
    for item in items:
        numbers.append(item)
        if item == 0:
            more = next(items, None)
            if more is None or more > count - len(numbers):
                raise ColumnError("zeros beyond the end")
            numbers.extend([0] * more)
    return numbers


def _levels(written: list[int], count: int) -> list[int]:
    """Sparse differences, added up in one go: a steady stretch costs nothing for each number."""
    numbers: list[int] = []
    level = 0
    items = iter(written)
    for item in items:
        if item:
            level += unfold(item)
            numbers.append(level)
        else:
            more = next(items, None)
            if more is None or more >= count - len(numbers):
                raise ColumnError("zeros beyond the end")
            numbers += [level] * (more + 1)
    return numbers


def _varints(numbers: Sequence[int]) -> bytes:
    if not numbers or max(numbers) < 0x80:
        return bytes(numbers)
    out = bytearray()
    for number in numbers:
        while number > 0x7F:
            out.append(0x80 | (number & 0x7F))
            number >>= 7
        out.append(number)
    return bytes(out)


def _numbers(data: bytes) -> list[int]:
    numbers: list[int] = []
    number = shift = 0
    for byte in data:
        number |= (byte & 0x7F) << shift
        if byte & 0x80:
            shift += 7
            if shift >= 7 * MAX_VARINT_BYTES:
                raise ColumnError(f"a number of more than {MAX_VARINT_BYTES} bytes")
        else:
            if shift and not byte:
                raise ColumnError("a number longer than it must be")
            numbers.append(number)
            number = shift = 0
    if shift:
        raise ColumnError("ends in the middle of a number")
    return numbers
