"""The window chart: when each person in screening could be dosed, over the coming weeks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboards.pictures.canvas import Canvas
from dashboards.pictures.picture import Cell, Picture, Scope, sheet
from dashboards.pictures.scales import Days
from trialops.forms import day_in_words

WIDTH, ROW, LEFT, RIGHT, TOP = 940.0, 44.0, 128.0, 924.0, 74.0
WEEKS = 8
EDGE_LETTER = 6.2
CLOSE = 48.0
"""A mark of a week so close to today's would run into it."""


@dataclass(frozen=True)
class Span:
    """Days with a meaning, both ends included; `what` names it and `edges` says why it begins and ends."""

    first: date
    last: date
    what: str = ""
    edges: str = ""


@dataclass(frozen=True)
class OpenSpan(Span):
    """A run of days on which a first dose violates nothing; `opens` and `closes` name the criteria that turn there."""

    opens: str = ""
    closes: str = ""


@dataclass(frozen=True)
class Line:
    """One person: windows (known to be eligible, or open only as far as is known), washouts, tests, days to mark."""

    subject: str
    state: str
    windows: Sequence[OpenSpan] = ()
    certain: bool = True
    washouts: Sequence[Span] = ()
    tests: Sequence[Span] = ()
    earliest: date | None = None
    planned: date | None = None
    id: UUID | None = None

    @property
    def plan_fits(self) -> bool:
        """Whether the planned day, if there is one, lies in a window."""
        return self.planned is None or any(span.first <= self.planned <= span.last for span in self.windows)


@dataclass(frozen=True)
class Windows:
    """The lines to draw, and how many persons there are in all."""

    lines: Sequence[Line]
    persons: int

    def opening(self, first: date, last: date) -> list[tuple[Line, OpenSpan]]:
        """Whose windows begin on these days, the soonest first."""
        found = [(line, span) for line in self.lines for span in line.windows if first <= span.first <= last]
        return sorted(found, key=lambda each: (each[1].first, each[0].subject))

    def open_on(self, day: date) -> int:
        """How many persons have a window on this day."""
        return sum(any(span.first <= day <= span.last for span in line.windows) for line in self.lines)


def window_chart(figures: Windows, scope: Scope) -> Picture:
    """A line for each person, from today on; the day to dose on is read from where the bars are."""
    title = _("Windows for the first dose")
    says = ngettext(
        "%(persons)d person before the first dose, over the next %(weeks)d weeks.",
        "%(persons)d persons before their first dose, over the next %(weeks)d weeks.",
        figures.persons,
    ) % {"persons": figures.persons, "weeks": WEEKS}
    foot = TOP + ROW * max(len(figures.lines), 1)
    canvas = sheet("windows", WIDTH, foot + 8, title=title, says=says, scope=scope)
    days = Days(scope.day - timedelta(days=3), scope.day + timedelta(weeks=WEEKS), LEFT, RIGHT)
    _legend(canvas)
    _weeks(canvas, days, scope.day, foot)
    for n, line in enumerate(figures.lines):
        _line(canvas, TOP + n * ROW, line, days)
    if not figures.lines:
        canvas.words(LEFT + 6, TOP + 24, _("Nobody is before a first dose."), "muted")
    _today(canvas, scope.day, days, foot)
    head = (_("Subject"), _("State"), _("What"), _("From"), _("To"), _("Why it begins and ends"))
    rows = tuple(row for line in figures.lines for row in _rows(line))
    notes = [
        _("A window is a run of days on which a first dose violates no criterion; beside it, the criteria that end it.")
    ]
    if figures.persons > len(figures.lines):
        notes.append(
            _("Drawn are %(shown)d of %(all)d persons, those with the nearest days first.")
            % {"shown": len(figures.lines), "all": figures.persons}
        )
    return Picture("windows", title, says, scope, canvas, head, rows, tuple(notes))


def _legend(canvas: Canvas) -> None:
    x = 16.0
    for label, draw in (
        (_("eligible"), _known),
        (_("open as far as is known"), _as_far_as_known),
        (_("washout"), _washing_out),
        (_("pregnancy test"), lambda sheet, left: _bracket(sheet, left, left + 18, 18)),
        (_("earliest first dose"), lambda sheet, left: _triangle(sheet, left + 9, 9)),
        (_("planned dose"), lambda sheet, left: _diamond(sheet, left + 9, 14)),
        (_("in no window"), lambda sheet, left: _diamond(sheet, left + 9, 14, fits=False)),
    ):
        draw(canvas, x)
        canvas.words(x + 24, 18, label, size=11)
        x += 24 + len(label) * EDGE_LETTER + 20


def _known(canvas: Canvas, left: float) -> None:
    canvas.rect(left, 8, 18, 12, "third", round_by=2)


