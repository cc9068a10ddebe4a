"""One Google Takeout export, however many files it comes in, as facts.

Facts: ``tracker.radio_day``, ``tracker.wear_day``, ``tracker.charger_day``, ``tracker.battery``, ``tracker.charger``,
``tracker.log_gap``, ``tracker.device``, ``tracker.last_sync``, ``tracker.rebooted``, ``server.series``, ``server.day``,
``server.other_source``, ``server.future_rows``. Every fact's source is the file it was seen in.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain

from unstuck.evidence.takeout.events import DeviceEvents
from unstuck.evidence.takeout.kinds import SERIES_NAMES, VALUE_COLUMNS, TakeoutKind, base_name, recognise
from unstuck.evidence.takeout.paired import PairedDevices
from unstuck.evidence.takeout.place import Place
from unstuck.evidence.takeout.series import MinuteSeries
from unstuck.evidence.takeout.streams import CsvRows, JsonArray
from unstuck.evidence.takeout.times import minute_of
from unstuck.model.errors import ErrorCode, render
from unstuck.model.evidence import Fact, ReaderOptions, Reading, SourceInfo

__all__ = ["TakeoutKind", "TakeoutReader", "recognise"]

_HEAD_BYTES = 32 * 2**10
"""Bytes by which a file's kind is told."""
_MOST_PROBLEMS = 5
"""Sentences about damaged files of one export; more say nothing new."""
_EXPORT_NAME = re.compile(r"takeout-(\d{8}T\d{6})Z")
"""Google names the archive by the time of the export, in UTC."""
_SERIES_NAME = re.compile(r"[a-z_]+(?=[-_]\d|\.)")


