"""Another screening of the same person."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from screening import services
from screening.models import Subject
from screening.queries import catalogue_of, current_facts
from screening.review_forms import RescreenForm
from screening.services.attempts import key_of, refuse_rescreening
from screening.views.facts import described
from screening.views.frame import subject_context, subject_to_change
from sites.queries import site_today
from sites.viewing import viewer_of
from trialops.forms import add_service_errors, posted


@require_http_methods(["GET", "HEAD", "POST"])
def rescreen(request: HttpRequest, subject_id: UUID) -> HttpResponse:
    """Begin a new attempt; the facts that still hold are carried over by choice."""
    viewer = viewer_of(request)
    subject = subject_to_change(viewer, subject_id)
    form = RescreenForm(
        posted(request), facts=_facts(subject), initial={"screened_on": site_today(subject.site, viewer.now)}
    )
    if request.method == "POST" and form.is_valid():
        try:
            attempt = services.rescreen(previous=subject, by=viewer.user, now=viewer.now, **form.cleaned_data)
        except ValidationError as error:
            add_service_errors(form, error)
        else:
            said = _("%(subject)s is a new attempt of %(previous)s.") % {"subject": attempt, "previous": subject}
            messages.success(request, said)
            return redirect("subject", attempt.pk)
    context = {
        **subject_context(subject),
        "form": form,
        "heading": _("Screen again"),
        "lead": _("A new screening number, linked to this one."),
        "warning": _why_not(subject),
        "button": _("Begin a new attempt"),
    }
    return render(request, "screening/subject_form.html", context, status=400 if form.errors else 200)


def _facts(subject: Subject) -> list[tuple[str, str]]:
    catalogue = catalogue_of(subject)
    return [(key_of(fact), described(fact, catalogue)) for kind in current_facts(subject) for fact in kind]


def _why_not(subject: Subject) -> str:
    try:
        refuse_rescreening(subject)
    except ValidationError as error:
        return " ".join(error.messages)
    return ""
