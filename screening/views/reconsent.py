"""A subject's re-consent to a later protocol version."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from screening import services
from screening.amendment_forms import ReconsentForm
from screening.models import Subject
from screening.queries import later_versions
from screening.states import CONSENTED
from screening.views.frame import subject_context, subject_to_change
from sites.queries import site_today
from sites.viewing import viewer_of
from trialops.forms import add_service_errors, posted


@require_http_methods(["GET", "HEAD", "POST"])
def reconsent(request: HttpRequest, subject_id: UUID) -> HttpResponse:
    """Move a subject to a later version that is in force at its site; verdict, state and reminders follow."""
    viewer = viewer_of(request)
    subject = subject_to_change(viewer, subject_id)
    today = site_today(subject.site, viewer.now)
    offered = later_versions(subject, today)
    form = ReconsentForm(posted(request), versions=offered, initial={"on": today})
    if request.method == "POST" and form.is_valid():
        try:
            change = services.reconsent(subject=subject, by=viewer.user, now=viewer.now, **form.cleaned_data)
        except ValidationError as error:
            add_service_errors(form, error)
        else:
            messages.success(request, _moved(subject, change.to_version.label))
            return redirect("subject", subject.pk)
    possible = bool(offered) and subject.state in CONSENTED
    context = {
        **subject_context(subject),
        "form": form,
        "heading": _("Record a re-consent"),
        "lead": _("Now under version %(version)s.") % {"version": subject.protocol_version.label},
        "button": _("Record the re-consent"),
        "warning": "" if possible else _why_not(subject),
    }
    return render(request, "screening/subject_form.html", context, status=400 if form.errors else 200)


def _why_not(subject: Subject) -> str:
    if subject.state not in CONSENTED:
        return _("%(subject)s is %(state)s; this is not possible from there.") % {
            "subject": subject,
            "state": subject.get_state_display(),
        }
    return _("No version later than %(version)s is in force at %(site)s.") % {
        "version": subject.protocol_version.label,
        "site": subject.site.code,
    }


def _moved(subject: Subject, label: str) -> str:
    newest = subject.assessments.latest("id")
    return _("%(subject)s stands under version %(version)s now. Verdict: %(verdict)s.") % {
        "subject": subject,
        "version": label,
        "verdict": newest.get_verdict_display(),
    }
