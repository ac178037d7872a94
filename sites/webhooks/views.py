"""The webhooks of a study, for study managers and sponsors: add, test, rotate, switch off and on, see the attempts."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View
from django.views.decorators.http import require_POST, require_safe

from sites.models import Study
from sites.viewing import Viewer, viewer_of
from sites.webhooks.calling import secret_of
from sites.webhooks.models import CallAttempt, CallState, StudyWebhook
from sites.webhooks.services import add_webhook, rotate_secret, send_test, switch_off, switch_on, webhooks_of
from trialops.forms import add_service_errors, posted

ATTEMPTS_SHOWN = 100


class WebhookForm(forms.Form):
    """Which address is to be called."""

    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=500,
        help_text=gettext_lazy("Begins with https:// and leads to a public address."),
    )


class Webhooks(View):
    """The webhooks, and the form for a new one. A new one's secret stands in the answer to the form, only there."""

    http_method_names = ["get", "head", "post"]

    def get(self, request: HttpRequest, registry_id: str) -> HttpResponse:
        viewer = viewer_of(request)
        return _list(request, viewer, viewer.counted_study(registry_id), WebhookForm())

    def post(self, request: HttpRequest, registry_id: str) -> HttpResponse:
        viewer = viewer_of(request)
        study = viewer.counted_study(registry_id)
        form = WebhookForm(posted(request))
        if not form.is_valid():
            return _list(request, viewer, study, form)
        try:
            webhook = add_webhook(
                study=study, by=viewer.user, personal=not viewer.access.manages(study), **form.cleaned_data
            )
        except ValidationError as error:
            add_service_errors(form, error)
            return _list(request, viewer, study, form)
        return _list(request, viewer, study, WebhookForm(), made=webhook)


@require_safe
def webhook_page(request: HttpRequest, registry_id: str, webhook_id: UUID) -> HttpResponse:
    """One webhook with what waits and the latest attempts."""
    viewer = viewer_of(request)
    return _page(request, _webhook(viewer, registry_id, webhook_id))


@require_POST
def test_webhook(request: HttpRequest, registry_id: str, webhook_id: UUID) -> HttpResponse:
    """Send a test call, which says nothing but that it is one."""
    webhook = _webhook(viewer := viewer_of(request), registry_id, webhook_id)
    with _refusals_told(request):
        send_test(webhook=webhook, by=viewer.user)
        messages.success(request, _("A test call is on its way; look again in a moment to see what came of it."))
    return redirect("study-webhook", registry_id, webhook_id)


@require_POST
def rotate_webhook(request: HttpRequest, registry_id: str, webhook_id: UUID) -> HttpResponse:
    """A new secret, shown on the page that answers; the earlier one signs too, for a day."""
    webhook = _webhook(viewer := viewer_of(request), registry_id, webhook_id)
    with _refusals_told(request):
        webhook = rotate_secret(webhook=webhook, by=viewer.user, now=viewer.now)
        return _page(request, webhook, secret=secret_of(webhook))
    return redirect("study-webhook", registry_id, webhook_id)


@require_POST
def switch_webhook_off(request: HttpRequest, registry_id: str, webhook_id: UUID) -> HttpResponse:
    """Call it no more."""
    webhook = _webhook(viewer := viewer_of(request), registry_id, webhook_id)
    switch_off(webhook=webhook, by=viewer.user, now=viewer.now)
    messages.success(request, _("The webhook has been switched off."))
    return redirect("study-webhook", registry_id, webhook_id)


@require_POST
def switch_webhook_on(request: HttpRequest, registry_id: str, webhook_id: UUID) -> HttpResponse:
    """Call it again, at once if there is something to tell."""
    webhook = _webhook(viewer := viewer_of(request), registry_id, webhook_id)
    with _refusals_told(request):
        switch_on(webhook=webhook, by=viewer.user)
        messages.success(request, _("The webhook has been switched on."))
    return redirect("study-webhook", registry_id, webhook_id)


@contextmanager
def _refusals_told(request: HttpRequest) -> Iterator[None]:
    """What the services refuse is told on the page that comes next."""
    try:
        yield
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))


def _webhook(viewer: Viewer, registry_id: str, webhook_id: UUID) -> StudyWebhook:
    study = viewer.counted_study(registry_id)
    webhook = webhooks_of(study, viewer.user, all_of_study=viewer.access.manages(study)).filter(pk=webhook_id).first()
    if webhook is None:
        raise Http404
    return webhook


def _list(
    request: HttpRequest, viewer: Viewer, study: Study, form: WebhookForm, *, made: StudyWebhook | None = None
) -> HttpResponse:
    manages = viewer.access.manages(study)
    context: dict[str, Any] = {
        "study": study,
        "section": "studies",
        "form": form,
        "webhooks": webhooks_of(study, viewer.user, all_of_study=manages),
        "made": made,
        "secret": secret_of(made) if made else "",
        "manages": manages,
    }
    return render(request, "sites/webhooks.html", context, status=400 if form.errors else 200)


def _page(request: HttpRequest, webhook: StudyWebhook, *, secret: str = "") -> HttpResponse:
    attempts = CallAttempt.objects.filter(call__webhook=webhook).select_related("call")
    context: dict[str, Any] = {
        "study": webhook.study,
        "section": "studies",
        "webhook": webhook,
        "secret": secret,
        "waiting": webhook.calls.filter(state=CallState.WAITING),
        "attempts": attempts[:ATTEMPTS_SHOWN],
    }
    return render(request, "sites/webhook.html", context)
