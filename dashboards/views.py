"""The pages that only read: start, studies, a site with its subjects."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from dashboards.figures import headline
from dashboards.looking_back import looking_back
from dashboards.pictures.gallery import windows_of
from dashboards.pictures.window_lines import window_lines
from dashboards.queries import enrollment
from dashboards.work_list import due_reminders, subjects_at
from screening.models import Subject
from screening.queries import versions_in_force
from screening.reviews import counts_at, deviations_at
from screening.states import BEFORE_DOSE, SubjectState
from sites.models import Site
from sites.queries import principal_investigators, site_today, status_in_force, upcoming_changes
from sites.viewing import Viewer, viewer_of
from sites.views import status_context

PER_PAGE = 50
DAY, WEEK = timedelta(days=1), timedelta(days=7)
SHOWN_AHEAD = 20

ORDERINGS: Mapping[str, tuple[Any, ...]] = {
    "number": (F("number").asc(),),
    "state": (F("state").asc(), F("number").asc()),
    "score": (F("latest_satisfied").desc(nulls_last=True), F("number").asc()),
    "earliest": (F("latest_earliest_first_dose").asc(nulls_last=True), F("number").asc()),
    "dose": (F("planned_first_dose").asc(nulls_last=True), F("number").asc()),
    "activity": (F("last_activity").desc(nulls_last=True), F("number").desc()),
}
"""What the subjects can be sorted by; nothing else is ever passed to the database."""

COLUMNS = (
    ("number", gettext_lazy("Subject")),
    ("state", gettext_lazy("State")),
    ("score", gettext_lazy("Verdict")),
    ("earliest", gettext_lazy("Earliest first dose")),
    ("dose", gettext_lazy("First dose")),
    ("activity", gettext_lazy("Last activity")),
)
DIRECTION = {"score": "descending", "activity": "descending"}


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """To the one study (or the one site) of the person, if there is only one; else to the list."""
    access = viewer_of(request).access
    studies = list(access.studies[:2])
    if len(studies) != 1:
        return redirect("studies")
    if not access.counted_studies.exists():
        sites = list(access.sites[:2])
        if len(sites) == 1:
            return redirect("site", studies[0].registry_id, sites[0].code)
    return redirect("study", studies[0].registry_id)


@require_safe
def studies(request: HttpRequest) -> HttpResponse:
    """The studies of which the person may see something."""
    access = viewer_of(request).access
    found = access.studies.annotate(site_count=Count("sites")).order_by("registry_id")
    return render(request, "dashboards/studies.html", {"studies": found, "section": "studies"})


@require_safe
def site_page(request: HttpRequest, registry_id: str, code: str) -> HttpResponse:
    """A site: its status, figures, subjects, reminders and status history."""
    viewer = viewer_of(request)
    site = viewer.site(registry_id, code)
    back = looking_back(request, [site], viewer.now)
    today = back.shown
    in_force = status_in_force(site, day=today)
    entry = enrollment(site.study, [site], now=viewer.now, as_of=back.day).sites[0]
    context = {
        **status_context(site, in_force, viewer),
        "entry": entry,
        "lists": True,
        "past": back.day,
        "principal": principal_investigators([site], days={site.pk: today}).get(site.pk),
        "figures": [figure for figure in headline(entry, target=site.target) if figure.value is not None],
        "before_dose": BEFORE_DOSE,
        "upcoming": upcoming_changes(site, today=today),
        "protocol": versions_in_force([site], days={site.pk: today}).get(site.pk),
        "now": viewer.now,
        "may_screen": viewer.access.may_screen_at(site),
        "reminders": due_reminders(site, today=today),
        "site_reviews": counts_at(site),
        "site_deviations": deviations_at(site),
        **_subject_table(request, subjects_at(site)),
    }
    if back.day is not None:
        return render(request, "dashboards/site_past.html", context | {"back": back, "manages": False})
    context |= {"back": back, **_ahead(site, viewer)}
    return render(request, "dashboards/site.html", context, status=back.status)


def _ahead(site: Site, viewer: Viewer) -> dict[str, Any]:
    """What the coming days bring: the windows, how many are open today, and those that open within a week."""
    today = site_today(site, viewer.now)
    lines = window_lines([site], now=viewer.now)
    return {
        "windows": windows_of(site.study, [site], now=viewer.now, whole=False, lines=lines),
        "opening": lines.opening(today + DAY, today + WEEK)[:SHOWN_AHEAD],
        "open_today": lines.open_on(today),
    }


def _subject_table(request: HttpRequest, subjects: QuerySet[Subject]) -> dict[str, Any]:
    """One page of subjects, by allow-listed state and ordering; anything odd falls back to the default."""
    state = request.GET.get("state", "")
    state = state if state in SubjectState.values else ""
    sort = request.GET.get("sort", "")
    sort = sort if sort in ORDERINGS else "number"
    by_state = dict(subjects.order_by().values_list("state").annotate(Count("pk")))
    chosen = subjects.filter(state=state) if state else subjects
    page = Paginator(chosen.order_by(*ORDERINGS[sort]), PER_PAGE).get_page(request.GET.get("page"))
    return {
        "page": page,
        "state": state,
        "columns": [
            {
                "label": label,
                "href": "?" + urlencode({"state": state, "sort": key} if state else {"sort": key}) + "#subjects",
                "sorted": DIRECTION.get(key, "ascending") if key == sort else "",
            }
            for key, label in COLUMNS
        ],
        "filters": [
            {
                "label": label,
                "count": count,
                "href": "?" + urlencode({"state": value, "sort": sort} if value else {"sort": sort}) + "#subjects",
                "current": value == state,
            }
            for value, label, count in [
                ("", _("all"), sum(by_state.values())),
                *((s.value, s.label, by_state[s.value]) for s in SubjectState if by_state.get(s.value)),
            ]
        ],
        "page_base": "?" + urlencode({"state": state, "sort": sort} if state else {"sort": sort}),
    }
