"""Calendar arithmetic at the site: whole days and calendar months, never past the ends of the calendar."""

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
TIME = re.compile(r"T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(?P<offset>Z|[+-][0-9]{2}:[0-9]{2})?")
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
YEAR_MONTHS = 12
A_DAY = "a date (2026-01-31)"
A_DAY_OR_TIME = "a date (2026-01-31) or a time with its offset (2026-01-31T09:00:00-05:00)"


def add_days(day: date, days: int) -> date:
    """The day `days` later; the last day of the calendar when it would lie beyond."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max if days > 0 else date.min


def add_months(day: date, months: int) -> date:
    """The same day of the month `months` later, or that month's last day: 31 August + 6 months = 28 or 29 February."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not date.min.year <= year <= date.max.year:
        return date.max if months > 0 else date.min
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def months_between(day: date, other: date) -> int:
    """How many calendar months the month of `other` lies after the month of `day`."""
    return (other.year - day.year) * 12 + other.month - day.month


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time in whole days or in calendar months."""

    length: int
    of: Literal["days", "months"]

    def __post_init__(self) -> None:
        if self.of not in {"days", "months"} or not 1 <= self.length <= 36_600:
            raise ValueError(f"expected 1 to 36600 days or months, not {self.length} {self.of}")

    def after(self, day: date) -> date:
        """The day this span after `day`; the last day of the calendar when it would lie beyond."""
        return add_days(day, self.length) if self.of == "days" else add_months(day, self.length)

    def reaches_beyond(self, day: date, other: date) -> bool:
        """Whether `day` and this span lie after `other`; right even where the calendar ends."""
        if self.of == "days":
            return (other - day).days < self.length
        return self.after(day) > other or months_between(day, other) < self.length

    def reaches(self, day: date, other: date) -> bool:
        """Whether `other` is at most this span after `day`."""
        return (other - day).days <= self.length if self.of == "days" else other <= self.after(day)

    def __str__(self) -> str:
        return f"{self.length} {self.of if self.length != 1 else self.of[:-1]}"


@dataclass(frozen=True, slots=True)
class When:
    """When something was observed: the text as written, its calendar day as written, its instant if it has a time."""

    text: str
    day: date
    instant: timedelta | None = None

    def earlier_than(self, other: "When") -> bool:
        """Two times compare as instants; otherwise by day, a date without a time before every time of that day."""
        if self.instant is not None and other.instant is not None:
            return self.instant < other.instant
        if self.day != other.day:
            return self.day < other.day
        return self.instant is None and other.instant is not None

    def __str__(self) -> str:
        return self.text


def read_day(text: str) -> date:
    """A calendar day written YYYY-MM-DD. Raises ValueError saying what was wrong."""
    if not DAY.fullmatch(text):
        raise ValueError(f"is not {A_DAY}")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"is not a day of the calendar; accepted: {A_DAY}") from None


def read_when(text: str) -> When:
    """A day, or a time stamp with its offset from UTC. Raises ValueError saying what was wrong."""
    if DAY.fullmatch(text):
        return When(text, read_day(text))
    time = TIME.fullmatch(text, 10)
    if not DAY.fullmatch(text[:10]) or not time:
        raise ValueError(f"is not {A_DAY_OR_TIME}")
    if not time["offset"]:
        raise ValueError("lacks the offset that a time needs, for instance 2026-01-31T09:00:00-05:00")
    read_day(text[:10])
    try:
        return When(text, date.fromisoformat(text[:10]), datetime.fromisoformat(text) - EPOCH)
    except ValueError:
        raise ValueError("is not a time of the day, or its offset is not one") from None
