"""From days and counts to places on a sheet, and where the marks of an axis belong."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.formats import date_format

MARKS_WANTED = 5
MONTHS_APART = (1, 2, 3, 6, 12, 24, 60, 120)
MOST_MONTH_MARKS = 10


@dataclass(frozen=True)
class Counts:
    """Counts from zero upwards, `low` at zero and `high` at the top."""

    most: int
    low: float
    high: float

    @property
    def step(self) -> int:
        """A round step that makes about five marks."""
        rough = max(self.most, 1) / MARKS_WANTED
        power = 1
        while power * 10 <= rough:
            power *= 10
        return next(power * factor for factor in (1, 2, 5, 10, 20) if power * factor >= rough)

    @property
    def top(self) -> int:
        return max(-(-self.most // self.step), 1) * self.step

    def __call__(self, count: float) -> float:
        return self.low + (self.high - self.low) * count / self.top

    def marks(self) -> range:
        return range(0, self.top + 1, self.step)


@dataclass(frozen=True)
class Days:
    """Days from `first` to the end of `last`, between two places."""

    first: date
    last: date
    left: float
    right: float

    def __call__(self, day: date) -> float:
        """The place of a day's beginning, kept within the sheet."""
        span = (self.last - self.first).days + 1
        place = self.left + (self.right - self.left) * (day - self.first).days / span
        return min(max(place, self.left), self.right)

    def months(self) -> Iterator[tuple[date, str]]:
        """First days of months with their names; as many as can be read."""
        starts = [day for day in self._month_starts() if self.first <= day <= self.last]
        apart = next((n for n in MONTHS_APART if len(starts) / n <= MOST_MONTH_MARKS), MONTHS_APART[-1])
        yearly = 12
        first = True
        for day in starts:
            if apart <= yearly and (day.month - 1) % apart == 0:
                yield day, date_format(day, "M Y" if first or day.month == 1 or apart == yearly else "M")
                first = False
            elif apart > yearly and day.month == 1 and day.year % (apart // yearly) == 0:
                yield day, str(day.year)

    def weeks(self) -> Iterator[tuple[date, str]]:
        """Mondays with their dates."""
        day = self.first + timedelta(days=-self.first.weekday() % 7)
        while day <= self.last:
            yield day, date_format(day, "j M")
            day += timedelta(days=7)

    def _month_starts(self) -> Iterator[date]:
        year, month = self.first.year, self.first.month
        while (year, month) <= (self.last.year, self.last.month):
            yield date(year, month, 1)
            year, month = (year + 1, 1) if month == 12 else (year, month + 1)
