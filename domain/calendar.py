"""The only place that knows date rules: half-open periods, month arithmetic, ages, Oslo time."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

OSLO = ZoneInfo("Europe/Oslo")
DAYS_IN_A_MONTH = 365.25 / 12  # 30.4375, the contract's month for lengths
ONE_DAY = timedelta(days=1)
_LAST = date.max.toordinal()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Step = Literal["day", "week", "month", "quarter", "year"]
STEPS: tuple[Step, ...] = ("day", "week", "month", "quarter", "year")

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)(Z|[+-]\d\d(?::?\d\d)?)?", re.ASCII
)
_LENGTH = re.compile(r"([1-9]\d{0,4})([dwmy])", re.ASCII)


def parse_day(text: str) -> date:
    """An ISO date, `YYYY-MM-DD` and nothing else; ValueError says what would be right."""
    if not _DAY.fullmatch(text):
        raise ValueError("not a date; write it as 2003-12-31")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("no such day in the calendar; write it as 2003-12-31") from None


def parse_instant(text: str) -> datetime:
    """An ISO 8601 time; one without an offset is Oslo time, the first of the autumn hour's two."""
    match = _INSTANT.fullmatch(text)
    if not match:
        raise ValueError("not a time; write it as 2003-12-31T14:15:00+01:00")
    try:
        return as_instant(datetime.fromisoformat(text.replace(",", ".")))
    except (ValueError, OverflowError):
        raise ValueError("no such time; write it as 2003-12-31T14:15:00+01:00") from None


def as_instant(moment: datetime) -> datetime:
    """The same moment with an offset: in UTC; without one it is read as Oslo time, fold 0."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=OSLO, fold=0)
    return moment.astimezone(UTC)


def parse_known_at(text: str) -> datetime:
    """A knowledge time: an instant, or a bare date that means the end of that day in Oslo."""
    return end_of_day(parse_day(text)) if _DAY.fullmatch(text) else parse_instant(text)


def end_of_day(day: date) -> datetime:
    """The last microsecond of a day in Oslo, in UTC."""
    if day == date.max:
        return datetime.max.replace(tzinfo=UTC)
    midnight = datetime.combine(day + ONE_DAY, datetime.min.time(), OSLO)
    return midnight.astimezone(UTC) - _MICROSECOND


def show_instant(moment: datetime) -> str:
    """An instant as people and JSON see it: ISO 8601 in Oslo time with its offset."""
    if moment.year >= 9999:
        return moment.isoformat()
    return moment.astimezone(OSLO).isoformat()


def to_microseconds(moment: datetime) -> int:
    """Microseconds since 1970 in UTC, exact."""
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(count: int) -> datetime:
    """The inverse of `to_microseconds`."""
    return _EPOCH + timedelta(microseconds=count)


def add_months(day: date, months: int) -> date:
    """The day of the same number, or the last day of a shorter month.

    Norwegian law counts deadlines in months so (domstolloven § 148).
    """
    first, days = _month_after(day.year, day.month, months)
    return date.fromordinal(min(first + min(day.day, days) - 1, _LAST))


@lru_cache(maxsize=10_000)
def _month_after(year: int, month: int, months: int) -> tuple[int, int]:
    """The first day of the month that is so many after another, as an ordinal, and its length.

    Past the calendar's end it is the last day. Remembered, for deadlines are counted by thousands.
    """
    year, month = divmod(year * 12 + month - 1 + months, 12)
    if year > date.max.year:
        return _LAST, 1
    return date(year, month + 1, 1).toordinal(), monthrange(year, month + 1)[1]


@dataclass(frozen=True, slots=True, order=True)
class Length:
    """A length of calendar time, as `3m`, `90d`, `2w` or `1y`."""

    months: int = 0
    days: int = 0

    @classmethod
    def parse(cls, text: str) -> Length:
        match = _LENGTH.fullmatch(text)
        if not match:
            raise ValueError("not a length of time; write it as 3m, 90d or 1y")
        count, unit = int(match[1]), match[2]
        if unit in "dw":
            return cls(days=count * (7 if unit == "w" else 1))
        return cls(months=count * (12 if unit == "y" else 1))

    def after(self, day: date) -> date:
        """The last day of this length after a day, inclusive."""
        try:
            after = add_months(day, self.months)
            return after + timedelta(days=self.days) if self.days else after
        except OverflowError:
            return date.max

    def __str__(self) -> str:
        if self.days:
            return f"{self.days}d"
        return f"{self.months // 12}y" if self.months % 12 == 0 else f"{self.months}m"


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days `[start, stop)`; a user's `[A, B]`, both included, is `Period.closed(A, B)`."""

    start: date
    stop: date

    @classmethod
    def closed(cls, first: date, last: date) -> Period:
        """The period of a user's two days, both included. ValueError if they are out of order."""
        if last < first:
            raise ValueError(f"the period ends on {last}, before it begins on {first}")
        return cls(first, last + ONE_DAY)

    @property
    def last(self) -> date:
        """The last day in it."""
        return self.stop - ONE_DAY

    @property
    def days(self) -> int:
        return (self.stop - self.start).days

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.stop

    def steps(self, every: Step) -> Iterator[Period]:
        """It cut into calendar days, ISO weeks, months, quarters or years; the ends are cut too."""
        start = self.start
        while start < self.stop:
            stop = min(_step_after(start, every), self.stop)
            yield Period(start, stop)
            start = stop


def _step_after(day: date, every: Step) -> date:
    """The first day of the calendar step after the one that holds a day."""
    match every:
        case "day":
            return day + ONE_DAY
        case "week":
            return day + timedelta(days=7 - day.weekday())
        case "month":
            return add_months(day.replace(day=1), 1)
        case "quarter":
            return add_months(date(day.year, (day.month - 1) // 3 * 3 + 1, 1), 3)
        case "year":
            return date(day.year + 1, 1, 1)


def whole_years(born_on: date, on: date) -> int:
    """Age in whole years; who is born on 29 February turns on 1 March in other years."""
    return on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))


def birthday(born_on: date, years: int) -> date:
    """The day on which a person reaches an age: the inverse of `whole_years`."""
    try:
        return born_on.replace(year=born_on.year + years)
    except ValueError:
        return date(born_on.year + years, 3, 1)


def month_of(day: date) -> str:
    return f"{day.year:04d}-{day.month:02d}"


def quarter_of(day: date) -> str:
    return f"{day.year:04d}-Q{(day.month + 2) // 3}"


def year_of(day: date) -> str:
    return f"{day.year:04d}"
