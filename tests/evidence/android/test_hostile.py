"""Whatever bytes come, the reader reads or says why not; facts do not depend on chunks; memory stays bounded."""

import random
import tracemalloc
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evidence.android import forms
from tests.evidence.android.forms import FITBIT, Phone
from tests.evidence.android.helpers import facts, one, read_text
from unstuck.evidence.android import page, sections
from unstuck.evidence.android.reader import read, recognise
from unstuck.evidence.android.text import LINE_LIMIT_BYTES
from unstuck.model.errors import ErrorCode, EvidenceError
from unstuck.model.evidence import ReaderOptions
from unstuck.model.vocabulary import violations

OPTIONS = ReaderOptions(frozenset({FITBIT}))
REPORT = forms.report(Phone("14", exempt=True, crashes=("08-18 10:00:00",), extra=forms.snooz_block()))


def check(chunks: list[bytes]) -> None:
    code = None
    wrong: list[str] = []
    try:
        wrong = [words for fact in read(chunks, "x", OPTIONS).facts for words in violations(fact)]
    except EvidenceError as error:
        code = error.code
    assert wrong == []
    assert code in (None, ErrorCode.SOURCE_EMPTY, ErrorCode.SOURCE_UNKNOWN)


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_raise_nothing_else(data: bytes) -> None:
    recognise(data)
    check([data])


_TITLES = [
    b"== dumpstate: 2023-08-19 15:00:00\n", b"Bluetooth Status\n", b"Battery History (\n", b"9,0,i,vers,1,1,\n",
    b"POWER MANAGER (dumpsys power)\n", b"Current AppOps Service state:\n", b"Packages:\nKey Set Manager:\n",
    b"--------- beginning of main\n", b"GLOBAL SETTINGS (user 0)\n", b"Current Alarm Manager state:\n",
    b"DUMP OF SERVICE jobscheduler:\n", b"DUMP OF SERVICE usagestats:\n", b"DUMP OF SERVICE dropbox:\n",
    b"DUMP OF SERVICE activity:\n", b"No operations.\n", b"Currently running services:\n",
]  # fmt: skip


@settings(deadline=None)
@given(st.sampled_from(_TITLES), st.binary(max_size=400))
def test_any_bytes_after_a_title_raise_nothing(title: bytes, data: bytes) -> None:
    check([title + data])


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 1_000_000))
def test_damaged_reports_raise_nothing(seed: int) -> None:
    rng = random.Random(seed)
    data = bytearray(REPORT)
    for _ in range(rng.randrange(1, 60)):
        at = rng.randrange(len(data))
        match rng.randrange(4):
            case 0:
                data[at] = rng.randrange(256)
            case 1:
                del data[at : at + rng.randrange(1, 200)]
            case 2:
                data[at:at] = data[at : at + rng.randrange(1, 400)]
            case _:
                data[at:at] = rng.choice([b"\n", b"\x00" * 9, b"9" * 40, b"-" * 79 + b"\n", b"[", b"}", b"\xff\xfe"])
    check([bytes(data)])


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 1_000_000))
def test_facts_do_not_depend_on_the_chunks(seed: int) -> None:
    rng = random.Random(seed)
    cut, at = [], 0
    while at < len(REPORT):
        step = rng.choice([1, 2, 17, 500, 5_000])
        cut.append(REPORT[at : at + step])
        at += step
    assert read(cut, "x", OPTIONS) == read([REPORT], "x", OPTIONS)


