import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.chain.tracker.crashing import CrashingFiles, PowerCutError
from unstuck.chain.records import Kind, Ranges, Record
from unstuck.chain.tracker.files import Folder, RamFiles
from unstuck.chain.tracker.memory import BrokenMemoryError, Capacity, Measured, Memory

SMALL = Capacity(detail=12, days=3, segment=5)

Key = tuple[int, int]


def measured(number: int) -> Measured:
    """Every seventh is a daily total."""
    if number % 7 == 6:
        return (Kind.DAY, 60 * number, 86_400, (number, 3, 4))
    return (Kind.MINUTE, 60 * number, 60, (number, 70, 12, 1))


class Model:
    """The same memory as plain lists."""

    def __init__(self, capacity: Capacity) -> None:
        self.capacity = capacity
        self.boot = -1
        self.held: dict[Key, Measured] = {}
        self.trimmed: set[Key] = set()
        self.overwritten: set[Key] = set()
        self.notes: tuple[int, ...] = ()
        self.ends: dict[int, int] = {}

    def start(self) -> None:
        self.boot += 1

    def write(self, items: list[Measured], notes: tuple[int, ...]) -> None:
        for item in items:
            key = (self.boot, self.ends.get(self.boot, 0))
            self.ends[self.boot] = key[1] + 1
            self.held[key] = item
            total = item[0] is Kind.DAY
            ring = sorted(k for k, held in self.held.items() if (held[0] is Kind.DAY) == total)
            if len(ring) > (self.capacity.days if total else self.capacity.detail):
                self.overwritten.add(ring[0])
                del self.held[ring[0]]
        if items:
            self.notes = notes

    def trim(self, boot: int, through: int) -> None:
        gone = {key for key in self.held if key[0] == boot and key[1] <= through}
        self.trimmed |= gone
        for key in gone:
            del self.held[key]

    def erase(self) -> None:
        self.overwritten |= set(self.held)
        self.held, self.notes = {}, ()
        self.boot += 1


def keys(spans: dict[int, Ranges]) -> set[Key]:
    return {(boot, n) for boot, ranges in spans.items() for first, last in ranges for n in range(first, last + 1)}


def contents(memory: Memory) -> dict[Key, Measured]:
    found: dict[Key, Measured] = {}
    for boot, ranges in memory.held.items():
        for first, last in ranges:
            run = memory.run(boot, first, last - first + 5)
            assert [record.sequence for record in run] == list(range(first, last + 1))
            found.update({(boot, record.sequence): record[2:] for record in run})
    return found


def agree(memory: Memory, model: Model) -> None:
    assert contents(memory) == model.held
    assert keys(memory.overwritten) == model.overwritten
    assert memory.notes == model.notes
    assert memory.boot == model.boot


Act = tuple[str, int, int]
acts = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(1, 12), st.just(0)),
        st.tuples(st.just("trim"), st.integers(0, 3), st.integers(0, 40)),
        st.tuples(st.just("restart"), st.just(0), st.just(0)),
        st.tuples(st.just("erase"), st.just(0), st.just(0)),
        st.tuples(st.just("note"), st.integers(0, 9), st.just(0)),
    ),
    max_size=25,
)


def act_on_model(act: Act, model: Model, number: int) -> None:
    match act:
        case ("write", count, _):
            model.write([measured(number + i) for i in range(count)], (number,))
        case ("trim", back, through):
            boot = model.boot - back
            if through < model.ends.get(boot, 0):
                model.trim(boot, through)
        case ("erase", _, _):
            model.erase()
        case ("note", note, _):
            model.notes = (note,)
        case _:
            model.start()


def act_on_memory(act: Act, memory: Memory, number: int) -> None:
    match act:
        case ("write", count, _):
            memory.write([measured(number + i) for i in range(count)], (number,))
        case ("trim", back, through):
            boot = memory.boot - back
            if through < memory.ends.get(boot, 0):
                memory.trim(boot, through)
        case ("erase", _, _):
            memory.erase()
        case ("note", note, _):
            memory.note((note,))


@settings(deadline=None)
@given(acts)
def test_the_memory_is_what_plain_lists_would_be(schedule: list[Act]) -> None:
    files, model = RamFiles(), Model(SMALL)
    memory = Memory(files, SMALL)
    model.start()
    for place, act in enumerate(schedule):
        act_on_model(act, model, 100 * place)
        if act[0] == "restart":
            memory = Memory(files, SMALL)
        else:
            act_on_memory(act, memory, 100 * place)
        agree(memory, model)
    again = Memory(files, SMALL)
    model.start()
    agree(again, model)


