"""The figures behind the pictures, read as of a day: each site's entries that had taken effect by then."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from dashboards.queries import Counts
from screening.models import DailyStateCount, ScreenFailure, SubjectStateChange, WaitCount
from screening.states import SubjectState
from sites.models import Site
from sites.queries import live_changes
from sites.scopes import counted
from sites.statuses import SiteStatus

S = SubjectState
Days = Mapping[int, date]
"""Site id to the day as of which it is looked at."""


@dataclass(frozen=True)
class Enrolled:
    """How many persons one site enrolled on one day."""

    site: str
    day: date
    persons: int


@dataclass(frozen=True)
class Flow:
    """Persons by where their way through the study has led; every person stands in exactly one of the fields."""

    pre_screened: int = 0
    in_screening: int = 0
    screen_failed: int = 0
    withdrawn_before_enrollment: int = 0
    awaiting_dose: int = 0
    withdrawn_before_dose: int = 0
    in_follow_up: int = 0
    completed: int = 0
    withdrawn_after_dose: int = 0

    @property
    def assessed(self) -> int:
        return self.pre_screened + self.in_screening + self.excluded + self.enrolled

    @property
    def excluded(self) -> int:
        return self.screen_failed + self.withdrawn_before_enrollment

    @property
    def enrolled(self) -> int:
        return self.awaiting_dose + self.withdrawn_before_dose + self.treated

    @property
    def treated(self) -> int:
        return self.in_follow_up + self.completed + self.withdrawn_after_dose


@dataclass(frozen=True)
class Failures:
    """Screen failures of one site for exactly this set of criteria, `primary` being the main one."""

    site: str
    criteria: frozenset[str]
    primary: str
    persons: int


@dataclass(frozen=True)
class Waits:
    """Days from consent to the first verdict that decided, and to the first dose: days to number of persons."""

    to_verdict: Mapping[int, int]
    to_dose: Mapping[int, int]


@dataclass(frozen=True)
class Stretch:
    """A run of days on which a site had one status, both ends included."""

    status: SiteStatus
    first: date
    last: date
    reason: str


def enrolled(sites: Sequence[Site], days: Days) -> list[Enrolled]:
    """Persons by the day of their enrollment, in the order of the days, from the kept counts."""
    kept = DailyStateCount.objects.filter(_by_day(sites, days, site="site", day="day"), state=S.ENROLLED, first__gt=0)
    return [Enrolled(*row) for row in kept.order_by("day", "site__code").values_list("site__code", "day", "first")]


def flow(totals: Counts) -> Flow:
    """Where everybody's way has led, from how many are and ever were in each state.

    An enrollment is followed by a treatment or a withdrawal alone, a treatment by completion or a withdrawal: so those
    who have left either, and are in no state that follows, have withdrawn there.
    """
    now, ever = totals.current, totals.ever
    left_treatment = ever[S.TREATED] - now[S.TREATED] - now[S.COMPLETED]
    left_enrolled = ever[S.ENROLLED] - now[S.ENROLLED] - ever[S.TREATED]
    return Flow(
        pre_screened=now[S.PRE_SCREENED],
        in_screening=now[S.IN_SCREENING] + now[S.ELIGIBLE],
        screen_failed=now[S.SCREEN_FAILED],
        withdrawn_before_enrollment=now[S.WITHDRAWN] - left_enrolled - left_treatment,
        awaiting_dose=now[S.ENROLLED],
        withdrawn_before_dose=left_enrolled,
        in_follow_up=now[S.TREATED],
        completed=now[S.COMPLETED],
        withdrawn_after_dose=left_treatment,
    )


@counted
def failures(sites: Sequence[Site], days: Days) -> list[Failures]:
    """Screen failures by site and set of criteria, without those that had been withdrawn by the day."""
    back = SubjectStateChange.objects.filter(
        subject=OuterRef("state_change__subject"), pk__gt=OuterRef("state_change"), state=S.IN_SCREENING,
        effective_on__lte=max(days.values(), default=date.min),
    )  # fmt: skip
    by_day = _by_day(sites, days, site="state_change__subject__site", day="state_change__effective_on")
    rows = ScreenFailure.objects.filter(by_day).exclude(Exists(back))
    grouped = rows.order_by().values_list("state_change__subject__site__code", "criteria", "primary")
    return [
        Failures(site, frozenset(criteria), primary, persons)
        for site, criteria, primary, persons in grouped.annotate(Count("pk"))
    ]


def waits(sites: Sequence[Site], days: Days) -> Waits:
    """How long persons waited, from the kept counts: from the day screening began to verdict and to first dose."""
    kept = WaitCount.objects.filter(_by_day(sites, days, site="site", day="day")).order_by()
    found: dict[str, dict[int, int]] = {until: {} for until in WaitCount.Until}
    for until, waited, persons in kept.values_list("until", "waited").annotate(Sum("persons")):
        if persons:
            found[until][waited] = persons
    return Waits(found[WaitCount.Until.VERDICT], found[WaitCount.Until.DOSE])


def stretches(sites: Sequence[Site], days: Days) -> dict[str, list[Stretch]]:
    """Each site's statuses up to the day, by its code: neighbours of the same status are one stretch."""
    entries: dict[int, list[tuple[date, SiteStatus, str]]] = defaultdict(list)
    for row in live_changes().filter(site__in=sites).order_by("site", "effective_on", "id"):
        if row.effective_on <= days[row.site_id]:
            entries[row.site_id].append((row.effective_on, SiteStatus(row.status), row.reason))
    return {site.code: list(_merged(entries[site.pk], days[site.pk])) for site in sites}


def _merged(entries: list[tuple[date, SiteStatus, str]], until: date) -> Iterator[Stretch]:
    kept = [entry for n, entry in enumerate(entries) if n == 0 or entry[1] is not entries[n - 1][1]]
    for n, (first, status, reason) in enumerate(kept):
        ends = kept[n + 1][0] if n + 1 < len(kept) else None
        if ends is None:
            yield Stretch(status, first, until, reason)
        elif ends > first:
            yield Stretch(status, first, date.fromordinal(ends.toordinal() - 1), reason)


def changes_by(sites: Sequence[Site], days: Days) -> QuerySet[SubjectStateChange]:
    """The state entries of the sites that had taken effect by the day of each."""
    return SubjectStateChange.objects.filter(_by_day(sites, days, site="subject__site", day="effective_on"))


def _by_day(sites: Sequence[Site], days: Days, *, site: str, day: str) -> Q:
    """What had taken effect by the day of each site; the sites of the world stand on three days at most."""
    by_day: dict[date, list[int]] = defaultdict(list)
    for each in sites:
        by_day[days[each.pk]].append(each.pk)
    condition = Q(pk__in=[])
    for last, ids in by_day.items():
        condition |= Q(**{f"{site}__in": ids, f"{day}__lte": last})
    return condition
