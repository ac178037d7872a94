"""The history of a subject, a fact, a site and a study, as people read it."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from screening.models import Fact
from screening.queries import catalogue_of
from screening.views.facts import RETRACTABLE, described
from screening.views.frame import subject_context, subject_or_404
from sites.viewing import viewer_of
from trialops.audit.models import Event
from trialops.audit.queries import events_of_rows, events_of_site, events_of_study, events_of_subject, page_of
from trialops.audit.telling import kinds, told


@require_safe
def subject_history(request: HttpRequest, subject_id: UUID) -> HttpResponse:
    """Every change of what is recorded about a subject, and who read its pages."""
    subject = subject_or_404(viewer_of(request), subject_id)
    context = {
        **subject_context(subject),
        "lead": _("Every change, and everybody who opened a page about the subject."),
    }
    return _page(request, events_of_subject(subject.pk), subject.site.zone, about=subject.screening_number, **context)


@require_safe
def fact_history(request: HttpRequest, subject_id: UUID, kind: str, fact_id: int) -> HttpResponse:
    """One fact from its first entry to its last correction."""
    subject = subject_or_404(viewer_of(request), subject_id)
    if kind not in RETRACTABLE:
        raise Http404
    model: type[Fact] = RETRACTABLE[kind][0]
    fact = model._default_manager.filter(subject=subject, pk=fact_id).first()
    if fact is None:
        raise Http404
    events = events_of_rows(model._meta.label, _versions(fact))
    context = {**subject_context(subject), "lead": _("From its first entry to its last correction.")}
    about = f"{subject.screening_number}: {described(fact, catalogue_of(subject))}"
    return _page(request, events, subject.site.zone, about=about, **context)


@require_safe
def site_history(request: HttpRequest, registry_id: str, code: str) -> HttpResponse:
    """Every change of a site: status, investigators, people, adoptions; not of its subjects."""
    site = viewer_of(request).site(registry_id, code)
    lead = _(
        "Every change of the site itself: status, investigators, people, protocol versions. Each subject has its own."
    )
    context = {"site": site, "study": site.study, "section": "studies", "lead": lead}
    return _page(request, events_of_site(site.pk), site.zone, about=site.code, **context)


@require_safe
def study_history(request: HttpRequest, registry_id: str) -> HttpResponse:
    """Every change of a study as a whole, for those who manage it."""
    study = viewer_of(request).managed_study(registry_id)
    lead = _("Every change of the study as a whole: set-up, people, protocol versions, tokens. Each site has its own.")
    context = {"study": study, "section": "studies", "lead": lead, "export": True}
    return _page(request, events_of_study(study.pk), ZoneInfo("UTC"), about=study.registry_id, **context)


def _page(request: HttpRequest, events: QuerySet[Event], zone: ZoneInfo, *, about: str, **context: Any) -> HttpResponse:
    kind, person = request.GET.get("kind", ""), request.GET.get("person", "")
    before = request.GET.get("before", "")
    page = page_of(
        events, kind=kind, person=person, before=int(before) if before.isdecimal() and len(before) < 19 else None
    )
    older = urlencode({"kind": kind, "person": person, "before": page.older}) if page.older else ""
    shown = {"told": told(page.events), "kinds": kinds(), "kind": kind, "person": person, "older": older}
    return render(request, "screening/history.html", {**context, **shown, "about": about, "zone": zone})


def _versions(fact: Fact) -> list[str]:
    """The keys of a fact's row, of those it corrects, and of those that correct it."""
    keys, row = [str(fact.pk)], fact
    while row.supersedes is not None:
        row = row.supersedes
        keys.append(str(row.pk))
    newer = getattr(fact, "newer", None)
    while newer is not None:
        keys.append(str(newer.pk))
        newer = getattr(newer, "newer", None)
    return keys
