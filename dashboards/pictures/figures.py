"""The figures behind the pictures, read as of a day: each site's entries that had taken effect by then."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet, Subquery

from screening.models import ScreenFailure, Subject, SubjectStateChange
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


@counted
def enrolled(sites: Sequence[Site], days: Days) -> list[Enrolled]:
    """Persons by the day of their enrollment, in the order of the days; nobody is enrolled twice."""
    rows = changes_by(sites, days).filter(state=S.ENROLLED).order_by("effective_on", "subject__site__code")
    counted = rows.values_list("subject__site__code", "effective_on").annotate(Count("subject", distinct=True))
    return [Enrolled(*row) for row in counted]


@counted
def flow(sites: Sequence[Site], days: Days) -> Flow:
    """Where everybody's way has led by the day."""
    earlier = changes_by(sites, days).filter(subject=OuterRef("pk"))
    latest = earlier.order_by("-effective_on", "-id").values("state")[:1]
    persons = Subject.objects.filter(site__in=sites).annotate(
        now=Subquery(latest), was_enrolled=Exists(earlier.filter(state=S.ENROLLED)),
        was_treated=Exists(earlier.filter(state=S.TREATED)),
    )  # fmt: skip
    counts: Counter[str] = Counter()
    grouped = persons.filter(now__isnull=False).order_by().values_list("now", "was_enrolled", "was_treated")
    for now, was_enrolled, was_treated, number in grouped.annotate(Count("pk")):
        counts[_place(SubjectState(now), was_enrolled=was_enrolled, was_treated=was_treated)] += number
    return Flow(**counts)


def _place(now: SubjectState, *, was_enrolled: bool, was_treated: bool) -> str:
    """The field of a Flow in which a person stands."""
    if now is S.WITHDRAWN:
        if was_treated:
            return "withdrawn_after_dose"
        return "withdrawn_before_dose" if was_enrolled else "withdrawn_before_enrollment"
    return {
        S.ELIGIBLE: "in_screening", S.ENROLLED: "awaiting_dose", S.TREATED: "in_follow_up",
    }.get(now, now.value)  # fmt: skip


@counted
def failures(sites: Sequence[Site], days: Days) -> list[Failures]:
    """Screen failures by site and set of criteria."""
    rows = ScreenFailure.objects.filter(_by_day(sites, days, "state_change__")).order_by()
    grouped = rows.values_list("state_change__subject__site__code", "criteria", "primary").annotate(Count("pk"))
    return [Failures(site, frozenset(criteria), primary, persons) for site, criteria, primary, persons in grouped]


@counted
def waits(sites: Sequence[Site], days: Days) -> Waits:
    """How long persons waited: from the day screening began (consent) to verdict and to first dose."""
    ways = (
        changes_by(sites, days)
        .order_by()
        .values("subject")
        .annotate(
            began=Min("effective_on", filter=Q(state=S.IN_SCREENING)),
            decided=Min("effective_on", filter=Q(state__in=[S.ELIGIBLE, S.SCREEN_FAILED])),
            dosed=Min("effective_on", filter=Q(state=S.TREATED)),
        )
        .filter(began__isnull=False)
    )
    to_verdict: Counter[int] = Counter()
    to_dose: Counter[int] = Counter()
    for began, decided, dosed in ways.values_list("began", "decided", "dosed").iterator():
        if decided is not None and decided >= began:
            to_verdict[(decided - began).days] += 1
        if dosed is not None and dosed >= began:
            to_dose[(dosed - began).days] += 1
    return Waits(to_verdict, to_dose)


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
    return SubjectStateChange.objects.filter(_by_day(sites, days))


def _by_day(sites: Sequence[Site], days: Days, path: str = "") -> Q:
    """The sites of the world stand on three days at most."""
    by_day: dict[date, list[int]] = defaultdict(list)
    for site in sites:
        by_day[days[site.pk]].append(site.pk)
    condition = Q(pk__in=[])
    for day, ids in by_day.items():
        condition |= Q(**{f"{path}subject__site__in": ids, f"{path}effective_on__lte": day})
    return condition
