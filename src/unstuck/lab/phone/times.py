"""Times and durations as Android prints them."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a local time without zone, as Android prints it


@lru_cache(maxsize=4096)
def _offset_s(zone: str, hour: int) -> int:
    moment = datetime.fromtimestamp(hour * 3600, UTC).astimezone(ZoneInfo(zone))
    return round((moment.utcoffset() or timedelta()).total_seconds())


def local(wall_s: float, zone: str) -> datetime:
    """A moment of the phone's clock (Unix seconds) as its local time, without zone."""
    milliseconds = round(wall_s * 1000)
    return _EPOCH + timedelta(milliseconds=milliseconds + 1000 * _offset_s(zone, int(wall_s // 3600)))


def offset(wall_s: float, zone: str) -> str:
    """The zone's distance to UTC at a moment, as ``+0100``."""
    minutes = _offset_s(zone, int(wall_s // 3600)) // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}{abs(minutes) % 60:02d}"


def full(moment: datetime) -> str:
    """``2018-04-02 17:06:30``."""
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def full_ms(moment: datetime) -> str:
    """``2018-04-02 17:06:30.118``."""
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}"


def short(moment: datetime) -> str:
    """``04-02 17:06:30``."""
    return f"{moment:%m-%d %H:%M:%S}"


def short_ms(moment: datetime) -> str:
    """``04-02 17:06:30.118``, as logs have it."""
    return (
        f"{moment.month:02d}-{moment.day:02d} {moment.hour:02d}:{moment.minute:02d}:{moment.second:02d}"
        f".{moment.microsecond // 1000:03d}"
    )


def dashed(moment: datetime) -> str:
    """``2018-04-02-17-06-30``, as the battery history has it."""
    return f"{moment:%Y-%m-%d-%H-%M-%S}"


def duration(seconds: float) -> str:
    """``+1h0m44s605ms``, ``-907ms``, ``0``: AOSP TimeUtils.formatDuration."""
    milliseconds = round(abs(seconds) * 1000)
    if not milliseconds:
        return "0"
    text = _parts(milliseconds, (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)))
    return ("-" if seconds < 0 else "+") + text


def padded(seconds: float) -> str:
    """``+3h02m09s004ms``, ``0``: the same, as the battery history has it."""
    milliseconds = round(seconds * 1000)
    if milliseconds <= 0:
        return "0"
    text = ""
    for unit, size, width in (
        ("d", 86_400_000, 1),
        ("h", 3_600_000, 2),
        ("m", 60_000, 2),
        ("s", 1000, 2),
        ("ms", 1, 3),
    ):
        count, milliseconds = divmod(milliseconds, size)
        if text:
            text += f"{count:0{width}d}{unit}"
        elif count:
            text = f"{count}{unit}"
    return f"+{text}"


def spaced(seconds: float) -> str:
    """``7h 6m 12s 756ms``: AOSP BatteryStats.formatTimeMs."""
    milliseconds = round(seconds * 1000)
    parts, text = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)), ""
    for unit, size in parts:
        count, milliseconds = divmod(milliseconds, size)
        if count or text:
            text += f"{count}{unit} "
    return f"{text}{milliseconds}ms"


def _parts(milliseconds: int, units: tuple[tuple[str, int], ...]) -> str:
    text = ""
    for unit, size in units:
        count, milliseconds = divmod(milliseconds, size)
        if count or text:
            text += f"{count}{unit}"
    return text
