"""Enrollment counts: per site and over a study, as the pages and the API show them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from dashboards.counting import ByState, counts_on, counts_today
from screening.states import SubjectState
from sites.models import InvestigatorTerm, Site, SiteStatusChange, Study
from sites.queries import (
    StatusInForce,
    live_changes,
    overall_status,
    principal_investigators,
    site_days,
    statuses_in_force,
)
from sites.statuses import SiteStatus, study_status

S = SubjectState


@dataclass(frozen=True)
class Counts:
    """Persons by state: `current` counts each once, in the state of their last entry; `ever` once per state reached.

    Both hold every state, zero included. Only entries that have taken effect by the site's day count.
    """

    current: ByState
    ever: ByState

    @property
    def screened(self) -> int:
        """Persons ever taken into screening, whatever became of them; pre-screening alone does not count."""
        return self.ever[S.IN_SCREENING]

    @property
    def in_screening(self) -> int:
        """Persons in screening now whose verdict is not (or no longer) eligible."""
        return self.current[S.IN_SCREENING]

    @property
    def eligible(self) -> int:
        """Persons now eligible and not yet enrolled."""
        return self.current[S.ELIGIBLE]

    @property
    def screen_failed(self) -> int:
        """Persons whose screening ended because criteria were not met; a failure that was withdrawn is none."""
        return self.current[S.SCREEN_FAILED]

    @property
    def screen_fail_rate(self) -> Fraction | None:
        """Screen failures among those who failed screening or were enrolled; None before the first."""
        ended = self.screen_failed + self.enrolled
        return Fraction(self.screen_failed, ended) if ended else None

    @property
    def enrolled(self) -> int:
        """Persons ever enrolled, treated and completed ones included."""
        return self.ever[S.ENROLLED]

    @property
    def treated(self) -> int:
        """Persons who have received the first dose, completed ones included."""
        return self.ever[S.TREATED]


@dataclass(frozen=True)
class SiteEnrollment(Counts):
    """One site's counts on its own day, with its status, principal investigator and target."""

    site: Site
    day: date
    status: StatusInForce | None
    principal: InvestigatorTerm | None
    upcoming: SiteStatusChange | None
    target: int | None

    @property
    def over_target(self) -> int:
        """How many more have been enrolled than the site means to enroll."""
        return max(self.enrolled - self.target, 0) if self.target is not None else 0


@dataclass(frozen=True)
class StudyEnrollment:
    """A study's sites with their counts, and the totals over exactly these sites."""

    study: Study
    status: SiteStatus
    as_of: datetime
    sites: tuple[SiteEnrollment, ...]
    totals: Counts

    @property
    def target(self) -> int | None:
        """The sites' targets added up; None unless every site has one."""
        targets = [entry.target for entry in self.sites]
        return sum(target for target in targets if target is not None) if targets and None not in targets else None


def enrollment(
    study: Study,
    sites: Sequence[Site],
    *,
    now: datetime,
    as_of: date | None = None,
    known_at: datetime | None = None,
) -> StudyEnrollment:
    """Counts of the given sites of a study, each by its own calendar day, in a fixed number of queries.

    `as_of` asks for another day, the same at every site; `known_at` for what had been recorded by then. The study's
    status follows from all of its sites, given or not; for another day, from them alone, since what was declared for
    a study has no history.
    """
    every_site = list(study.sites.all())
    given = sorted(sites, key=lambda site: site.code)
    everyone = [*every_site, *given]
    days = site_days(everyone, now) if as_of is None else {site.pk: as_of for site in everyone}
    in_force = statuses_in_force(every_site, days=days, known_at=known_at)
    principals = principal_investigators(given, days=days)
    upcoming = _next_changes(given, days)
    current, ever = counts_today(given, days) if as_of is None else counts_on(given, as_of, known_at=known_at)
    entries = tuple(
        SiteEnrollment(
            current=current[site.pk],
            ever=ever[site.pk],
            site=site,
            day=days[site.pk],
            status=in_force.get(site.pk),
            principal=principals.get(site.pk),
            upcoming=upcoming.get(site.pk),
            target=site.target,
        )
        for site in given
    )
    return StudyEnrollment(
        study=study,
        status=overall_status(study, in_force, every_site) if as_of is None else _status_of_sites(in_force, every_site),
        as_of=now,
        sites=entries,
        totals=Counts(current=_added(e.current for e in entries), ever=_added(e.ever for e in entries)),
    )


def _status_of_sites(in_force: Mapping[int, StatusInForce], sites: Sequence[Site]) -> SiteStatus:
    return study_status([in_force[site.pk].status if site.pk in in_force else None for site in sites], None)


def _added(counts: Iterable[ByState]) -> ByState:
    total = dict.fromkeys(SubjectState, 0)
    for by_state in counts:
        for state, persons in by_state.items():
            total[state] += persons
    return total


def _next_changes(sites: Sequence[Site], days: Mapping[int, date]) -> dict[int, SiteStatusChange]:
    """Each site's soonest status change that is entered but has not taken effect."""
    soonest: dict[int, SiteStatusChange] = {}
    if not sites:
        return soonest
    earliest = min(days[site.pk] for site in sites)
    rows = live_changes().filter(site__in=sites, effective_on__gt=earliest).order_by("-effective_on", "-id")
    for row in rows:
        if row.effective_on > days[row.site_id]:
            soonest[row.site_id] = row
    return soonest
