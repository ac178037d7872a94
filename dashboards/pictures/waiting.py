"""How long it takes from consent to a verdict and to the first dose: the spread and its median."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboards.pictures.canvas import Canvas
from dashboards.pictures.figures import Waits
from dashboards.pictures.palette import Ink
from dashboards.pictures.picture import Cell, Picture, Scope, sheet
from dashboards.pictures.scales import Counts

WIDTH, EACH = 860.0, 170.0
LEFT, RIGHT = 60.0, 836.0
ROOM_FOR_MEDIAN = 130.0
WIDTHS_OF_BINS = (1, 2, 7, 14, 28, 91, 365)
MOST_BINS = 26


@dataclass(frozen=True)
class Spread:
    """Waiting times in days, with the days below which a quarter, half and three quarters of the persons stay."""

    days: Mapping[int, int]

    @property
    def persons(self) -> int:
        return sum(self.days.values())

    def quantile(self, share: float) -> int | None:
        """The least number of days within which this share of the persons were done; None without persons."""
        reached, wanted = 0, share * self.persons
        for day in sorted(self.days):
            reached += self.days[day]
            if reached >= wanted:
                return day
        return None

    def bins(self, width: int) -> list[int]:
        """Persons by days 0 to width - 1, width to 2 width - 1 and so on."""
        bins = [0] * (max(self.days, default=0) // width + 1)
        for day, persons in self.days.items():
            bins[day // width] += persons
        return bins


def waiting(figures: Waits, scope: Scope) -> Picture:
    """One histogram above the other on the same days, each with its median."""
    parts: list[tuple[str, Spread, Ink]] = [
        (_("From consent to the first verdict that decided"), Spread(figures.to_verdict), "main"),
        (_("From consent to the first dose"), Spread(figures.to_dose), "third"),
    ]
    title = _("Waiting times")
    says = " ".join(_in_words(name, spread) for name, spread, _ink in parts)
    canvas = sheet("waiting", WIDTH, EACH * len(parts), title=title, says=says, scope=scope)
    longest = max((max(spread.days, default=0) for _name, spread, _ink in parts), default=0)
    width = next((each for each in WIDTHS_OF_BINS if longest // each < MOST_BINS), WIDTHS_OF_BINS[-1])
    for n, (name, spread, ink) in enumerate(parts):
        _histogram(canvas, n * EACH, name, spread, ink, width=width, bins=longest // width + 1)
    head = (_("Days"), *(name for name, _spread, _ink in parts))
    return Picture("waiting", title, says, scope, canvas, head, _rows(parts, width, longest), (_note(),))


def _note() -> str:
    return _(
        "Consent is the day on which screening began. A verdict decides when it is eligible, or when the screening "
        "is ended as failed. Persons who still wait are not in these figures, so that recent ones look shorter."
    )


def _in_words(name: str, spread: Spread) -> str:
    if not spread.persons:
        return _("%(name)s: nobody yet.") % {"name": name}
    return _("%(name)s: median %(median)d days, half of the %(persons)d persons between %(low)d and %(high)d.") % {
        "name": name, "median": spread.quantile(0.5), "low": spread.quantile(0.25), "high": spread.quantile(0.75),
        "persons": spread.persons,
    }  # fmt: skip


def _histogram(canvas: Canvas, top: float, name: str, spread: Spread, ink: Ink, *, width: int, bins: int) -> None:
    foot, counted = top + EACH - 28, spread.bins(width)
    upwards = Counts(max(counted), foot, top + 34)
    canvas.words(16, top + 18, name, bold=True, size=13)
    for mark in upwards.marks():
        canvas.line(LEFT, upwards(mark), RIGHT, upwards(mark))
        canvas.words(LEFT - 8, upwards(mark) + 4, str(mark), "muted", size=11, anchor="end")
    step = (RIGHT - LEFT) / max(bins, 1)
    for n in range(0, bins, max(1, bins // 13)):
        canvas.words(LEFT + n * step, foot + 16, str(n * width), "muted", size=11, anchor="middle")
    canvas.words(RIGHT, foot + 16, _("days"), "muted", size=11, anchor="end")
    for n, persons in enumerate(counted):
        if persons:
            canvas.rect(LEFT + n * step + 1, upwards(persons), step - 2, foot - upwards(persons), ink, tip=str(persons))
    median = spread.quantile(0.5)
    if median is None:
        canvas.words((LEFT + RIGHT) / 2, foot - 30, _("nobody yet"), "muted", anchor="middle")
        return
    place = LEFT + (median + 0.5) / width * step
    canvas.line(place, top + 26, place, foot, "ink", thick=2, dashed=True)
    said = ngettext("median %d day", "median %d days", median) % median
    if place > RIGHT - ROOM_FOR_MEDIAN:
        canvas.words(place - 6, top + 34, said, bold=True, anchor="end")
    else:
        canvas.words(place + 6, top + 34, said, bold=True)


def _rows(parts: list[tuple[str, Spread, Ink]], width: int, longest: int) -> tuple[tuple[Cell, ...], ...]:
    columns = [spread.bins(width) for _name, spread, _ink in parts]
    rows: list[tuple[Cell, ...]] = []
    for n in range(longest // width + 1):
        counts = [column[n] if n < len(column) else 0 for column in columns]
        if any(counts):
            days = str(n * width) if width == 1 else f"{n * width}–{(n + 1) * width - 1}"
            rows.append((days, *counts))
    medians: list[Cell] = ["–" if (m := spread.quantile(0.5)) is None else m for _name, spread, _ink in parts]
    return (*rows, (_("Median"), *medians))
