"""What waits at each site of a study: reminders due and late, reviews, and when something was last recorded."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Max, Model, Q, Subquery

from dashboards.work_list import is_due, is_late
from screening.models import Observation, Reminder, SubjectStateChange, Therapy, Toxicity
from screening.reviews import awaiting
from sites.models import Site
from sites.queries import site_days

LATEST_ROWS = 5000
"""Last activity is looked for among so many latest entries of each kind, so that it costs the same in any study."""


@dataclass(frozen=True)
class Work:
    """Counts of one site; `last_activity` is None when nothing lies among the latest entries."""

    due: int
    late: int
    reviews: int
    last_activity: datetime | None


def work_at(sites: Sequence[Site], *, now: datetime) -> dict[int, Work]:
    """Site id to what waits there, in a fixed number of queries."""
    days = site_days(list(sites), now)
    due, late = _reminders(sites, days)
    waiting = awaiting(sites).order_by()
    reviews = dict(waiting.values_list("subject__site_id").annotate(Count("pk")))
    latest = _last_activity(sites)
    return {
        site.pk: Work(
            due.get(site.pk, 0), late.get(site.pk, 0), reviews.get(site.pk, 0), latest.get(site.pk)
        )
        for site in sites
    }  # fmt: skip


def _reminders(sites: Sequence[Site], days: Mapping[int, date]) -> tuple[dict[int, int], dict[int, int]]:
    """Due and late ones by site, each by its own day."""
    at: dict[date, list[int]] = defaultdict(list)
    for site in sites:
        at[days[site.pk]].append(site.pk)
    due = late = Q(pk__in=[])
    for day, ids in at.items():
        due |= is_due(day) & Q(site__in=ids)
        late |= is_late(day) & Q(site__in=ids)
    rows = Reminder.objects.filter(due | late).order_by().values_list("site_id")
    counted = list(rows.annotate(due=Count("pk", filter=due), late=Count("pk", filter=late)))
    return {site: n for site, n, _late in counted}, {site: n for site, _due, n in counted}


def _last_activity(sites: Sequence[Site]) -> dict[int, datetime]:
    found: dict[int, datetime] = {}
    kinds: tuple[type[Model], ...] = (SubjectStateChange, Observation, Therapy, Toxicity)
    for kind in kinds:
        rows = kind._default_manager
        newest = Subquery(rows.order_by("-pk").values("pk")[:1])
        lately = rows.filter(pk__gt=newest - LATEST_ROWS, subject__site__in=sites, recorded_by__isnull=False)
        for site, at in lately.order_by().values_list("subject__site_id").annotate(Max("recorded_at")):
            found[site] = max(found.get(site, at), at)
    return found