def schedule_for_crashes() -> list[Act]:
    source = random.Random(5)
    schedule: list[Act] = []
    for _ in range(40):
        schedule.append(("write", source.randrange(1, 5), 0))
        kind = source.choice(("trim", "restart", "write", "note", "erase", "trim"))
        schedule.append((kind, source.randrange(0, 2), source.randrange(20)) if kind == "trim" else (kind, 3, 0))
    return schedule


def run_until_cut(files: CrashingFiles, schedule: list[Act]) -> int | None:
    """The act in which the power went; -1 in the first start, None when it never did."""
    place = -1
    try:
        memory = Memory(files, SMALL)
        for place, act in enumerate(schedule):
            if act[0] == "restart":
                memory = Memory(files, SMALL)
            else:
                act_on_memory(act, memory, 100 * place)
    except PowerCutError:
        return place
    return None


def model_after(schedule: list[Act], acts_done: int) -> Model:
    model = Model(SMALL)
    model.start()
    for place, act in enumerate(schedule[:acts_done]):
        act_on_model(act, model, 100 * place)
    return model


def cut_everywhere(schedule: list[Act], part: float, kind: type[CrashingFiles] = CrashingFiles) -> int:
    """Run the schedule once for each durable act, cut there; after each all is as before the act or after it."""
    whole = kind()
    assert run_until_cut(whole, schedule) is None
    for cut_at in range(whole.acts):
        files = kind(cut_at=cut_at, part=part)
        place = run_until_cut(files, schedule)
        assert place is not None
        before, after = model_after(schedule, max(0, place)), model_after(schedule, place + 1)
        memory = Memory(RamFilesWith(files.data), SMALL)
        possible = [(model.held, model.overwritten) for model in (before, after)]
        assert (contents(memory), keys(memory.overwritten)) in possible, (cut_at, place, schedule[place])
        used = {boot for boot, _ in before.held.keys() | before.trimmed | before.overwritten | after.held.keys()}
        assert memory.boot > max(used, default=-1)
    return whole.acts


@pytest.mark.parametrize("part", [0.0, 0.01, 0.5, 0.99, 1.0])
def test_a_power_cut_at_any_write_loses_nothing_that_was_there(part: float) -> None:
    assert cut_everywhere(schedule_for_crashes(), part) > 50


class HastyFiles(CrashingFiles):
    """The fault we fear, planted: an append returns at once and is on disk only with the next act."""

    def __init__(self, data: dict[str, bytes] | None = None, cut_at: int = -1, part: float = 0.0) -> None:
        super().__init__(data, cut_at, part)
        self._later: tuple[str, bytes] | None = None

    def append(self, name: str, data: bytes) -> None:
        self._catch_up()
        self._later = (name, data)

    def create(self, name: str, data: bytes) -> None:
        self._catch_up()
        super().create(name, data)

    def read(self, name: str) -> bytes:
        self._catch_up()
        return super().read(name)

    def remove(self, name: str) -> None:
        self._catch_up()
        super().remove(name)

    def _catch_up(self) -> None:
        if self._later:
            (name, data), self._later = self._later, None
            super().append(name, data)


def test_a_medium_that_says_done_before_it_is_would_be_caught() -> None:
    with pytest.raises(AssertionError, match=r" in \["):
        cut_everywhere(schedule_for_crashes(), 0.0, HastyFiles)


class RamFilesWith(RamFiles):
    def __init__(self, data: dict[str, bytes]) -> None:
        super().__init__()
        self.data = dict(data)


def test_a_second_power_cut_during_the_restart_changes_nothing() -> None:
    first = CrashingFiles()
    memory = Memory(first, SMALL)
    for n in range(30):
        memory.write([measured(n)], (30,))
    kept, lost = contents(memory), keys(memory.overwritten)
    restart = CrashingFiles(first.data)
    Memory(restart, SMALL)
    for cut_at in range(restart.acts):
        files = CrashingFiles(first.data, cut_at=cut_at, part=0.5)
        with pytest.raises(PowerCutError):
            Memory(files, SMALL)
        again = Memory(RamFilesWith(files.data), SMALL)
        assert (contents(again), keys(again.overwritten)) == (kept, lost)


def test_a_full_ring_says_to_the_minute_what_it_overwrote() -> None:
    capacity = Capacity(detail=1440, days=30, segment=300)
    memory = Memory(RamFiles(), capacity)
    for first in range(0, 2000, 100):
        memory.write([(Kind.MINUTE, 60 * n, 60, (n, 0, 0, 1)) for n in range(first, first + 100)], ())
    assert memory.overwritten == {0: Ranges.span(0, 559)}
    assert memory.held == {0: Ranges.span(560, 1999)}
    assert memory.run(0, 559, 5) == ()
    assert memory.run(0, 1998, 5)[0].value == (1998, 0, 0, 1)


