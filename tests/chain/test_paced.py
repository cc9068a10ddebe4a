"""The loop whose clock runs faster or jumps: when time passes, when it does not."""

import asyncio
import math
import socket
import threading
import time
from typing import Any

import pytest

from unstuck.chain.paced import LOOKED_AT_EVERY, PacedLoop, run


def paced() -> PacedLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, PacedLoop)
    return loop


def test_a_year_of_waiting_takes_no_time() -> None:
    async def work() -> float:
        began_s = paced().time()
        await asyncio.sleep(365 * 86_400.0)
        return paced().time() - began_s

    assert run(work()) == pytest.approx(365 * 86_400.0)


def test_time_passes_only_when_all_wait() -> None:
    async def work() -> list[tuple[str, float]]:
        seen: list[tuple[str, float]] = []

        async def sleeps() -> None:
            await asyncio.sleep(1.0)
            seen.append(("slept", paced().time()))

        sleeping = asyncio.create_task(sleeps())
        for _ in range(1000):
            await asyncio.sleep(0)
        seen.append(("worked", paced().time()))
        await sleeping
        return seen

    (_, worked_s), (_, slept_s) = run(work())
    assert worked_s == 0.0
    assert slept_s == pytest.approx(1.0)


def test_a_file_of_somebody_else_is_looked_at_in_every_round() -> None:
    """With a file beside the loop's own nothing is passed over."""

    async def work() -> int:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            read = asyncio.Event()
            paced().add_reader(ours, read.set)
            theirs.send(b"x")
            rounds = 0
            while not read.is_set():
                rounds += 1
                await asyncio.sleep(0)
            paced().remove_reader(ours)
            return rounds

    assert run(work()) <= 2


def test_another_thread_gets_through_to_a_loop_that_never_rests() -> None:
    """It has no file of its own and was not started by the loop: it is seen within a few rounds all the same."""

    async def work() -> int:
        called = asyncio.Event()
        thread = threading.Thread(target=paced().call_soon_threadsafe, args=(called.set,))
        thread.start()
        thread.join()
        rounds = 0
        while not called.is_set():
            rounds += 1
            await asyncio.sleep(0)
        return rounds

    assert run(work()) <= LOOKED_AT_EVERY + 2


def test_timers_come_in_their_order_each_at_its_time() -> None:
    async def work() -> list[float]:
        seen: list[float] = []
        for delay_s in (3.0, 1.0, 2.0, 0.0001):
            paced().call_later(delay_s, lambda: seen.append(paced().time()))
        await asyncio.sleep(5.0)
        return seen

    assert run(work(), start_s=100.0) == pytest.approx([100.0001, 101.0, 102.0, 103.0])


def test_unix_seconds_as_a_start_do_not_stop_the_clock() -> None:
    async def work() -> int:
        ticks = 0
        while paced().time() < 1_460_505_600.0 + 10:
            await asyncio.sleep(0.015)
            ticks += 1
        return ticks

    assert 600 < run(work(), start_s=1_460_505_600.0) < 700


@pytest.mark.parametrize("start_s", [0.0, 86_400.0, 1_460_505_600.0])
def test_a_moment_that_was_waited_for_has_come_by_any_reckoning(start_s: float) -> None:
    async def work() -> int:
        tried = 0
        for number in range(2000):
            due_ms = paced().time() * 1000.0 + number * 0.1 + 0.3
            come = asyncio.Event()
            paced().call_at(due_ms / 1000.0, come.set)
            await come.wait()
            assert paced().time() * 1000.0 >= due_ms
            tried += 1
        return tried

    assert run(work(), start_s=start_s) == 2000


