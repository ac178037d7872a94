"""A study at a glance: the page, the part of it that refreshes itself, and a status changed in its row."""

import hashlib
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from http import HTTPStatus
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from dashboards.figures import headline
from dashboards.looking_back import LookingBack, looking_back
from dashboards.queries import StudyEnrollment, enrollment
from dashboards.site_table import PER_PAGE, Choice, Row, headings, remembered_choice, status_filters
from dashboards.site_work import Work, work_at
from screening.context import hears
from screening.views.status import ChangeStatus
from sites.forms import StatusForm, StatusOption, possible_statuses
from sites.models import Site, SiteStatusChange, Study
from sites.queries import live_changes, site_days, site_today, status_in_force, upcoming_changes
from sites.viewing import Viewer, viewer_of


@dataclass(frozen=True)
class Overview:
    """What one person sees of a study now, or as of a past day."""

    request: HttpRequest
    viewer: Viewer
    study: Study
    back: LookingBack
    sites: list[Site]
    choice: Choice

    @cached_property
    def enrollment(self) -> StudyEnrollment:
        return enrollment(self.study, self.sites, now=self.viewer.now, as_of=self.back.day)

    @cached_property
    def rows(self) -> list[Row]:
        """All rows in the order chosen; what waits at a site is known for today only."""
        seen = {site.pk for site in self.visible}
        rows = [
            Row(entry, self.work.get(entry.site.pk), lists=entry.site.pk in seen) for entry in self.enrollment.sites
        ]
        return self.choice.arranged(rows)

    @cached_property
    def visible(self) -> list[Site]:
        """The sites whose subjects the person may see."""
        return list(self.viewer.access.sites.filter(study=self.study))

    @property
    def whole(self) -> bool:
        return self.viewer.access.counted_studies.filter(pk=self.study.pk).exists()

    @property
    def manages(self) -> bool:
        """Whether statuses can be changed here: today, by a manager."""
        return self.back.day is None and self.viewer.access.manages(self.study)

    @cached_property
    def work(self) -> dict[int, Work]:
        """What waits at each site; known for today only."""
        return work_at(self.visible, now=self.viewer.now) if self.visible and self.back.day is None else {}

    @cached_property
    def etag(self) -> str:
        """Of what the refreshing part is made of, told before it is made: the viewer, the choice, the data, the day.

        The data version of a study moves with its counts, statuses, verifications, investigators and sites.
        """
        days = sorted({(site.time_zone, str(day)) for site, day in self._days()})
        parts = (
            self.viewer.user.pk, self.manages, self.whole, get_language(), self.choice.address(), self.page,
            self.study.data_version, days, [site.pk for site in self.visible], sorted(self.work.items()),
        )  # fmt: skip
        return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"'

    def _days(self) -> list[tuple[Site, date]]:
        today = site_days(self.sites, self.viewer.now)
        return [(site, today[site.pk]) for site in self.sites]

    @property
    def page(self) -> str:
        page = self.request.GET.get("page", "")
        return page if page.isdigit() else ""

    def context(self) -> dict[str, Any]:
        """What the refreshing part shows."""
        totals, study, whole = self.enrollment.totals, self.study, self.whole
        page = Paginator(self.rows, PER_PAGE).get_page(self.page)
        with_work = any(row.work for row in page)
        return {
            "study": study,
            "overview": self.enrollment,
            "figures": headline(totals, planned=study.planned_enrollment)
            if whole
            else headline(totals, target=self.enrollment.target),
            "whole": whole,
            "manages": self.manages,
            "lists": {site.pk for site in self.sites} <= {site.pk for site in self.visible},
            "may_review": hears(self.viewer.access),
            "page": page,
            "headings": headings(self.choice, with_work=with_work),
            "with_work": with_work,
            "choice": self.choice,
            "page_base": self.choice.address(),
            "past": self.back.day,
        }


def _overview(request: HttpRequest, registry_id: str) -> Overview:
    viewer = viewer_of(request)
    study = viewer.study(registry_id)
    sites = list(viewer.access.counted_sites.filter(study=study))
    back = looking_back(request, sites, viewer.now)
    return Overview(request, viewer, study, back, sites, remembered_choice(request, registry_id))


@require_safe
def study_overview(request: HttpRequest, registry_id: str) -> HttpResponse:
    """A study at a glance: the figures and sites that this person may see, and nothing of other sites."""
    overview = _overview(request, registry_id)
    shown = overview.context() | _changing(overview)
    live = "" if overview.back.day or "changing" in shown else _live(overview, shown)
    context = {
        **shown,
        "section": "studies",
        "back": overview.back,
        "statuses": status_filters(),
        "changed": _changed(overview),
        "live": live,
    }
    return render(request, "dashboards/study.html", context, status=overview.back.status)


@require_safe
def study_live(request: HttpRequest, registry_id: str) -> HttpResponse:
    """The refreshing part alone, or 304 without a body while it is as the page has it: then nothing is rendered."""
    overview = _overview(request, registry_id)
    if request.headers.get("If-None-Match") == overview.etag:
        response = HttpResponse(status=HTTPStatus.NOT_MODIFIED)
    else:
        response = HttpResponse(_live(overview, overview.context()))
    response["ETag"] = overview.etag
    return response


def _live(overview: Overview, shown: dict[str, Any]) -> SafeString:
    """The element that asks for its own next state."""
    etag = overview.etag
    body = render_to_string("dashboards/study_figures.html", shown, overview.request)
    address = reverse("study-live", args=[overview.study.registry_id])
    query = overview.choice.address(**({"page": overview.page} if overview.page else {}))
    context = {"body": body, "etag": etag, "address": f"{address}{query}", "now": overview.viewer.now}
    return mark_safe(render_to_string("dashboards/study_live.html", context))  # noqa: S308  our own templates


def _changing(overview: Overview) -> dict[str, Any]:
    """The form in the row of the site whose status is to be changed, with what each choice will cause."""
    code = overview.request.GET.get("change", "")
    site = next((each for each in overview.sites if each.code == code), None)
    if site is None or not overview.manages:
        return {}
    today = site_today(site, overview.viewer.now)
    in_force, upcoming = status_in_force(site, day=today), upcoming_changes(site, today=today)
    current = in_force.status if in_force else None
    statuses, effects = possible_statuses(current, upcoming), ChangeStatus().effects
    return {
        "changing": site,
        "form": StatusForm(statuses=statuses, initial={"effective_on": today}),
        "options": [StatusOption(status, effects(site, current, status)) for status in statuses],
    }


def _changed(overview: Overview) -> SiteStatusChange | None:
    """The entry that this person has just made in a row, as long as it stands: it can be undone."""
    number = overview.request.GET.get("changed", "")
    if not number.isdecimal() or len(number) > len(str(2**62)) or not overview.manages:
        return None
    own = live_changes().filter(site__study=overview.study, recorded_by=overview.viewer.user)
    return own.select_related("site").filter(pk=int(number)).first()