def test_daily_totals_outlive_the_minutes_around_them() -> None:
    files = RamFiles()
    memory = Memory(files, Capacity(detail=20, days=30, segment=10))
    for day in range(35):
        memory.write([(Kind.MINUTE, 0, 60, (day, 0, 0, 1))] * 10, ())
        memory.write([(Kind.DAY, 0, 86_400, (day, 0, 0))], ())
    totals = [record.value[0] for record in memory_totals(memory)]
    assert totals == list(range(5, 35))
    assert len(files.data) <= 5
    assert [record.value[0] for record in memory_totals(Memory(files, memory.capacity))] == totals


def memory_totals(memory: Memory) -> list[Record]:
    spans = [(boot, first, last) for boot in sorted(memory.held) for first, last in memory.held[boot]]
    records = [record for boot, first, last in spans for record in memory.run(boot, first, last - first + 1)]
    return [record for record in records if record.kind is Kind.DAY]


def test_what_a_damaged_file_took_is_reported_as_lost() -> None:
    files = RamFiles()
    memory = Memory(files, SMALL)
    for n in range(10):
        memory.write([(Kind.MINUTE, n, 60, (n, 0, 0, 1))], ())
    oldest = min(files.data)
    files.data[oldest] = files.data[oldest][:-40]
    again = Memory(files, SMALL)
    assert again.torn == 1
    assert keys(again.held) | keys(again.overwritten) == {(0, n) for n in range(10)}
    assert keys(again.overwritten)
    assert not keys(again.held) & keys(again.overwritten)


def test_a_boot_number_is_never_used_twice_even_if_a_whole_segment_is_lost() -> None:
    files = RamFiles()
    for _ in range(3):
        Memory(files, SMALL)
    files.data[max(files.data)] = b"\xff" * 30
    assert Memory(files, SMALL).boot == 3


def test_a_failed_write_stops_the_memory_until_a_restart() -> None:
    class Full(RamFiles):
        full = False

        def append(self, name: str, data: bytes) -> None:
            super().append(name, data[:5] if self.full else data)
            if self.full:
                raise OSError(28, "No space left on device")

    files = Full()
    memory = Memory(files, SMALL)
    memory.write([measured(0)], ())
    files.full = True
    with pytest.raises(OSError, match="No space"):
        memory.write([measured(1)], ())
    files.full = False
    with pytest.raises(BrokenMemoryError):
        memory.write([measured(2)], ())
    again = Memory(files, SMALL)
    assert contents(again) == {(0, 0): measured(0)}


def test_a_trim_beyond_what_was_recorded_is_refused() -> None:
    memory = Memory(RamFiles(), SMALL)
    memory.write([measured(0)], ())
    for boot, through in ((0, 1), (1, 0), (0, -1)):
        with pytest.raises(ValueError, match="no record"):
            memory.trim(boot, through)
    assert memory.trim(0, 0) == 1
    assert memory.trim(0, 0) == 0


def test_numbers_no_record_can_have_leave_the_memory_as_it_was() -> None:
    memory = Memory(RamFiles(), SMALL)
    with pytest.raises(ValueError, match=r"below|outside"):
        memory.write([(Kind.MINUTE, 0, 60, (-1, 0, 0, 1))], ())
    memory.write([measured(0)], ())
    assert contents(memory) == {(0, 0): measured(0)}


def test_a_write_that_cannot_fit_is_refused_whole() -> None:
    memory = Memory(RamFiles(), SMALL)
    total = (Kind.DAY, 0, 86_400, (1, 2, 3))
    for too_many in ([measured(0)] * 13, [total] * 4, []):
        with pytest.raises(ValueError, match="one write"):
            memory.write(too_many, ())
    assert contents(memory) == {}


def test_a_folder_keeps_what_the_process_forgets(tmp_path: Path) -> None:
    memory = Memory(Folder(tmp_path), SMALL)
    memory.write([measured(n) for n in range(9)], (9,))
    memory.trim(0, 3)
    again = Memory(Folder(tmp_path), SMALL)
    assert contents(again) == contents(memory)
    assert (again.notes, again.boot) == ((9,), 1)


def test_a_second_process_on_the_folder_stops_the_first(tmp_path: Path) -> None:
    first = Memory(Folder(tmp_path), SMALL)
    Memory(Folder(tmp_path), SMALL)
    with pytest.raises(OSError, match="No such file"):
        first.write([measured(0)], ())
