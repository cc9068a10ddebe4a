"""Blocks of lines: the same whatever the chunks, numbered as in an editor, bounded whatever comes."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unstuck.evidence.android.text import LINE_LIMIT_BYTES, as_utf8, blocks, encoding


def lines_of(chunks: list[bytes]) -> list[tuple[int, bytes]]:
    found = []
    for block in blocks(chunks):
        for row in range(len(block.starts)):
            found.append((block.first_line + row, block.line(block.first_line + row)))
    return found


@given(st.lists(st.binary(max_size=60), max_size=12))
def test_lines_are_those_of_the_text(parts: list[bytes]) -> None:
    whole = b"".join(parts)
    expected = whole.split(b"\n")
    if expected[-1] == b"":
        expected.pop()
    found = lines_of(parts)
    assert [line for _, line in found] == [line.rstrip(b"\r\n") for line in expected]
    assert [number for number, _ in found] == list(range(1, len(expected) + 1))


@settings(deadline=None, max_examples=20)
@given(st.integers(min_value=0, max_value=10_000))
def test_chunks_of_any_size_give_the_same_lines(seed: int) -> None:
    rng = random.Random(seed)
    sizes = [rng.choice([0, 1, 5, 80, 4_000, 70_000, 300_000]) for _ in range(6)]
    whole = b"".join(bytes([65 + count]) * size + b"\n" for count, size in enumerate(sizes)) * 3
    cut = []
    at = 0
    while at < len(whole):
        step = rng.choice([1, 100, 65_536, 262_144, 600_000, 2_000_000])
        cut.append(whole[at : at + step])
        at += step
    assert lines_of(cut) == lines_of([whole])


def test_long_lines_are_cut_and_the_next_keep_their_number() -> None:
    whole = b"a\n" + b"x" * 10_000_000 + b"\nb\n" + b"y" * (LINE_LIMIT_BYTES + 1) + b"\nlast"
    for size in (1_000, 65_536, 1 << 20, len(whole)):
        found = lines_of([whole[at : at + size] for at in range(0, len(whole), size)])
        assert [(number, len(line)) for number, line in found] == [
            (1, 1),
            (2, LINE_LIMIT_BYTES),
            (3, 1),
            (4, LINE_LIMIT_BYTES),
            (5, 4),
        ]


def test_text_without_any_newline_is_bounded() -> None:
    (block,) = blocks(b"z" * 100_000 for _ in range(200))
    assert block.size == LINE_LIMIT_BYTES + 1


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16"])
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200), st.integers(1, 7))
def test_marked_text_becomes_utf_8(codec: str, text: str, step: int) -> None:
    packed = text.encode(codec)
    chunks = [packed[at : at + step] for at in range(0, len(packed), step)]
    assert b"".join(as_utf8(chunks)) == text.encode()


@given(st.binary(max_size=300))
def test_bytes_that_are_no_text_pass_unchanged(data: bytes) -> None:
    if encoding(data) == ("utf-8", 0):
        assert b"".join(as_utf8([data])) == data
