"""A protocol deviation, recorded as it happened."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from screening import services
from screening.queries import protocol_of
from screening.review_forms import DeviationForm
from screening.views.frame import subject_context, subject_to_change
from sites.queries import site_today
from sites.viewing import viewer_of
from trialops.forms import add_service_errors, posted


@require_http_methods(["GET", "HEAD", "POST"])
def new_deviation(request: HttpRequest, subject_id: UUID) -> HttpResponse:
    """Record what happened against the protocol; no verdict changes by it."""
    viewer = viewer_of(request)
    subject = subject_to_change(viewer, subject_id)
    criteria = [(each.id, f"{each.id} {each.title}") for each in protocol_of(subject.protocol_version).criteria]
    form = DeviationForm(
        posted(request), criteria=criteria, initial={"happened_on": site_today(subject.site, viewer.now)}
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.record_deviation(subject=subject, by=viewer.user, now=viewer.now, **form.cleaned_data)
        except ValidationError as error:
            add_service_errors(form, error)
        else:
            messages.success(request, _("%(subject)s: the deviation is recorded.") % {"subject": subject})
            return redirect(reverse("subject", args=[subject.pk]) + "#deviations")
    context = {
        **subject_context(subject),
        "closed_note": "",
        "form": form,
        "heading": _("Record a protocol deviation"),
        "lead": _("What happened stays visible; a verdict is never changed by it."),
        "button": _("Record the deviation"),
    }
    return render(request, "screening/subject_form.html", context, status=400 if form.errors else 200)