@pytest.mark.parametrize("speed", [math.inf, 1000.0])
def test_the_clock_is_held_while_a_thread_works(speed: float) -> None:
    async def work() -> tuple[float, float]:
        timer = asyncio.create_task(asyncio.sleep(3600.0))
        began_s = paced().time()
        await asyncio.to_thread(time.sleep, 0.05)
        worked_s = paced().time() - began_s
        timer.cancel()
        # Afterwards it runs again.
        await asyncio.sleep(7.0)
        return worked_s, paced().time() - began_s

    worked_s, all_s = run(work(), speed)
    assert worked_s < 60.0
    assert all_s >= 7.0


def test_what_holds_the_clock_lets_it_go_even_when_it_fails() -> None:
    async def work() -> float:
        def fails() -> None:
            raise ValueError("in the thread")

        with pytest.raises(ValueError, match="in the thread"):
            await asyncio.to_thread(fails)
        with pytest.raises(KeyError), paced().held():
            raise KeyError
        # An executor that is shut down takes nothing.
        await paced().shutdown_default_executor()
        with pytest.raises(RuntimeError):
            await asyncio.to_thread(fails)
        await asyncio.sleep(3600.0)
        return paced().time()

    assert run(work()) == pytest.approx(3600.0)


def test_holds_add_up() -> None:
    async def work() -> float:
        with paced().held():
            with paced().held():
                pass
            thread = threading.Thread(target=lambda: paced_loop.call_soon_threadsafe(done.set))
            paced_loop, done = paced(), asyncio.Event()
            waiting = asyncio.create_task(asyncio.sleep(3600.0))
            thread.start()
            await done.wait()
            thread.join()
            waiting.cancel()
            return paced().time()

    assert run(work()) == 0.0


def test_a_thread_wakes_a_loop_that_has_no_timers() -> None:
    async def work() -> str:
        loop, said = paced(), asyncio.get_running_loop().create_future()

        def speak() -> None:
            loop.call_soon_threadsafe(said.set_result, "here")

        thread = threading.Thread(target=speak)
        thread.start()
        heard = str(await said)
        thread.join()
        return heard

    assert run(work()) == "here"


def test_a_finite_speed_is_never_ahead() -> None:
    speed = 200.0

    async def work() -> None:
        began_s, real_s = paced().time(), time.monotonic()
        for delay_s in (0.01, 0.1, 1.0, 3.0):
            await asyncio.sleep(delay_s)
            assert paced().time() - began_s <= (time.monotonic() - real_s) * speed + 1e-6

    run(work(), speed)


def test_waking_late_does_not_make_several_timers_due_at_once() -> None:
    async def work() -> list[float]:
        seen: list[float] = []
        paced().call_later(1.0, lambda: seen.append(paced().time()))
        paced().call_later(50.0, lambda: seen.append(paced().time()))
        # The selector is late by much more than the 50 s of the loop, as on a busy machine.
        selector = paced()._selector  # type: ignore[attr-defined]
        select = selector.select

        def sleeps_too_long(real_s: float | None) -> list[Any]:
            time.sleep(0.02 + (real_s or 0.0))
            return []

        def late(timeout: float | None = None) -> list[Any]:
            return paced().wait(sleeps_too_long, timeout)

        selector.select = late
        await asyncio.sleep(2.0)
        assert len(seen) == 1, "the timer of 50 s came 48 s too early"
        selector.select = select
        await asyncio.sleep(60.0)
        return seen

    first_s, second_s = run(work(), 10_000.0)
    assert first_s < 3.0
    assert second_s >= 50.0


def test_another_thread_never_sees_time_go_back() -> None:
    async def work() -> None:
        loop, stop = paced(), threading.Event()
        backwards: list[tuple[float, float]] = []

        def watch() -> None:
            last_s = loop.time()
            while not stop.is_set():
                now_s = loop.time()
                if now_s < last_s:
                    backwards.append((last_s, now_s))
                last_s = now_s

        thread = threading.Thread(target=watch)
        thread.start()
        for _ in range(200):
            await asyncio.sleep(0.05)
        stop.set()
        thread.join()
        assert backwards == []

    run(work(), 1000.0)
