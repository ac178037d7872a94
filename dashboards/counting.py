"""Persons by state from the counts that triggers keep, and from the history for what was known at an earlier time.

What holds today costs the same however many subjects there are: one row a site and state, less the days that have not
come. A past day adds up that many days. Only "as known at" reads the state rows themselves.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Min, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import TruncMonth

from screening.models import DailyStateCount, StateCount, SubjectStateChange
from screening.states import SubjectState
from sites.models import Site
from sites.scopes import counted

ByState = Mapping[SubjectState, int]
Days = Mapping[int, date]
"""Site id to the day up to which its entries count."""
BySite = dict[int, ByState]


def counts_today(sites: Sequence[Site], days: Days) -> tuple[BySite, BySite]:
    """Current and ever by site, in two queries."""
    totals = StateCount.objects.filter(site__in=sites).values_list("site_id", "state", "present", "ever")
    after = DailyStateCount.objects.filter(_beyond(sites, days)).order_by()
    future = after.values_list("site_id", "state").annotate(Sum("change"), Sum("first"))
    rows = list(totals) + [(site, state, -change, -first) for site, state, change, first in future]
    return _by_site(sites, rows)


def counts_on(sites: Sequence[Site], day: date, *, known_at: datetime | None = None) -> tuple[BySite, BySite]:
    """Current and ever by site at the end of a day; as it was known at a time, if one is given."""
    if known_at is not None:
        return _counted_from_history(sites, day, known_at)
    rows = DailyStateCount.objects.filter(site__in=sites, day__lte=day).order_by()
    return _by_site(sites, rows.values_list("site_id", "state").annotate(Sum("change"), Sum("first")))


@counted
def _counted_from_history(sites: Sequence[Site], day: date, known_at: datetime) -> tuple[BySite, BySite]:
    rows = SubjectStateChange.objects.filter(
        subject__site__in=sites, effective_on__lte=day, recorded_at__lte=known_at
    ).order_by()
    last = rows.order_by("subject_id", "-effective_on", "-id").distinct("subject_id").values("pk")
    present = SubjectStateChange.objects.filter(pk__in=last).order_by().values_list("subject__site_id", "state")
    ever = rows.values_list("subject__site_id", "state")
    current_rows = [(site, state, n, 0) for site, state, n in present.annotate(Count("pk"))]
    ever_rows = [(site, state, 0, n) for site, state, n in ever.annotate(Count("subject_id", distinct=True))]
    return _by_site(sites, current_rows + ever_rows)


@dataclass(frozen=True)
class Pace:
    """When persons came: the first and the last day of screening, and how many were enrolled in recent months."""

    first_in: date | None
    last_in: date | None
    recent: int


def paces(sites: Sequence[Site], days: Days, *, since: Days, known_at: datetime | None = None) -> dict[int, Pace]:
    """Site id to its pace up to the site's day; `recent` counts the enrolled after the day `since`."""
    if known_at is None:
        bounds, enrolled = _bounds_kept(sites, days), _recent_kept(sites, since)
    else:
        bounds, enrolled = _paces_from_history(sites, days, since, known_at)
    recent: dict[int, int] = defaultdict(int)
    for site_id, day, persons in enrolled:
        if since[site_id] < day <= days[site_id]:
            recent[site_id] += persons
    return {site.pk: Pace(*bounds.get(site.pk, (None, None)), recent=recent[site.pk]) for site in sites}


def _bounds_kept(sites: Sequence[Site], days: Days) -> dict[int, tuple[date | None, date | None]]:
    """Two look-ups in an index a site, however long its history."""
    latest = max(days.values(), default=date.min)
    rows = DailyStateCount.objects.filter(
        site=OuterRef("pk"), state=SubjectState.IN_SCREENING, first__gt=0, day__lte=latest
    )
    found = Site.objects.filter(pk__in=[site.pk for site in sites]).order_by().values_list(
        "pk", Subquery(rows.order_by("day").values("day")[:1]), Subquery(rows.order_by("-day").values("day")[:1])
    )  # fmt: skip
    return {pk: (first, last) for pk, first, last in found}


def _recent_kept(sites: Sequence[Site], since: Days) -> Iterable[tuple[int, date, int]]:
    earliest = min(since.values(), default=date.max)
    rows = DailyStateCount.objects.filter(site__in=sites, state=SubjectState.ENROLLED, day__gt=earliest, first__gt=0)
    return rows.order_by().values_list("site_id", "day", "first")


@counted
def _paces_from_history(
    sites: Sequence[Site], days: Days, since: Days, known_at: datetime
) -> tuple[dict[int, tuple[date | None, date | None]], list[tuple[int, date, int]]]:
    firsts = first_entries(sites, max(days.values(), default=date.min), known_at=known_at)
    screened = firsts.filter(state=SubjectState.IN_SCREENING).values_list("subject__site_id", "day")
    found: dict[int, list[date]] = defaultdict(list)
    for site_id, day in screened:
        found[site_id].append(day)
    bounds: dict[int, tuple[date | None, date | None]] = {pk: (min(d), max(d)) for pk, d in found.items()}
    enrolled = firsts.filter(state=SubjectState.ENROLLED).values_list("subject__site_id", "day")
    return bounds, [(site_id, day, 1) for site_id, day in enrolled]


def first_entries(sites: Sequence[Site], day: date, *, known_at: datetime) -> QuerySet[Any, Any]:
    """Each person's first day (`day`) in each state, from the history as known at a time."""
    rows = SubjectStateChange.objects.filter(subject__site__in=sites, effective_on__lte=day, recorded_at__lte=known_at)
    return rows.order_by().values("subject_id", "subject__site_id", "state").annotate(day=Min("effective_on"))


@counted
def by_month(sites: Sequence[Site], days: Days, *, known_at: datetime | None = None) -> dict[date, ByState]:
    """The first day of each month to how many persons first came into each state in it."""
    latest = max(days.values(), default=date.min)
    months: dict[date, dict[SubjectState, int]] = {}
    if known_at is None:
        kept = DailyStateCount.objects.filter(~_beyond(sites, days), site__in=sites).order_by()
        rows: Iterable[tuple[date, str, int]] = kept.values_list(TruncMonth("day"), "state").annotate(Sum("first"))
    else:
        firsts = first_entries(sites, latest, known_at=known_at).values_list("day", "state")
        rows = [(day.replace(day=1), state, 1) for day, state in firsts]
    for month, state, persons in rows:
        counts = months.setdefault(month, dict.fromkeys(SubjectState, 0))
        counts[SubjectState(state)] += persons
    return {month: months[month] for month in sorted(months) if any(months[month].values())}


def _beyond(sites: Sequence[Site], days: Days) -> Q:
    """Daily rows after each site's own day; the zones of the world hold at most three days."""
    by_day: dict[date, list[int]] = defaultdict(list)
    for site in sites:
        by_day[days[site.pk]].append(site.pk)
    condition = Q(pk__in=[])
    for day, site_ids in by_day.items():
        condition |= Q(site__in=site_ids, day__gt=day)
    return condition


def _by_site(sites: Sequence[Site], rows: Iterable[tuple[int, str, int, int]]) -> tuple[BySite, BySite]:
    present = {site.pk: dict.fromkeys(SubjectState, 0) for site in sites}
    ever = {site.pk: dict.fromkeys(SubjectState, 0) for site in sites}
    for site_id, state, now, once in rows:
        present[site_id][SubjectState(state)] += now
        ever[site_id][SubjectState(state)] += once
    return dict(present), dict(ever)
