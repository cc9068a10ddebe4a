"""How often is too often, who counts as one address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstuck.chain.server.domain import limits
from unstuck.chain.server.domain.limits import Limiter, Rate


@given(
    burst=st.integers(1, 20),
    interval_s=st.floats(0.01, 100),
    steps=st.lists(st.floats(0, 50), min_size=1, max_size=60),
)
def test_never_more_than_burst_and_one_an_interval_in_any_span(
    burst: int, interval_s: float, steps: list[float]
) -> None:
    limiter, rate, now = Limiter(), Rate(interval_s, burst), 0.0
    allowed: list[float] = []
    for step in steps:
        now += step
        if limiter.take(("key",), rate, now) == 0:
            allowed.append(now)
    for first, start in enumerate(allowed):
        for last in range(first, len(allowed)):
            assert last - first + 1 <= burst + (allowed[last] - start) / interval_s + 1e-6


@given(burst=st.integers(1, 20), interval_s=st.floats(0.01, 100), tries=st.integers(1, 50))
def test_who_waits_as_told_is_let_in_however_often_they_knocked(burst: int, interval_s: float, tries: int) -> None:
    limiter, rate = Limiter(), Rate(interval_s, burst)
    waits = [limiter.take(("key",), rate, 5.0) for _ in range(burst + tries)]
    assert waits[:burst] == [0.0] * burst
    assert min(waits[burst:]) > 0
    assert limiter.take(("key",), rate, 5.0 + waits[-1]) == 0


def test_one_key_does_not_count_for_another() -> None:
    limiter, rate = Limiter(), Rate(10.0, 1)
    assert limiter.take(("a",), rate, 0.0) == 0
    assert limiter.take(("b",), rate, 0.0) == 0
    assert limiter.take(("a",), rate, 0.0) > 0


def test_memory_of_keys_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_MOST_KEYS", 10)
    limiter = Limiter()
    for at in range(1000):
        limiter.take((str(at),), Rate(10.0, 1), 0.0)
    assert len(limiter._arrivals) == 10


def test_a_customers_ipv6_addresses_count_as_one() -> None:
    assert limits.neighbourhood("2001:db8::1") == limits.neighbourhood("2001:db8::ffff:1")
    assert limits.neighbourhood("2001:db8::1") != limits.neighbourhood("2001:db8:0:1::1")
    assert limits.neighbourhood("192.0.2.1") != limits.neighbourhood("192.0.2.2")
    assert limits.neighbourhood("unix") == "unix"


def test_ipv4_addresses_written_as_ipv6_count_each_for_itself() -> None:
    assert limits.neighbourhood("::ffff:192.0.2.1") == limits.neighbourhood("192.0.2.1")
    assert limits.neighbourhood("::ffff:192.0.2.1") != limits.neighbourhood("::ffff:192.0.2.2")
