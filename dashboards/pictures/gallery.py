"""Which pictures there are of a study or a site, for whom, and how each is made from its figures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from django.utils.translation import gettext as _

from dashboards.looking_back import past_day
from dashboards.pictures import figures
from dashboards.pictures.accrual import Accrual, accrual
from dashboards.pictures.consort import Consort, consort
from dashboards.pictures.funnel import Funnel, funnel
from dashboards.pictures.pareto import Reasons, pareto
from dashboards.pictures.picture import Picture, Scope
from dashboards.pictures.timeline import Timelines, timeline
from dashboards.pictures.waiting import waiting
from dashboards.pictures.window_lines import window_lines
from dashboards.pictures.windows import Windows, window_chart
from dashboards.queries import StudyEnrollment, enrollment
from screening.queries import protocol_of, published_versions
from screening.states import SubjectState
from sites.models import Site, Study
from sites.queries import site_days

S = SubjectState


@dataclass(frozen=True)
class Gallery:
    """Some sites of a study as of a day. `sees_subjects`: whether the viewer may see the subjects of all of them."""

    study: Study
    sites: Sequence[Site]
    now: datetime
    day: date
    whole: bool
    sees_subjects: bool

    @cached_property
    def days(self) -> dict[int, date]:
        return {site: min(today, self.day) for site, today in site_days(list(self.sites), self.now).items()}

    @cached_property
    def enrollment(self) -> StudyEnrollment:
        return enrollment(self.study, self.sites, now=self.now, as_of=past_day(self.sites, self.now, self.day))

    @property
    def scope(self) -> Scope:
        codes = [site.code for site in self.sites]
        one = self.sites[0] if len(codes) == 1 else None
        named = _("all sites") if self.whole else ", ".join(codes) or _("no site")
        day = self.days[one.pk] if one else self.day
        return Scope(self.study.registry_id, named, day, zone=one.time_zone if one else "")

    @property
    def planned(self) -> int | None:
        return self.study.planned_enrollment if self.whole else self.enrollment.target

    @property
    def codes(self) -> list[str]:
        return [site.code for site in self.sites]

    @cached_property
    def titles(self) -> Mapping[str, str]:
        """Each criterion's title; of one that an amendment has renamed, the latest."""
        versions = published_versions(self.study)
        return {criterion.id: criterion.title for version in versions for criterion in protocol_of(version).criteria}

    @cached_property
    def failures(self) -> list[figures.Failures]:
        return figures.failures(self.sites, self.days)

    @property
    def names(self) -> tuple[str, ...]:
        """The pictures that the viewer may see, in the order of the page."""
        return tuple(name for name in DRAWN if self.sees_subjects or name not in OF_FEW_PERSONS)

    def draw(self, name: str) -> Picture:
        """One picture; KeyError for a name that is not one of `names`."""
        if name not in self.names:
            raise KeyError(name)
        return DRAWN[name](self)


def _accrual(gallery: Gallery) -> Picture:
    recruits = any(entry.status is not None and entry.status.open_for_screening for entry in gallery.enrollment.sites)
    enrolled = figures.enrolled(gallery.sites, gallery.days)
    return accrual(Accrual(enrolled, gallery.codes, gallery.planned, recruits), gallery.scope)


def _funnel(gallery: Gallery) -> Picture:
    ever = gallery.enrollment.totals.ever
    steps = Funnel(
        screened=ever[S.IN_SCREENING], eligible=ever[S.ELIGIBLE], enrolled=ever[S.ENROLLED], treated=ever[S.TREATED],
        completed=ever[S.COMPLETED], screen_failed=ever[S.SCREEN_FAILED],
    )  # fmt: skip
    return funnel(steps, gallery.scope)


def _consort(gallery: Gallery) -> Picture:
    reasons: dict[str, int] | None = None
    if gallery.sees_subjects:
        reasons = {}
        for each in gallery.failures:
            reasons[each.primary] = reasons.get(each.primary, 0) + each.persons
    return consort(Consort(figures.flow(gallery.enrollment.totals), reasons, gallery.titles), gallery.scope)


def _timeline(gallery: Gallery) -> Picture:
    stretches = figures.stretches(gallery.sites, gallery.days)
    return timeline(Timelines(stretches, with_reasons=gallery.sees_subjects), gallery.scope)


def _reasons(gallery: Gallery) -> Picture:
    return pareto(Reasons(gallery.failures, gallery.codes, gallery.titles), gallery.scope)


def _waiting(gallery: Gallery) -> Picture:
    return waiting(figures.waits(gallery.sites, gallery.days), gallery.scope)


DRAWN: Mapping[str, Callable[[Gallery], Picture]] = {
    "accrual": _accrual,
    "funnel": _funnel,
    "consort": _consort,
    "reasons": _reasons,
    "waiting": _waiting,
    "timeline": _timeline,
}

OF_FEW_PERSONS = frozenset({"reasons", "waiting"})
"""Not for sponsors: a bar of one person, seen today and not yesterday, tells of that person."""


def windows_of(
    study: Study, sites: Sequence[Site], *, now: datetime, whole: bool, lines: Windows | None = None
) -> Picture:
    """The window chart of these sites: it looks ahead, so it is always of today, and it names subjects."""
    today = max(site_days(list(sites), now).values(), default=now.date())
    gallery = Gallery(study, sites, now, today, whole=whole, sees_subjects=True)
    return window_chart(lines or window_lines(sites, now=now), gallery.scope)
