"""Times as a person reads them: in their zone, on their clock, in their language. Unix seconds enter, words leave."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from markupsafe import Markup

from unstuck.web.pages.base.i18n import Words, noop

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400

_TWELVE_HOURS = frozenset({"US", "CA", "AU", "NZ", "IN", "PH", "PK", "EG", "SA", "CO", "MX"})
"""Regions that write 8:14 PM (Unicode CLDR, timeData, preferred "h")."""
_NEAR_DAYS = 6
"""Days on either side that are called by the weekday alone; one more and Friday could be either."""

_YEAR_SURE_DAYS = 180
"""Days on either side within which a date needs no year."""

_WEEKDAYS = (
    noop("Monday"), noop("Tuesday"), noop("Wednesday"), noop("Thursday"), noop("Friday"), noop("Saturday"),
    noop("Sunday"),
)  # fmt: skip
_WEEKDAYS_SHORT = (noop("Mon"), noop("Tue"), noop("Wed"), noop("Thu"), noop("Fri"), noop("Sat"), noop("Sun"))
_MONTHS = (
    noop("January"), noop("February"), noop("March"), noop("April"), noop("May"), noop("June"), noop("July"),
    noop("August"), noop("September"), noop("October"), noop("November"), noop("December"),
)  # fmt: skip


def clock_of(chosen: str, tags: Sequence[str]) -> str:
    """``12`` or ``24``: what the account chose, else as people write it where the browser's language is."""
    if chosen in ("12", "24"):
        return chosen
    region = tags[0].split("-")[-1].upper() if tags and "-" in tags[0] else ""
    return "12" if region in _TWELVE_HOURS else "24"


@cache
def zones() -> tuple[str, ...]:
    """Names of the IANA time zone database that a person may live in."""
    kept = (name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/")))
    return ("UTC", *sorted(name for name in kept if name.split("/")[0] not in ("posix", "right")))


@cache
def is_zone(name: str) -> bool:
    """Whether the database has a zone of this name."""
    return name in available_timezones()


_TIME = re.compile(r"(?<![\w:.,/-])([01]\d|2[0-3]):([0-5]\d)(?![\w:/-])")
"""A time of day in a sentence; no part of an address, a version or a length."""


def _twelve(hour: int, minute: str) -> str:
    """``8:14 PM``."""
    return f"{(hour + 11) % 12 + 1}:{minute} {'AM' if hour < 12 else 'PM'}"


@dataclass(frozen=True, slots=True)
class When:
    """One person's way to read times. ``now_s``: Unix seconds of the moment the page is made."""

    words: Words
    zone: ZoneInfo
    clock: str
    now_s: float

    def local(self, unix_s: float) -> datetime:
        """That moment on this person's clock."""
        return datetime.fromtimestamp(unix_s, UTC).astimezone(self.zone)

    @property
    def today(self) -> date:
        """The date it is now."""
        return self.local(self.now_s).date()

    def begins(self, day: date) -> int:
        """When the day begins, in Unix seconds: midnight, or the first moment there is where clocks skip it."""
        start = datetime.combine(day, time(), tzinfo=self.zone)
        return int(start.astimezone(UTC).timestamp())

    def span(self, day: date) -> tuple[int, int]:
        """[start, end) of the day in Unix seconds: 23, 24 or 25 hours."""
        return self.begins(day), self.begins(day + timedelta(days=1))

    def time(self, unix_s: float) -> str:
        """The time of day: ``20:14`` or ``8:14 PM``."""
        at = self.local(unix_s)
        if self.clock == "24":
            return f"{at:%H:%M}"
        return _twelve(at.hour, f"{at:%M}")

    def on_clock(self, told: Markup) -> Markup:
        """A text with times of day as the doctor writes them, ``20:14``, on this person's clock."""
        return told if self.clock == "24" else Markup(_TIME.sub(lambda found: _twelve(int(found[1]), found[2]), told))

    def long_date(self, day: date) -> Markup:
        """``27 November 2026``."""
        month = self.words.gettext(_MONTHS[day.month - 1])
        return self.words.gettext("%(day)s %(month)s %(year)s", day=day.day, month=month, year=day.year)

    def near_date(self, day: date) -> Markup:
        """``Friday 27 November``; with the year where it could be another."""
        if abs((day - self.today).days) > _YEAR_SURE_DAYS:
            return self.long_date(day)
        month, weekday = self.words.gettext(_MONTHS[day.month - 1]), self.weekday(day)
        return self.words.gettext("%(weekday)s %(day)s %(month)s", weekday=weekday, day=day.day, month=month)

    def weekday(self, day: date) -> Markup:
        """``Friday``."""
        return self.words.gettext(_WEEKDAYS[day.weekday()])

    def weekday_short(self, day: date) -> Markup:
        """``Fri``."""
        return self.words.gettext(_WEEKDAYS_SHORT[day.weekday()])

    def moment(self, unix_s: float) -> Markup:
        """As short as it is clear: ``20:14`` of today, ``Friday 20:14`` of this week, else with the date."""
        day, at = self.local(unix_s).date(), self.time(unix_s)
        away = abs((day - self.today).days)
        if away == 0:
            return Markup(at)
        if away <= _NEAR_DAYS:
            return self.words.gettext("%(weekday)s %(time)s", weekday=self.weekday(day), time=at)
        return self.words.gettext("%(date)s, %(time)s", date=self.near_date(day), time=at)

    def iso(self, unix_s: float) -> str:
        """For ``<time datetime>``."""
        return self.local(unix_s).isoformat(timespec="seconds")

    def lasting(self, seconds: float) -> Markup:
        """``22 min``, ``3 h 5 min``, ``2 days``."""
        minutes = round(seconds / MINUTE_S)
        if minutes < 60:
            return self.words.gettext("%(minutes)s min", minutes=minutes)
        if minutes < 48 * 60:
            hours, rest = divmod(minutes, 60)
            if rest:
                return self.words.gettext("%(hours)s h %(minutes)s min", hours=hours, minutes=rest)
            return self.words.gettext("%(hours)s h", hours=hours)
        return self.words.ngettext("%(n)s day", "%(n)s days", round(minutes / (24 * 60)))

    @property
    def zone_name(self) -> str:
        """``Europe/Berlin``, for a person who wonders."""
        return self.zone.key.replace("_", " ")