def test_large_report_in_other_chunks_gives_equal_facts() -> None:
    lines = b"".join(
        b"08-19 13:%02d:%02d.000 10140  4711  4712 I Some    : message %d\n" % (n // 60 % 60, n % 60, n)
        for n in range(20_000)
    )
    title = b"------ SYSTEM LOG (logcat -v threadtime -v uid -d *:v) ------\n"
    text = REPORT.replace(title, title + lines)
    whole = read([text], "x", OPTIONS)
    assert whole.source.records == text.count(b"\n")
    for size in (4_093, 65_536, 262_144, 1_000_003):
        assert read([text[at : at + size] for at in range(0, len(text), size)], "x", OPTIONS) == whole


def test_empty_text_is_said() -> None:
    for chunks in ([], [b""], [b"", b""]):
        with pytest.raises(EvidenceError) as raised:
            read(chunks, "x", OPTIONS)
        assert raised.value.code is ErrorCode.SOURCE_EMPTY


def test_unknown_text_is_said() -> None:
    with pytest.raises(EvidenceError) as raised:
        read([b"hello\n"], "x", OPTIONS)
    assert raised.value.code is ErrorCode.SOURCE_UNKNOWN


@pytest.mark.parametrize("filler", [b"x", b"\x00", b"[", b"{", b" ", b"=", b"(", b"\t", b"aa:", b"0,", b"a."])
def test_ten_megabytes_in_one_line_are_passed_over(filler: bytes) -> None:
    long = filler * (10_000_000 // len(filler))
    text = REPORT.replace(b"Enable log:\n", b"Enable log:\n" + long + b"\n")
    text = text.replace(b"--------- beginning of main\n", b"--------- beginning of main\n" + long + b"\n")
    reading = read([text], "x", OPTIONS)
    assert reading.source.skipped == 2
    assert "lines longer than 64 kB: 2;" in reading.source.problems[-1]
    adapter = one(reading, "bluetooth.adapter")
    plain = one(read([REPORT], "x", OPTIONS), "bluetooth.adapter")
    assert adapter.value == "on"
    assert int(adapter.locator[5:]) == int(plain.locator[5:]) + 1  # the one in the log; the other stands behind


LOG = b"2023-08-19 14:00:00.000  1500  1520 I ActivityManager: Start proc 1:com.fitbit.FitbitMobile/u0a1\n" * 3


def test_long_lines_of_parts_that_nobody_reads_are_not_worth_a_sentence() -> None:
    plain = read([REPORT], "x", OPTIONS).source
    unread = b"DUMP OF SERVICE nobody_reads_this:\n" + b"x" * 100_000 + b"\n"
    assert read([REPORT + unread], "x", OPTIONS).source == replace(plain, records=plain.records + 2)


@pytest.mark.parametrize("size_bytes", [1 << 16, (1 << 16) + 1, 1_000_000])
@pytest.mark.parametrize("end", [b"\n", b""])
def test_only_lines_that_were_cut_are_counted(size_bytes: int, end: bytes) -> None:
    text = LOG + b"\0" * size_bytes + end
    cut = int(size_bytes > LINE_LIMIT_BYTES)
    for step in (4_093, len(text)):
        source = read([text[at : at + step] for at in range(0, len(text), step)], "x", OPTIONS).source
        assert source.skipped == cut, step
        assert sum("64 kB" in problem for problem in source.problems) == cut


@pytest.mark.parametrize(
    "line",
    [
        b"08-19 14:00:00.100 10140  4711  4712 I " + b"ActivityManager: Killing " * 160,
        b"08-19 14:00:00.100  4711-4712  " + b"a " * 2_000 + b"Bluetooth",
        b"D/BluetoothGatt( 4711): onClientConnectionState() - status=133 " + b"device=" * 500,
        b"08-19 14:00:00.100 10140  4711  4712 W Net     : failed to connect to " + b"a " * 1_900,
        b"08-19 14:00:00.100 10140  4711  4712 W " + b" " * 4_000,
    ],
)
def test_lines_made_to_be_slow_are_not(line: bytes) -> None:
    # 2,000 such lines take a fraction of a second; a search that grows with the square would take minutes
    head = b"--------- beginning of main\n08-19 14:00:00.000 10140  4711  4712 I ActivityManager: Start proc 4711:"
    text = head + FITBIT.encode() + b"/u0a140 for x\n" + (line + b"\n") * 2_000
    assert read([text], "x", OPTIONS).source.records == 2_002


def test_parts_made_to_be_slow_are_not() -> None:
    """Found by trying: each of these once grew with the square of its size, up to minutes."""
    app = FITBIT.encode()
    operations = b"Current AppOps Service state:\n  Uid u0a1:\n" + b"    filler\n" * 100_000
    operations += (b"    Package " + app + b":\n") * 100_000
    assert facts(read([operations], "x", OPTIONS), "app.op")
    machines = b"Bluetooth Status\n  state: ON\n" + b"=== A2dpStateMachine for 11:22:33:44:55:66\n" * 100_000
    assert one(read([machines], "x", OPTIONS), "bluetooth.adapter").value == "on"
    exits = b"ACTIVITY MANAGER PROCESS EXIT INFO (dumpsys activity exit-info)\n  package: " + app + b"\n"
    assert facts(read([exits + b"timestamp=2023-08-19 13:38:47.527 x\n" * 100_000], "x", OPTIONS), "app.exit") == []
    rows = b"".join(
        b"08-19 14:00:00.000  1000  1500  1520 I am_kill : [0,%d,%s,905,x]\n" % (n, app) for n in range(30_000)
    )
    assert facts(read([b"--------- beginning of main\n" + rows], "x", OPTIONS), "app.killed")


def test_digits_and_spaces_where_a_list_of_ids_should_be() -> None:
    """Found by damaging reports: int() takes neither '1 2' nor five thousand digits."""
    for ids in (b"1 2, 3", b"9" * 5_000, b", ,,", b""):
        text = REPORT.replace(b"mDeviceIdleWhitelist=[1000, 10007", b"mDeviceIdleWhitelist=[" + ids)
        assert one(read([text], "x", OPTIONS), "power.doze")


def test_nested_brackets_and_endless_repeats_end() -> None:
    text = b"Bluetooth Status\n  state: ON\nGATT Client Map\n" + b"  (((((((((((((((\n" * 100_000
    assert one(read([text], "x", OPTIONS), "bluetooth.adapter").value == "on"
    services = (
        b"== dumpstate: 2023-08-19 15:00:00\n" + b"DUMP OF SERVICE power:\n  mLowPowerModeEnabled=true\n" * 50_000
    )
    reading = read([services], "x", OPTIONS)
    assert one(reading, "power.battery_saver").value is True


def test_facts_of_one_kind_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "FACTS_PER_KIND", 100)
    rows = "".join(f"  08-19 14:{n // 60:02d}:{n % 60:02d} Enabled  due to X by a\n" for n in range(200))
    reading = read_text("== dumpstate: 2023-08-19 15:00:00\n" + forms.service(
        "bluetooth_manager", "Bluetooth Status\n  state: ON\n" + rows, Phone("9")
    ))  # fmt: skip
    assert len(facts(reading, "bluetooth.switched")) == 100
    assert reading.source.skipped == 100
    assert "too many facts" in " ".join(reading.source.problems)


def test_parts_that_are_too_long_are_cut_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sections, "SECTION_LIMIT_BYTES", 10_000)
    monkeypatch.setattr(sections, "LOGS_LIMIT_BYTES", 700_000)
    power = forms.service("power", forms.power(Phone("14", saver=True)) + "  filler\n" * 100_000, Phone("14"))
    log = "------ SYSTEM LOG (logcat -v threadtime -d *:v) ------\n" + "".join(
        f"08-19 14:{n // 60 % 60:02d}:{n % 60:02d}.000  1500  1520 I ActivityManager: Killing {n}:{FITBIT}/u0a140 "
        "(adj 985): empty #17\n"
        for n in range(10_000)
    )
    text = ("== dumpstate: 2023-08-19 15:00:00\n" + log + power).encode()
    reading = read([text[at : at + 50_000] for at in range(0, len(text), 50_000)], "x", OPTIONS)
    assert "SYSTEM LOG" in reading.source.problems[-1]
    killed = facts(reading, "app.killed")
    assert killed  # the newest lines are kept
    assert int(killed[-1].locator[5:]) > 8_000


def test_memory_is_bounded_by_what_is_kept() -> None:
    def chunks() -> list[bytes]:
        return [b"== dumpstate: 2023-08-19 15:00:00\nDUMP OF SERVICE nobody_reads_this:\n"]

    block = b"some line of a service that nobody reads, as long as usual\n" * 16_000  # about 1 MB
    stream = (part for part in [*chunks(), *[block] * 150])
    tracemalloc.start()
    try:
        reading = read(stream, "x", OPTIONS)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert reading.source.records == 16_000 * 150 + 2
    assert peak < 20_000_000
