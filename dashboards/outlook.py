"""How fast persons are enrolled, and when the target will be reached if it goes on like that."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from dashboards.counting import Pace, paces
from dashboards.queries import Counts, StudyEnrollment
from screening.criteria.calendar import add_months
from sites.statuses import OPEN_FOR_SCREENING, SiteStatus

RECENT_MONTHS = 3
DAYS_OF_A_MONTH = Fraction(304375, 10000)
FARTHEST = timedelta(days=36525)


class Basis(StrEnum):
    """What a forecast rests on, or why there is none."""

    LAST_3_MONTHS = "last_3_months"
    OVERALL = "overall"
    REACHED = "reached"
    NO_TARGET = "no_target"
    NOT_RECRUITING = "not_recruiting"
    NOBODY_ENROLLED = "nobody_enrolled"
    TOO_FAR = "too_far"


@dataclass(frozen=True)
class Forecast:
    """The day on which the target is reached at the present rate; None with the reason why."""

    reached_on: date | None
    basis: Basis


@dataclass(frozen=True)
class Outlook:
    """Rates in persons enrolled a month, and the forecast that follows from them."""

    first_in: date | None
    last_in: date | None
    recent_rate: Fraction
    overall_rate: Fraction | None
    forecast: Forecast


def outlook(counts: Counts, pace: Pace, *, day: date, target: int | None, status: SiteStatus | None) -> Outlook:
    """Overall: since the first person came into screening, and at least over one month."""
    overall = None
    if pace.first_in is not None:
        months = max(Fraction((day - pace.first_in).days + 1) / DAYS_OF_A_MONTH, Fraction(1))
        overall = Fraction(counts.enrolled) / months
    recent = Fraction(pace.recent, RECENT_MONTHS)
    forecast = _forecast(counts.enrolled, target, recent, overall, day=day, is_open=status in OPEN_FOR_SCREENING)
    return Outlook(pace.first_in, pace.last_in, recent, overall, forecast)


def _forecast(
    enrolled: int, target: int | None, recent: Fraction, overall: Fraction | None, *, day: date, is_open: bool
) -> Forecast:
    """A straight line at the rate of the last three months; at the overall rate when nobody was enrolled in them."""
    if target is None:
        return Forecast(None, Basis.NO_TARGET)
    if enrolled >= target:
        return Forecast(None, Basis.REACHED)
    if not is_open:
        return Forecast(None, Basis.NOT_RECRUITING)
    rate, basis = (recent, Basis.LAST_3_MONTHS) if recent else (overall, Basis.OVERALL)
    if not rate:
        return Forecast(None, Basis.NOBODY_ENROLLED)
    days = -(-(target - enrolled) * DAYS_OF_A_MONTH // rate)
    if days > FARTHEST.days:
        return Forecast(None, Basis.TOO_FAR)
    return Forecast(day + timedelta(days=int(days)), basis)


@dataclass(frozen=True)
class Outlooks:
    """Site id to its outlook, and that of the study."""

    sites: dict[int, Outlook]
    study: Outlook


def outlooks(figures: StudyEnrollment, *, day: date, known_at: datetime | None = None) -> Outlooks:
    """The outlooks of a study and its sites, in two queries. The study's target is its planned enrollment."""
    sites = [entry.site for entry in figures.sites]
    days = {entry.site.pk: entry.day for entry in figures.sites}
    found = paces(sites, days, since={pk: add_months(d, -RECENT_MONTHS) for pk, d in days.items()}, known_at=known_at)
    return Outlooks(
        sites={
            entry.site.pk: outlook(
                entry,
                found[entry.site.pk],
                day=entry.day,
                target=entry.target,
                status=entry.status.status if entry.status else None,
            )
            for entry in figures.sites
        },
        study=outlook(
            figures.totals, _together(found.values()), day=day,
            target=figures.study.planned_enrollment, status=figures.status,
        ),
    )  # fmt: skip


def _together(found: Iterable[Pace]) -> Pace:
    every = list(found)
    firsts = [pace.first_in for pace in every if pace.first_in is not None]
    lasts = [pace.last_in for pace in every if pace.last_in is not None]
    return Pace(min(firsts, default=None), max(lasts, default=None), sum(pace.recent for pace in every))
