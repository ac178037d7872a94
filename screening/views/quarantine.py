"""The page on which a restored database is released: which of the held reminders nobody has been told yet."""

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from screening.reminders.quarantine import (
    held_messages,
    held_reminders,
    in_quarantine,
    last_sign_of_life,
    release_quarantine,
)
from sites.viewing import viewer_of
from trialops.forms import add_service_errors
from trialops.scope import system_scope


class ReleaseForm(forms.Form):
    """Which reminders are sent, by id; whether the other messages are; and why it is known."""

    send = forms.MultipleChoiceField(required=False)
    send_messages = forms.BooleanField(required=False)
    reason = forms.CharField(
        label=gettext_lazy("How it is known what was told"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )


@require_http_methods(["GET", "HEAD", "POST"])
def quarantine(request: HttpRequest) -> HttpResponse:
    """For superusers alone: it concerns every study of the installation."""
    viewer = viewer_of(request)
    if not viewer.user.is_superuser:
        raise Http404
    with system_scope():
        held = {str(reminder.pk): reminder for reminder in held_reminders().select_related("site__study")}
        form = ReleaseForm(request.POST if request.method == "POST" else None)
        form.fields["send"].choices = [(key, key) for key in held]  # type: ignore[attr-defined]
        if request.method == "POST" and form.is_valid():
            chosen = {held[key].pk for key in form.cleaned_data["send"]}
            try:
                released = release_quarantine(
                    by=viewer.user, now=viewer.now, reason=form.cleaned_data["reason"], send=chosen,
                    send_messages=form.cleaned_data["send_messages"],
                )  # fmt: skip
            except ValidationError as error:
                add_service_errors(form, error)
            else:
                messages.success(
                    request,
                    _("Released: reminders to send: %(send)s, told before: %(told)s.")
                    % {"send": released.to_send, "told": released.told_before},
                )
                return redirect("quarantine")
        context = {
            "section": "operations",
            "in_quarantine": in_quarantine(),
            "held": list(held.values()),
            "waiting": held_messages().count(),
            "last": last_sign_of_life(),
            "form": form,
        }
        return render(request, "screening/quarantine.html", context, status=400 if form.errors else 200)
