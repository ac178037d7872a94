"""A site taking protocol versions up, for the study's managers: the history, a new entry, its correction."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from screening.adoption import adopt_version, correct_adoption, retract_adoption
from screening.amendment_forms import AdoptionForm, CorrectAdoptionForm
from screening.forms import RetractForm
from screening.models import ProtocolAdoption, Subject
from screening.queries import adoption_history, versions_in_force, versions_to_take_up
from screening.states import CONSENTED
from sites.models import Site
from sites.queries import site_today
from sites.viewing import Viewer, viewer_of
from trialops.forms import add_service_errors, day_in_words, posted


@require_http_methods(["GET", "HEAD", "POST"])
def adoptions(request: HttpRequest, registry_id: str, code: str) -> HttpResponse:
    """Which version a site works under, and the next one that it takes up."""
    viewer = viewer_of(request)
    site = _site_or_404(viewer, registry_id, code)
    today = site_today(site, viewer.now)
    offered = versions_to_take_up(site)
    earliest = max([today, *(version.effective_on for version in offered[-1:])])
    form = AdoptionForm(posted(request), versions=offered, initial={"effective_on": earliest})
    if request.method == "POST" and form.is_valid():
        try:
            entry = adopt_version(site=site, by=viewer.user, now=viewer.now, **form.cleaned_data)
        except ValidationError as error:
            add_service_errors(form, error)
        else:
            messages.success(request, _taken_up(entry))
            return redirect("site-adoptions", registry_id, code)
    context = {
        **_frame(site),
        "form": form,
        "offered": offered,
        "today": today,
        "in_force": versions_in_force([site], days={site.pk: today}).get(site.pk),
        "history": adoption_history(site),
        "consented": Subject.objects.filter(site=site, state__in=CONSENTED).count(),
    }
    return render(request, "screening/adoptions.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, registry_id: str, code: str, adoption_id: int) -> HttpResponse:
    """Correct one entry; the wrong one stays visible."""
    viewer = viewer_of(request)
    site = _site_or_404(viewer, registry_id, code)
    entry = _entry_or_404(site, adoption_id)
    initial = {name: getattr(entry, name) for name in ("approved_on", "approval", "effective_on")}
    form = CorrectAdoptionForm(posted(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            corrected = correct_adoption(adoption=entry, by=viewer.user, now=viewer.now, **form.cleaned_data)
        except ValidationError as error:
            add_service_errors(form, error)
        else:
            messages.success(request, _taken_up(corrected))
            return redirect("site-adoptions", registry_id, code)
    words = {"heading": _("Correct an entry"), "button": _("Save the correction")}
    return _entry_page(request, site, entry, form, words)


@require_http_methods(["GET", "HEAD", "POST"])
def retract(request: HttpRequest, registry_id: str, code: str, adoption_id: int) -> HttpResponse:
    """Take one entry back that should never have been recorded."""
    viewer = viewer_of(request)
    site = _site_or_404(viewer, registry_id, code)
    entry = _entry_or_404(site, adoption_id)
    form = RetractForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            retract_adoption(adoption=entry, by=viewer.user, reason=form.cleaned_data["reason"])
        except ValidationError as error:
            add_service_errors(form, error)
        else:
            messages.success(request, _("The entry is taken back; it stays visible in the history."))
            return redirect("site-adoptions", registry_id, code)
    words = {"heading": _("Take an entry back"), "button": _("Take it back")}
    return _entry_page(request, site, entry, form, words)


def _entry_page(
    request: HttpRequest, site: Site, entry: ProtocolAdoption, form: Any, words: dict[str, str]
) -> HttpResponse:
    context = {**_frame(site), **words, "entry": entry, "form": form}
    return render(request, "screening/adoption_entry.html", context, status=400 if form.errors else 200)


def _frame(site: Site) -> dict[str, Any]:
    return {"site": site, "study": site.study, "section": "studies"}


def _site_or_404(viewer: Viewer, registry_id: str, code: str) -> Site:
    site = viewer.managed_study(registry_id).sites.select_related("study").filter(code=code).first()
    if site is None:
        raise Http404
    return site


def _entry_or_404(site: Site, adoption_id: int) -> ProtocolAdoption:
    rows = site.protocol_adoptions.select_related("site", "protocol_version", "recorded_by")
    entry = rows.filter(pk=adoption_id).first()
    if entry is None:
        raise Http404
    return entry


def _taken_up(entry: ProtocolAdoption) -> str:
    return _("%(site)s takes up version %(version)s from %(day)s.") % {
        "site": entry.site.code,
        "version": entry.protocol_version.label,
        "day": day_in_words(entry.effective_on),
    }
