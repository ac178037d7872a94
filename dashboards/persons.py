"""The persons behind a figure: who is counted by it, one list for all sites or one of them, also as of a past day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboards.figures import Figure, headline
from dashboards.looking_back import LookingBack, looking_back
from dashboards.pictures.figures import changes_by
from dashboards.queries import enrollment
from screening.models import Subject
from screening.states import SubjectState
from sites.models import Site, Study
from sites.queries import site_days
from sites.viewing import Viewer, viewer_of

S = SubjectState
PER_PAGE = 100
EVER: Mapping[str, SubjectState] = {"screened": S.IN_SCREENING, "enrolled": S.ENROLLED, "treated": S.TREATED}
"""Figures that count whoever has ever come into a state."""
PRESENT: Mapping[str, SubjectState] = {
    "in_screening": S.IN_SCREENING, "eligible": S.ELIGIBLE, "screen_failed": S.SCREEN_FAILED,
}  # fmt: skip
"""Figures that count whoever is in a state now."""


@dataclass(frozen=True)
class Behind:
    """What the address asks for: a figure, over the sites whose subjects the viewer may see, on a day."""

    viewer: Viewer
    study: Study
    sites: Sequence[Site]
    site: Site | None
    name: str
    back: LookingBack

    @cached_property
    def days(self) -> Mapping[int, date]:
        today = site_days(list(self.sites), self.viewer.now)
        return {site: self.back.day or day for site, day in today.items()}

    @cached_property
    def figure(self) -> Figure:
        counts = enrollment(self.study, self.sites, now=self.viewer.now, as_of=self.back.day).totals
        return next(figure for figure in headline(counts) if figure.key == self.name)


def persons(sites: Sequence[Site], days: Mapping[int, date], name: str) -> QuerySet[Subject]:
    """The subjects counted by the figure of this name, each with `since`: the day on which they came to be counted."""
    entries = changes_by(sites, days).filter(subject=OuterRef("pk"))
    at = Subject.objects.filter(site__in=sites).select_related("site").order_by("site__code", "number")
    if name in EVER:
        entered = entries.filter(state=EVER[name])
        first = entered.order_by("effective_on", "id").values("effective_on")[:1]
        return at.filter(Exists(entered)).annotate(since=Subquery(first))
    latest = entries.order_by("-effective_on", "-id")
    standing = at.annotate(standing=Subquery(latest.values("state")[:1])).filter(standing=PRESENT[name])
    return standing.annotate(since=Subquery(latest.values("effective_on")[:1]))


@require_safe
def persons_page(request: HttpRequest, registry_id: str, figure: str) -> HttpResponse:
    """A figure with the subjects that it counts."""
    behind = _behind(request, registry_id, figure)
    page = Paginator(persons(behind.sites, behind.days, figure), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "study": behind.study, "site": behind.site, "section": "studies", "figure": behind.figure, "page": page,
        "back": behind.back, "query": behind.back.query(behind.site), "now": behind.viewer.now,
    }  # fmt: skip
    return render(request, "dashboards/persons.html", context)


def _behind(request: HttpRequest, registry_id: str, name: str) -> Behind:
    viewer = viewer_of(request)
    study = viewer.study(registry_id)
    every_site = list(viewer.access.sites.filter(study=study).order_by("code"))
    code = request.GET.get("site", "")
    chosen = [site for site in every_site if site.code == code] if code else every_site
    if not chosen or name not in {*EVER, *PRESENT}:
        raise Http404
    back = looking_back(request, chosen, viewer.now).or_refuse()
    return Behind(viewer, study, chosen, chosen[0] if code else None, name, back)