def _as_far_as_known(canvas: Canvas, left: float) -> None:
    canvas.rect(left, 8, 18, 12, "third", hatched=True, round_by=2)


def _washing_out(canvas: Canvas, left: float) -> None:
    canvas.rect(left, 10, 18, 7, "second", hatched=True)


def _weeks(canvas: Canvas, days: Days, today: date, foot: float) -> None:
    for day, name in days.weeks():
        canvas.line(days(day), TOP - 8, days(day), foot)
        if abs(days(day) - days(today)) > CLOSE and days(day) < RIGHT - CLOSE:
            canvas.words(days(day) + 3, TOP - 14, name, "muted", size=11)


def _today(canvas: Canvas, today: date, days: Days, foot: float) -> None:
    canvas.line(days(today), TOP - 24, days(today), foot, "ink", thick=1.6)
    canvas.words(days(today), TOP - 28, _("today, %s") % date_format(today, "j M"), bold=True, size=11, anchor="middle")


def _line(canvas: Canvas, top: float, line: Line, days: Days) -> None:
    canvas.line(16, top + ROW, RIGHT, top + ROW)
    canvas.words(16, top + 19, line.subject, bold=True)
    canvas.words(16, top + 34, line.state, "muted", size=11)
    for washout in line.washouts:
        left, right = _ends(washout, days)
        canvas.rect(left, top + 5, right - left, 7, "second", hatched=True, tip=f"{washout.what}: {_span(washout)}")
        if right - left > len(washout.what) * EDGE_LETTER + 8:
            canvas.words(right + 18, top + 12, washout.what, "muted", size=10)
    for window in line.windows:
        _window(canvas, top, window, days, certain=line.certain)
    for test in line.tests:
        left, right = _ends(test, days)
        if right > left:
            _bracket(canvas, left, right, top + 41)
    if line.earliest is not None and days.first <= line.earliest <= days.last:
        _triangle(canvas, (days(line.earliest) + days(line.earliest + timedelta(days=1))) / 2, top + 6)
    if line.planned is not None and days.first <= line.planned <= days.last:
        _diamond(
            canvas, (days(line.planned) + days(line.planned + timedelta(days=1))) / 2, top + 23, fits=line.plan_fits
        )


def _window(canvas: Canvas, top: float, window: OpenSpan, days: Days, *, certain: bool) -> None:
    left, right = _ends(window, days)
    if right <= left:
        return
    tip = f"{_span(window)}. {window.edges}".strip()
    canvas.rect(left, top + 15, right - left, 16, "third", hatched=not certain, round_by=2, tip=tip)
    if window.opens and left > LEFT + len(window.opens) * EDGE_LETTER + 6 and window.first > days.first:
        canvas.words(left - 4, top + 27, window.opens, "muted", size=10, anchor="end")
    if window.closes and window.last < days.last and right + len(window.closes) * EDGE_LETTER < RIGHT:
        canvas.words(right + 4, top + 27, window.closes, "muted", size=10)


def _ends(span: Span, days: Days) -> tuple[float, float]:
    return days(span.first), days(span.last + timedelta(days=1))


def _bracket(canvas: Canvas, left: float, right: float, foot: float) -> None:
    canvas.path([(left + 1, foot - 6), (left + 1, foot), (right - 1, foot), (right - 1, foot - 6)], "fourth", thick=2.2)


def _triangle(canvas: Canvas, x: float, top: float) -> None:
    canvas.area([(x - 6, top), (x + 6, top), (x, top + 10)], "main")


def _diamond(canvas: Canvas, x: float, y: float, *, fits: bool = True) -> None:
    """Filled where the plan lies in a window; else hollow, with an exclamation mark."""
    corners = [(x, y - 9), (x + 8, y), (x, y + 9), (x - 8, y)]
    canvas.area(corners, "ink" if fits else "ground", edge="ground" if fits else "fourth")
    if not fits:
        canvas.words(x, y + 4, "!", "fourth", size=11, anchor="middle", bold=True)


def _span(span: Span) -> str:
    return f"{day_in_words(span.first)} – {day_in_words(span.last)}"


def _rows(line: Line) -> list[tuple[Cell, ...]]:
    def row(what: str, first: date, last: date, why: str) -> tuple[Cell, ...]:
        return line.subject, line.state, what, first.isoformat(), last.isoformat(), why

    open_now = _("eligible") if line.certain else _("open as far as is known")
    rows = [row(open_now, window.first, window.last, window.edges) for window in line.windows]
    rows += [row(each.what, each.first, each.last, each.edges) for each in (*line.washouts, *line.tests)]
    planned = _("planned first dose") if line.plan_fits else _("planned first dose, in no window")
    for what, day in ((_("earliest first dose"), line.earliest), (planned, line.planned)):
        if day is not None:
            rows.append(row(what, day, day, ""))
    return rows
