"""All that the enrollment resource says of a study at a moment: counts, status, pace and forecast."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from dashboards.counting import ByState, by_month
from dashboards.outlook import Outlook, outlooks
from dashboards.queries import SiteEnrollment, StudyEnrollment, enrollment
from screening.models import SubjectStateChange
from sites.models import Site, SiteStatusChange, Study
from sites.scopes import counting


@dataclass(frozen=True)
class SiteFigures:
    """A site's counts with its outlook; `present` hides what has no history when an earlier time is asked about."""

    entry: SiteEnrollment
    outlook: Outlook
    facility: str | None
    target: int | None


@dataclass(frozen=True)
class Figures:
    """A study's figures for a day, as known now or at an earlier time."""

    study: StudyEnrollment
    outlook: Outlook
    sites: tuple[SiteFigures, ...]
    day: date
    as_of: date | None
    known_at: datetime | None

    @property
    def is_present(self) -> bool:
        """Whether names, targets and the data version may be told: they have no history."""
        return self.known_at is None

    def by_month(self) -> dict[date, ByState]:
        """How many persons came into each state for the first time, by month."""
        days = {entry.site.pk: entry.day for entry in self.study.sites}
        return by_month([entry.site for entry in self.study.sites], days, known_at=self.known_at)


def figures_at(
    study: Study, sites: Sequence[Site], *, now: datetime, as_of: date | None, known_at: datetime | None
) -> Figures:
    """The figures of a day. With `known_at` only of sites of which something had been recorded by then.

    What has no history (names, targets, what was declared for the study) is then left out, so that the same question
    is answered with the same bytes whatever changes later.
    """
    if known_at is not None:
        study, sites = _without_present(study, sites, known_at)
    entries = enrollment(study, sites, now=now, as_of=as_of, known_at=known_at)
    day = as_of or now.date()
    found = outlooks(entries, day=day, known_at=known_at)
    return Figures(
        study=entries,
        outlook=found.study,
        sites=tuple(
            SiteFigures(
                entry=entry,
                outlook=found.sites[entry.site.pk],
                facility=entry.site.facility if known_at is None else None,
                target=entry.target,
            )
            for entry in entries.sites
        ),
        day=day,
        as_of=as_of,
        known_at=known_at,
    )


def _without_present(study: Study, sites: Sequence[Site], known_at: datetime) -> tuple[Study, list[Site]]:
    """Copies without targets, of the sites that had a status or a person by then."""
    known = set(
        SiteStatusChange.objects.filter(site__in=sites, recorded_at__lte=known_at).values_list("site", flat=True)
    )
    rows = SubjectStateChange.objects.filter(subject__site__in=sites, recorded_at__lte=known_at).order_by()
    with counting(sites):
        known |= set(rows.values_list("subject__site", flat=True).distinct())
    copy = Study(pk=study.pk, registry_id=study.registry_id, is_demo=study.is_demo)
    return copy, [
        Site(pk=site.pk, study=copy, code=site.code, time_zone=site.time_zone) for site in sites if site.pk in known
    ]
