"""Readings as bytes and back: what a reader of hostile files says is data, checked row by row, never code."""

import json
import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from unstuck.model.evidence import Fact, Reading, Scalar, SourceInfo, Value

_LEVEL = 6
_TEXT_MOST = 4000
"""Characters of one text: an excerpt has 200, our longest sentence 300."""


class PackingError(ValueError):
    """These bytes are no readings, or too many of them."""


def to_rows(readings: Sequence[Reading]) -> list[Any]:
    """JSON types only. Attachments are left out: they were read in turn."""
    return [
        {
            "source": {
                "path": one.source.path,
                "kind": one.source.kind,
                "records": one.source.records,
                "span": None if one.source.span is None else [moment.timestamp() for moment in one.source.span],
                "skipped": one.source.skipped,
                "skew": one.source.clock_skew_s,
                "problems": list(one.source.problems),
                "readable": one.source.readable,
            },
            "facts": [
                [
                    fact.name,
                    dict(fact.value) if isinstance(fact.value, Mapping) else fact.value,
                    None if fact.time is None else fact.time.timestamp(),
                    fact.source,
                    fact.locator,
                    fact.excerpt,
                    fact.subject,
                ]
                for fact in one.facts
            ],
        }
        for one in readings
    ]


def of_rows(rows: object) -> list[Reading]:
    """PackingError: they are none."""
    try:
        if not isinstance(rows, list):
            raise TypeError("no list")
        return [Reading(_source(row["source"]), tuple(_fact(fact) for fact in row["facts"])) for row in rows]
    except (KeyError, TypeError, ValueError, OverflowError, OSError) as error:
        raise PackingError("these are no readings") from error


def pack(readings: Sequence[Reading]) -> bytes:
    """As they are held and kept."""
    text = json.dumps(to_rows(readings), ensure_ascii=False, separators=(",", ":"))
    return zlib.compress(text.encode("utf-8", "replace"), _LEVEL)


def unpack(data: bytes, most_bytes: int) -> list[Reading]:
    """PackingError: they are none, or more than ``most_bytes`` of JSON."""
    inflate = zlib.decompressobj()
    try:
        text = inflate.decompress(data, most_bytes)
        if inflate.unconsumed_tail:
            raise PackingError("too much")
        return of_rows(json.loads(text))
    except (zlib.error, ValueError, RecursionError) as error:
        raise PackingError("these are no readings") from error


def _source(row: Mapping[str, Any]) -> SourceInfo:
    span = row["span"]
    return SourceInfo(
        path=_text(row["path"]),
        kind=_text(row["kind"]),
        records=int(row["records"]),
        span=None if span is None else (_time(span[0]), _time(span[1])),
        skipped=int(row["skipped"]),
        clock_skew_s=float(row["skew"]),
        problems=tuple(_text(one) for one in row["problems"]),
        readable=row["readable"] is True,
    )


def _fact(row: Sequence[Any]) -> Fact:
    name, value, time, source, locator, excerpt, subject = row
    return Fact(
        _text(name),
        _value(value),
        None if time is None else _time(time),
        _text(source),
        _text(locator),
        _text(excerpt),
        _text(subject),
    )


def _value(given: object) -> Value:
    if isinstance(given, dict):
        return {_text(key): _scalar(part) for key, part in given.items()}
    return _scalar(given)


def _scalar(given: object) -> Scalar:
    if given is None or isinstance(given, bool | int | float):
        return given
    return _text(given)


def _text(given: object) -> str:
    if not isinstance(given, str):
        raise TypeError("no text")
    return given[:_TEXT_MOST]


def _time(given: float) -> datetime:
    return datetime.fromtimestamp(given, UTC)
