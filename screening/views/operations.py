"""The operators' page: whether reminders go out, what is late or failed, and trying or sending again with a reason."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from screening.models import Alarm, WebhookEndpoint
from screening.preference_forms import OperatorForm, WebhookForm
from screening.reminders import operations as reads
from screening.reminders.health import health
from screening.reminders.queries import reminders_visible
from screening.reminders.services import add_webhook, disable_webhook, resend_reminder, retry_message
from screening.reminders.webhooks import secret_of
from screening.void_signatures import found_by_comparing
from sites.models import Site
from sites.viewing import Viewer, viewer_of
from trialops.forms import add_service_errors
from trialops.health import started_at

VOID_SHOWN = 50


@require_safe
def operations(request: HttpRequest) -> HttpResponse:
    """Queue, late, failed, last sweep, per channel; for study managers, of the studies that they manage."""
    return _page(request, _manager(request))


@require_POST
def retry(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """Let one failed message be tried again."""
    viewer = viewer_of(request)
    message = reads.messages_of(viewer.access.managed_studies).filter(pk=message_id).first()
    if message is None:
        raise Http404
    form = OperatorForm(request.POST)
    if form.is_valid():
        try:
            retry_message(message=message, by=viewer.user, reason=form.cleaned_data["reason"])
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            messages.success(request, _("The message will be tried again at once."))
    else:
        messages.error(request, _("Nothing was tried again: say why it should be."))
    return redirect("operations")


@require_POST
def resend(request: HttpRequest, reminder_id: UUID) -> HttpResponse:
    """Send one reminder once more."""
    viewer = viewer_of(request)
    reminder = reminders_visible(viewer.access).filter(pk=reminder_id).first()
    if reminder is None:
        raise Http404
    if not viewer.access.manages(reminder.site.study):
        raise PermissionDenied(_("Only study managers send a reminder again."))
    form = OperatorForm(request.POST)
    if form.is_valid():
        try:
            resend_reminder(reminder=reminder, by=viewer.user, now=viewer.now, reason=form.cleaned_data["reason"])
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            messages.success(request, _("The reminder is sent again at once."))
    else:
        messages.error(request, _("Nothing was sent: say why it should be."))
    return redirect("reminder", reminder.pk)


@require_POST
def new_webhook(request: HttpRequest, registry_id: str, code: str) -> HttpResponse:
    """Add a webhook to a site; its secret is shown on the page that answers, and never again."""
    viewer = viewer_of(request)
    site = viewer.managed_site(registry_id, code)
    form = WebhookForm(request.POST)
    if form.is_valid():
        try:
            endpoint = add_webhook(site=site, url=form.cleaned_data["url"], by=viewer.user)
        except ValidationError as error:
            add_service_errors(form, error)
        else:
            return _page(request, viewer, added=endpoint)
    return _page(request, viewer, form=form, form_site=site)


@require_POST
def end_webhook(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """Switch a webhook off."""
    viewer = viewer_of(request)
    endpoint = WebhookEndpoint.objects.filter(pk=endpoint_id, site__study__in=viewer.access.managed_studies).first()
    if endpoint is None:
        raise Http404
    disable_webhook(endpoint=endpoint, by=viewer.user, now=viewer.now)
    messages.success(request, _("The webhook has been switched off."))
    return redirect("operations")


def _manager(request: HttpRequest) -> Viewer:
    viewer = viewer_of(request)
    if not viewer.access.managed_studies.exists():
        raise PermissionDenied(_("The operators' page is for study managers."))
    return viewer


def _page(
    request: HttpRequest,
    viewer: Viewer,
    *,
    form: WebhookForm | None = None,
    form_site: Site | None = None,
    added: WebhookEndpoint | None = None,
) -> HttpResponse:
    studies, now = viewer.access.managed_studies, viewer.now
    context = {
        "section": "operations",
        "health": health(now=now, watched_since=started_at()),
        "beats": reads.heartbeats(),
        "channels": reads.channel_figures(studies, now=now),
        "figures": reads.reminder_figures(studies, now=now),
        "late": reads.late_reminders(studies, now=now),
        "troubled": reads.troubled_messages(studies, now=now),
        "lanes": reads.paused_lanes(studies),
        "alarms": Alarm.objects.all()[:5],
        "void_signatures": found_by_comparing(studies)[:VOID_SHOWN],
        "webhooks": WebhookEndpoint.objects.filter(site__study__in=studies).select_related("site__study"),
        "sites": Site.objects.filter(study__in=studies).select_related("study"),
        "form": form or WebhookForm(),
        "form_site": form_site,
        "added": added,
        "secret": secret_of(added) if added else "",
    }
    return render(request, "screening/operations.html", context, status=400 if form and form.errors else 200)
