"""Pages on which a study manager changes, corrects and verifies a site's status."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.http import require_http_methods, require_POST

from sites.forms import CorrectionForm, StatusForm, StatusOption, effects_on_screening, possible_statuses
from sites.models import Site, SiteStatusChange
from sites.queries import StatusInForce, site_today, status_history, status_in_force, upcoming_changes
from sites.services import change_site_status, correct_site_status, undo_site_status, verify_site_status
from sites.statuses import SiteStatus
from sites.viewing import Viewer, viewer_of
from trialops.forms import add_service_errors, day_in_words, posted


class ChangeStatus(View):
    """A site's status: what holds, what may follow and what that causes, and the whole history."""

    http_method_names = ["get", "head", "post"]

    def get(self, request: HttpRequest, registry_id: str, code: str) -> HttpResponse:
        viewer = viewer_of(request)
        site = viewer.managed_site(registry_id, code)
        return self.page(request, viewer, site, None)

    def post(self, request: HttpRequest, registry_id: str, code: str) -> HttpResponse:
        viewer = viewer_of(request)
        site = viewer.managed_site(registry_id, code)
        today = site_today(site, viewer.now)
        in_force, upcoming = status_in_force(site, day=today), upcoming_changes(site, today=today)
        statuses = possible_statuses(in_force.status if in_force else None, upcoming)
        form = StatusForm(request.POST, statuses=statuses)
        if form.is_valid():
            try:
                change = change_site_status(
                    site=site,
                    status=form.chosen,
                    effective_on=form.cleaned_data["effective_on"],
                    reason=form.cleaned_data["reason"],
                    by=viewer.user,
                    now=viewer.now,
                )
            except ValidationError as error:
                add_service_errors(form, error)
            else:
                if request.POST.get("back") == "study":  # which says so itself, and offers to undo it
                    return redirect(f"{reverse('study', args=[registry_id])}?changed={change.pk}")
                messages.success(request, _status_saved(change))
                return redirect("site", registry_id, code)
        return self.page(request, viewer, site, form)

    def page(self, request: HttpRequest, viewer: Viewer, site: Site, form: StatusForm | None) -> HttpResponse:
        today = site_today(site, viewer.now)
        in_force, upcoming = status_in_force(site, day=today), upcoming_changes(site, today=today)
        current = in_force.status if in_force else None
        statuses = possible_statuses(current, upcoming)
        form = form or StatusForm(statuses=statuses, initial={"effective_on": today})
        context = {
            **status_context(site, in_force, viewer),
            "form": form,
            "options": [StatusOption(status, self.effects(site, current, status)) for status in statuses],
            "chosen": form["status"].value(),
            "upcoming": upcoming,
        }
        return render(request, "sites/status.html", context, status=400 if form.errors else 200)

    def effects(self, site: Site, current: SiteStatus | None, status: SiteStatus) -> tuple[str, ...]:
        """What choosing a status will cause, as sentences; apps that know more about a site say more."""
        return effects_on_screening(current, status)


@require_http_methods(["GET", "HEAD", "POST"])
def correct_status(request: HttpRequest, registry_id: str, code: str, change_id: int) -> HttpResponse:
    """Correct one entry of a site's history; the wrong one stays visible."""
    viewer = viewer_of(request)
    site = viewer.managed_site(registry_id, code)
    change = get_object_or_404(SiteStatusChange.objects.select_related("site__study"), site=site, pk=change_id)
    form = CorrectionForm(posted(request), change=change)
    if request.method == "POST" and form.is_valid():
        try:
            correct_site_status(
                change=change,
                status=form.chosen,
                effective_on=form.cleaned_data["effective_on"],
                reason=form.cleaned_data["reason"],
                by=viewer.user,
            )
        except ValidationError as error:
            add_service_errors(form, error)
        else:
            messages.success(request, _("The entry is corrected; the earlier one stays visible in the history."))
            messages.info(request, _status_now(site, viewer))
            return redirect("site-status", registry_id, code)
    context = {"site": site, "study": site.study, "section": "studies", "change": change, "form": form}
    return render(request, "sites/correct_status.html", context, status=400 if form.errors else 200)


@require_POST
def undo_status(request: HttpRequest, registry_id: str, code: str, change_id: int) -> HttpResponseRedirect:
    """Take back what the person has just entered, by a correcting entry."""
    viewer = viewer_of(request)
    site = viewer.managed_site(registry_id, code)
    change = get_object_or_404(SiteStatusChange.objects.select_related("site__study"), site=site, pk=change_id)
    try:
        undo_site_status(change=change, by=viewer.user, now=viewer.now)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("Undone; both entries stay in the history."))
        messages.info(request, _status_now(site, viewer))
    return redirect("study", registry_id)


@require_POST
def verify_status(request: HttpRequest, registry_id: str, code: str) -> HttpResponseRedirect:
    """One click: the status was made sure of today."""
    viewer = viewer_of(request)
    site = viewer.managed_site(registry_id, code)
    try:
        verify_site_status(site=site, verified_on=site_today(site, viewer.now), by=viewer.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("The status of %(site)s is verified as of today.") % {"site": site.code})
    if request.POST.get("back") == "site":
        return redirect("site", registry_id, code)
    return redirect("study", registry_id)


def status_context(site: Site, in_force: StatusInForce | None, viewer: Viewer) -> dict[str, Any]:
    """What every page that shows a site's status needs."""
    return {
        "site": site,
        "study": site.study,
        "section": "studies",
        "status": in_force,
        "history": status_history(site),
        "today": site_today(site, viewer.now),
        "manages": viewer.access.manages(site.study),
    }


def _status_now(site: Site, viewer: Viewer) -> str:
    """What the correction makes of today: a corrected entry can change the status in force."""
    in_force = status_in_force(site, day=site_today(site, viewer.now))
    if in_force is None:
        return _("%(site)s has no status today.") % {"site": site.code}
    return _("%(site)s is %(status)s today, since %(day)s.") % {
        "site": site.code,
        "status": in_force.label,
        "day": day_in_words(in_force.since),
    }


def _status_saved(change: SiteStatusChange) -> str:
    return _("%(site)s: %(status)s from %(day)s.") % {
        "site": change.site.code,
        "status": change.get_status_display(),
        "day": change.effective_on.isoformat(),
    }
