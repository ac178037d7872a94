"""Enrollment over time against the plan, with a forecast and its uncertainty."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboards.pictures.canvas import Canvas, Point
from dashboards.pictures.figures import Enrolled
from dashboards.pictures.forecast import Ahead, Forecast, forecast
from dashboards.pictures.palette import Ink
from dashboards.pictures.picture import SITES_IN_TABLE, Cell, Picture, Scope, sheet
from dashboards.pictures.scales import Counts, Days
from trialops.forms import day_in_words

WIDTH, HEIGHT = 860.0, 330.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 690.0, 18.0, 296.0
LINES: tuple[Ink, ...] = ("second", "third", "fourth")
"""Sites get lines of their own if there are no more of them than inks."""
LABEL_APART = 15.0
SHORTEST = timedelta(days=56)
HALF_A_YEAR = timedelta(days=182)


@dataclass(frozen=True)
class Accrual:
    """Enrollments of the sites named, by day; `planned` is None without a plan; `recruits`: whether a site is open."""

    enrolled: Sequence[Enrolled]
    sites: Sequence[str]
    planned: int | None
    recruits: bool

    @property
    def total(self) -> int:
        return sum(each.persons for each in self.enrolled)

    @property
    def columns(self) -> Sequence[str]:
        """The sites that get a column of the table."""
        return self.sites if len(self.sites) <= SITES_IN_TABLE else ()

    def forecast(self, as_of: date) -> Forecast | None:
        days = [each.day for each in self.enrolled for _person in range(each.persons)]
        return forecast(days, as_of=as_of, target=self.planned) if self.recruits else None

    def so_far(self, site: str | None = None) -> Iterator[tuple[date, int]]:
        """Each day of an enrollment with the persons enrolled by its end, at one site or at all."""
        by_day: Counter[date] = Counter()
        for each in self.enrolled:
            if site in (None, each.site):
                by_day[each.day] += each.persons
        total = 0
        for day in sorted(by_day):
            total += by_day[day]
            yield day, total


def accrual(figures: Accrual, scope: Scope) -> Picture:
    """The line of all sites, one for each site if they are few, the plan, and the way on from today."""
    ahead = figures.forecast(scope.day)
    points = _points_shown(ahead, planned=figures.planned is not None)
    title, says = _("Enrollment over time"), _says(figures)
    canvas = sheet("accrual", WIDTH, HEIGHT, title=title, says=says, scope=scope)
    first = min([each.day for each in figures.enrolled] + [scope.day - SHORTEST])
    days = Days(first.replace(day=1), points[-1].day if points else scope.day, LEFT, RIGHT)
    most = max(figures.total, figures.planned or 0, points[-1].middle if points else 0)
    counts = Counts(round(most * 1.1), BOTTOM, TOP)
    _axes(canvas, days, counts)
    _plan(canvas, figures, counts)
    _band(canvas, points, days, counts)
    _lines(canvas, figures, scope.day, days, counts)
    return Picture(
        "accrual", title, says, scope, canvas,
        (_("Month"), *figures.columns, _("Enrolled in the month"), _("Enrolled so far"), _("Planned")),
        tuple(_rows(figures, scope.day)), (_method(figures, ahead, scope.day),),
    )  # fmt: skip


def _points_shown(ahead: Forecast | None, *, planned: bool) -> list[Ahead]:
    """The forecast for half a year, or until the plan is likely reached."""
    if ahead is None:
        return []
    end = ahead.points[0].day + HALF_A_YEAR
    if planned:
        end = max(end, ahead.reached_middle or ahead.points[-1].day)
    return [point for point in ahead.points if point.day <= end]


def _axes(canvas: Canvas, days: Days, counts: Counts) -> None:
    for mark in counts.marks():
        canvas.line(LEFT, counts(mark), RIGHT, counts(mark))
        canvas.words(LEFT - 8, counts(mark) + 4, str(mark), "muted", anchor="end")
    for day, name in days.months():
        canvas.line(days(day), BOTTOM, days(day), BOTTOM + 5, "muted")
        canvas.words(days(day), BOTTOM + 18, name, "muted", size=11, anchor="middle")
    canvas.line(LEFT, BOTTOM, RIGHT, BOTTOM, "muted")


def _plan(canvas: Canvas, figures: Accrual, counts: Counts) -> None:
    if figures.planned is not None:
        place = counts(figures.planned)
        canvas.line(LEFT, place, RIGHT, place, "muted", thick=1.5, dashed=True)
        canvas.words(LEFT + 8, place - 6, _("planned: %d") % figures.planned, "muted")


def _band(canvas: Canvas, points: Sequence[Ahead], days: Days, counts: Counts) -> None:
    if not points:
        return

    def place(day: date, count: int) -> Point:
        return days(day), max(counts(count), TOP)

    low = [place(point.day, point.low) for point in points]
    high = [place(point.day, point.high) for point in points]
    canvas.area([*low, *reversed(high)], "band", tip=_("80 of 100 cases"))
    canvas.path([place(point.day, point.middle) for point in points], "main", dashed=True)
    canvas.line(days(points[0].day), TOP, days(points[0].day), BOTTOM, "muted")
    canvas.words(days(points[0].day) + 6, BOTTOM - 8, _("forecast"), "muted", size=11)


def _lines(canvas: Canvas, figures: Accrual, until: date, days: Days, counts: Counts) -> None:
    """Steps, each labelled at its end; labels keep apart."""
    lines: list[tuple[str, str | None, Ink]] = [(_("all sites"), None, "main")]
    if 1 < len(figures.sites) <= len(LINES):
        lines += [(site, site, ink) for site, ink in zip(figures.sites, LINES, strict=False)]
    elif len(figures.sites) == 1:
        lines = [(figures.sites[0], None, "main")]
    lowest = TOP - LABEL_APART
    for label, site, ink in lines:
        steps = list(figures.so_far(site))
        total = steps[-1][1] if steps else 0
        canvas.path(list(_steps(steps, until, days, counts)), ink, thick=5 if site is None else 2)
        lowest = max(counts(total) + 4, lowest + LABEL_APART)
        canvas.words(RIGHT + 10, lowest, f"{label}: {total}", ink, bold=site is None)


def _steps(steps: Sequence[tuple[date, int]], until: date, days: Days, counts: Counts) -> Iterator[Point]:
    before = 0
    yield days(days.first), counts(0)
    for day, total in steps:
        yield days(day), counts(before)
        yield days(day), counts(total)
        before = total
    yield days(until), counts(before)


def _says(figures: Accrual) -> str:
    if figures.planned is None:
        said = ngettext(
            "%d person enrolled; no number is planned.", "%d persons enrolled; no number is planned.", figures.total
        )
        return said % figures.total
    said = ngettext(
        "%(total)d person enrolled of %(planned)d planned.",
        "%(total)d persons enrolled of %(planned)d planned.",
        figures.total,
    )
    return said % {"total": figures.total, "planned": figures.planned}


def _method(figures: Accrual, ahead: Forecast | None, as_of: date) -> str:
    """What the forecast is, or why there is none, in words."""
    if not figures.recruits:
        return _("No forecast: none of these sites is open for enrollment on this day.")
    if ahead is None:
        return _("No forecast yet: it needs four weeks of enrollment.")
    method = _(
        "Forecast: if enrollment goes on as in the last %(days)d days (%(persons)d persons, %(rate).1f a month), the "
        "dashed line is met in half of all cases and the band holds 80 of 100 cases. Persons are taken to arrive at a "
        "steady, unknown rate (a negative binomial distribution, with Jeffreys’ prior for the rate)."
    ) % {"days": ahead.days, "persons": ahead.persons, "rate": ahead.per_month}
    return f"{method} {_reached(figures, ahead)}".strip()


def _reached(figures: Accrual, ahead: Forecast) -> str:
    if figures.planned is None:
        return ""
    if figures.total >= figures.planned:
        return _("The planned number is reached.")
    if ahead.reached_middle is None:
        return _("At this rate the planned number is not reached within the next 18 months.")
    early, middle = ahead.reached_early or ahead.reached_middle, ahead.reached_middle
    late = day_in_words(ahead.reached_late) if ahead.reached_late else _("later than in 18 months")
    return _("The planned number is reached by %(middle)s (80 of 100 cases: %(early)s to %(late)s).") % {
        "middle": day_in_words(middle), "early": day_in_words(early), "late": late,
    }  # fmt: skip


def _rows(figures: Accrual, until: date) -> Iterator[tuple[Cell, ...]]:
    """A row for each month from the first enrollment on."""
    if not figures.enrolled:
        return
    in_month: Counter[tuple[str, date]] = Counter()
    for each in figures.enrolled:
        in_month[each.site, each.day.replace(day=1)] += each.persons
    month, total = min(each.day for each in figures.enrolled).replace(day=1), 0
    while month <= until:
        persons = sum(in_month[site, month] for site in figures.sites)
        total += persons
        planned = "" if figures.planned is None else figures.planned
        yield date_format(month, "M Y"), *(in_month[site, month] for site in figures.columns), persons, total, planned
        month = (month + timedelta(days=31)).replace(day=1)