class TakeoutReader:
    """Takes the files of an export one after the other, in any order, then states what they show.

    Memory is bounded: per series 360 bytes a day, for at most eleven years.
    """

    def __init__(self, options: ReaderOptions) -> None:
        self._options = options
        self._events = DeviceEvents()
        self._paired = PairedDevices()
        self._series = MinuteSeries()
        self._records = 0
        self._skipped = 0
        self._files = 0
        self._exported: datetime | None = None
        self._problems: list[str] = []

    def add(self, path: str, chunks: Iterable[bytes], copies: Sequence[str] = ()) -> None:
        """Read one file. Files of no known kind are passed over; ``copies`` hold the same bytes and are not read."""
        self._files += 1 + len(copies)
        exported = _EXPORT_NAME.search(path)
        if exported:
            self._note_export(exported.group(1))
        pieces = iter(chunks)
        head = b""
        while len(head) < _HEAD_BYTES:
            piece = next(pieces, b"")
            if not piece:
                break
            head += piece
        kind = recognise(head[:_HEAD_BYTES], path)
        if kind is None:
            return
        whole = chain((head,), pieces)
        records, skipped = self._records, self._skipped
        is_json = kind in (TakeoutKind.EVENTS, TakeoutKind.MINUTES)
        where, reason = self._add_json(kind, path, whole) if is_json else self._add_csv(kind, path, whole)
        is_lost = self._records == records
        if not reason and is_lost and self._skipped > skipped:
            reason = "none of its rows can be used"
        if reason:
            code = ErrorCode.SOURCE_UNUSABLE if is_lost else ErrorCode.SOURCE_DAMAGED
            for one in (path, *copies)[: _MOST_PROBLEMS - len(self._problems)]:
                self._problems.append(render(code, {"path": one, "where": where, "reason": reason}))

    def reading(self, path: str) -> Reading:
        """All that the files said; ``path`` is how the export as a whole is shown to the person."""
        facts = list(self._facts(path))
        facts.sort(key=lambda fact: fact.time or datetime.min.replace(tzinfo=UTC))
        times = [fact.time for fact in facts if fact.time is not None]
        problems = [*self._problems, *self._series.problems]
        if self._paired.zone_missing:
            data = {"path": path, "what": "the list of paired devices has"}
            problems.append(render(ErrorCode.CLOCK_NO_ZONE, data))
        if not self._records and not self._problems:
            count = "1 file" if self._files == 1 else f"{self._files:,} files"
            problems.insert(0, render(ErrorCode.SOURCE_NOTHING, {"path": path, "count": count}))
        info = SourceInfo(
            path,
            "takeout",
            records=self._records,
            span=(min(times), max(times)) if times else None,
            skipped=self._skipped,
            problems=tuple(problems),
            readable=self._records > 0,
        )
        return Reading(info, tuple(facts))

    def _facts(self, path: str) -> Iterator[Fact]:
        yield from self._events.facts()
        yield from self._paired.facts()
        own_names = self._paired.names() | {self._options.tracker.lower()} - {""}
        yield from self._series.facts(own_names, self._exported, self._events.newest, path)

    def _note_export(self, text: str) -> None:
        try:
            exported = datetime.strptime(text, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
        except ValueError:
            return
        self._exported = max(exported, self._exported or exported)

    def _add_json(self, kind: TakeoutKind, path: str, chunks: Iterator[bytes]) -> tuple[str, str]:
        """Where and why the reading ended early; the reason is empty where it did not."""
        array = JsonArray(chunks)
        name = _SERIES_NAME.match(base_name(path))
        series = name.group() if name else ""
        last = 0
        for index, element in array:
            last = index
            if kind is TakeoutKind.EVENTS:
                understood = self._events.add(element, Place(path, f"$[{index}]", element))
            else:
                understood = self._add_minute(series, element, path, index)
            self._count(understood)
        self._skipped += array.skipped
        return f"$[{last}]", array.damage

    def _add_minute(self, series: str, element: object, path: str, index: int) -> bool:
        if not isinstance(element, Mapping):
            return False
        text, value = element.get("dateTime"), element.get("value")
        if isinstance(value, Mapping):
            series, value = "heart_rate", value.get("bpm")
        when = minute_of(text) if isinstance(text, str) else None
        amount = _amount(value)
        if when is None or amount is None:
            return False
        if series not in SERIES_NAMES:
            # Floors, altitude and zones of activity move with the steps and tell nothing more.
            return True
        return self._series.add_json(series, when, amount, path, (index, element))

    def _add_csv(self, kind: TakeoutKind, path: str, chunks: Iterator[bytes]) -> tuple[str, str]:
        """As :meth:`_add_json`; a table is read to its end whatever its lines hold."""
        rows = CsvRows(chunks)
        if kind is TakeoutKind.TRACKERS:
            self._records += self._paired.add_trackers(rows, path)
        elif kind is TakeoutKind.DEVICES:
            self._records += self._paired.add_devices(rows, path)
        elif kind is TakeoutKind.OPTIONS:
            self._records += self._paired.add_options(rows, path)
        else:
            self._add_series(rows, path)
        self._skipped += rows.skipped
        return "line 2", ""

    def _add_series(self, rows: CsvRows, path: str) -> None:
        time_at = value_at = origin_at = -1
        series = ""
        for number, fields in rows:
            if time_at < 0:
                time_at = rows.columns.index("timestamp")
                value_at = next(at for at, column in enumerate(rows.columns) if column in VALUE_COLUMNS)
                origin_at = rows.columns.index("data source") if "data source" in rows.columns else len(rows.columns)
                series = VALUE_COLUMNS[rows.columns[value_at]]
            if len(fields) <= max(time_at, value_at):
                self._count(False)
                continue
            when = minute_of(fields[time_at])
            amount = _amount(fields[value_at])
            origin = fields[origin_at] if origin_at < len(fields) else ""
            if when is None or amount is None:
                self._count(False)
                continue
            self._count(self._series.add_csv(series, origin.strip(), when, amount, path, (number, fields)))

    def _count(self, understood: bool) -> None:
        if understood:
            self._records += 1
        else:
            self._skipped += 1


def _amount(value: object) -> float | None:
    """A value of a minute, which is written as text in JSON; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    try:
        amount = float(value)
    except (ValueError, OverflowError):
        return None
    return amount if math.isfinite(amount) else None
