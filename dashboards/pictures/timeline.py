"""The status of each site over time, from its history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboards.pictures.canvas import Canvas
from dashboards.pictures.figures import Stretch
from dashboards.pictures.palette import Ink
from dashboards.pictures.picture import Cell, Picture, Scope, sheet
from dashboards.pictures.scales import Days
from sites.statuses import SiteStatus
from trialops.forms import day_in_words

WIDTH, ROW, LEFT, RIGHT, TOP = 860.0, 34.0, 110.0, 836.0, 12.0
SITES_SHOWN = 40
SHORTEST = timedelta(days=56)
LETTER = 6.6
"""About how wide a letter is."""

LOOKS: Mapping[SiteStatus, tuple[Ink, bool]] = {
    SiteStatus.NOT_YET_RECRUITING: ("muted", True),
    SiteStatus.RECRUITING: ("third", False),
    SiteStatus.ENROLLING_BY_INVITATION: ("third", True),
    SiteStatus.ACTIVE_NOT_RECRUITING: ("main", False),
    SiteStatus.SUSPENDED: ("second", True),
    SiteStatus.COMPLETED: ("muted", False),
    SiteStatus.WITHDRAWN: ("fourth", True),
    SiteStatus.TERMINATED: ("fourth", False),
}
"""Ink and hatching of each status; no two are alike."""


@dataclass(frozen=True)
class Timelines:
    """Each site's stretches by its code, in the order of their days; reasons are free text, not for everybody."""

    by_site: Mapping[str, Sequence[Stretch]]
    with_reasons: bool = True


def timeline(figures: Timelines, scope: Scope) -> Picture:
    """A bar for each site, the name of a status in it where there is room."""
    shown = list(figures.by_site.items())[:SITES_SHOWN]
    everything = [stretch for _site, stretches in shown for stretch in stretches]
    title = _("Status of the sites over time")
    says = ngettext(
        "%d site with its statuses in order.", "%d sites, each with its statuses in order.", len(figures.by_site)
    ) % len(figures.by_site)
    used = [status for status in SiteStatus if any(stretch.status is status for stretch in everything)]
    legend_rows = (len(used) + 3) // 4
    foot = TOP + ROW * max(len(shown), 1)
    canvas = sheet("timeline", WIDTH, foot + 30 + 22 * legend_rows, title=title, says=says, scope=scope)
    first = min([stretch.first for stretch in everything] + [scope.day - SHORTEST])
    days = Days(first.replace(day=1), scope.day, LEFT, RIGHT)
    for day, name in days.months():
        canvas.line(days(day), TOP, days(day), foot)
        canvas.words(days(day), foot + 15, name, "muted", size=11, anchor="middle")
    for n, (site, stretches) in enumerate(shown):
        canvas.words(LEFT - 12, TOP + n * ROW + 19, site, anchor="end", bold=True)
        _row(canvas, TOP + n * ROW + 4, stretches, days)
    _legend(canvas, used, foot + 30)
    rows: list[tuple[Cell, ...]] = [
        (site, str(stretch.status.label), stretch.first.isoformat(), stretch.last.isoformat(),
         *([stretch.reason] if figures.with_reasons else []))
        for site, stretches in figures.by_site.items()
        for stretch in stretches
    ]  # fmt: skip
    notes = [_("Corrected entries are left out: this is the history as it is known today.")]
    if len(figures.by_site) > SITES_SHOWN:
        notes.append(_("Drawn are the first %d sites; the table holds all of them.") % SITES_SHOWN)
    head = (_("Site"), _("Status"), _("From"), _("To"), *([_("Reason")] if figures.with_reasons else []))
    return Picture("timeline", title, says, scope, canvas, head, tuple(rows), tuple(notes))


def _row(canvas: Canvas, top: float, stretches: Sequence[Stretch], days: Days) -> None:
    if not stretches:
        canvas.words(LEFT + 6, top + 16, _("no status yet"), "muted")
    for stretch in stretches:
        left, right = days(stretch.first), days(stretch.last + timedelta(days=1))
        ink, hatched = LOOKS[stretch.status]
        label = str(stretch.status.label)
        tip = f"{label}: {_span(stretch.first, stretch.last)}"
        canvas.rect(left, top, max(right - left, 1.5), 22, ink, hatched=hatched, round_by=2, tip=tip)
        if right - left > len(label) * LETTER + 14:
            if hatched:
                canvas.rect(left + 4, top + 3, len(label) * LETTER + 8, 16, "ground", round_by=2)
            canvas.words(left + 8, top + 15.5, label, "ink" if hatched else "ground", bold=not hatched)


def _span(first: date, last: date) -> str:
    return f"{day_in_words(first)} – {day_in_words(last)}"


def _legend(canvas: Canvas, used: Sequence[SiteStatus], top: float) -> None:
    for n, status in enumerate(used):
        x, y = LEFT + (n % 4) * 182, top + (n // 4) * 22
        ink, hatched = LOOKS[status]
        canvas.rect(x, y, 14, 14, ink, hatched=hatched)
        canvas.words(x + 20, y + 12, str(status.label))
