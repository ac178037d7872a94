"""Changes of a subject's state that a person makes; which are offered, the transition table says."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from screening import services
from screening.forms import FailScreeningForm, FirstDoseForm, StateForm, WithdrawForm
from screening.models import Subject
from screening.proposals import proposed_failure
from screening.queries import latest_assessment, protocol_of
from screening.states import TRANSITIONS, SubjectState
from screening.views.frame import subject_context, subject_to_change
from sites.queries import site_today
from sites.viewing import viewer_of
from trialops.forms import add_service_errors

S = SubjectState


@dataclass(frozen=True)
class Action:
    """One change of state: its address, its words, where it leads, from where, its form and its service."""

    slug: str
    label: Any
    lead: Any
    to: SubjectState
    form: type[forms.Form]
    service: Callable[..., object]
    only_from: SubjectState | None = None
    grave: bool = False

    def offered_to(self, subject: Subject) -> bool:
        state = SubjectState(subject.state)
        return self.to in TRANSITIONS[state] and self.only_from in {None, state}


ACTIONS = (
    Action(
        "start-screening",
        gettext_lazy("Start screening"),
        gettext_lazy("The site must be open on that day."),
        S.IN_SCREENING,
        StateForm,
        services.start_screening,
        only_from=S.PRE_SCREENED,
    ),
    Action(
        "enroll",
        gettext_lazy("Enroll"),
        gettext_lazy("Possible while the verdict is eligible and the principal investigator has signed that it is."),
        S.ENROLLED,
        StateForm,
        services.enroll,
    ),
    Action(
        "first-dose-given",
        gettext_lazy("Record the first dose"),
        gettext_lazy("The day on which the CAR-T cells were infused. Reminders after the dose begin."),
        S.TREATED,
        FirstDoseForm,
        services.record_first_dose,
    ),
    Action(
        "complete",
        gettext_lazy("Complete"),
        gettext_lazy("The subject has finished the study as planned."),
        S.COMPLETED,
        StateForm,
        services.complete,
    ),
    Action(
        "screen-fail",
        gettext_lazy("Record a screen failure"),
        gettext_lazy(
            "Ends the screening because criteria are not met. The principal investigator reviews and signs it."
        ),
        S.SCREEN_FAILED,
        FailScreeningForm,
        services.fail_screening,
        grave=True,
    ),
    Action(
        "withdraw",
        gettext_lazy("Withdraw"),
        gettext_lazy("The subject leaves, whatever the reason. This cannot be undone."),
        S.WITHDRAWN,
        WithdrawForm,
        services.withdraw,
        grave=True,
    ),
)


def actions_for(subject: Subject) -> list[Action]:
    """What may be done with a subject in its present state."""
    return [action for action in ACTIONS if action.offered_to(subject)]


@require_http_methods(["GET", "HEAD", "POST"])
def subject_action(request: HttpRequest, subject_id: UUID, slug: str) -> HttpResponse:
    """Ask for the day (and reason), then change the state."""
    viewer = viewer_of(request)
    subject = subject_to_change(viewer, subject_id)
    action = next((action for action in ACTIONS if action.slug == slug), None)
    if action is None:
        raise Http404
    today = site_today(subject.site, viewer.now)
    form = _form(action, subject, data=request.POST if request.method == "POST" else None, initial={"on": today})
    if request.method == "POST" and form.is_valid():
        try:
            action.service(subject=subject, by=viewer.user, now=viewer.now, **form.cleaned_data)
        except ValidationError as error:
            add_service_errors(form, error)
        else:
            messages.success(request, _("%(subject)s: %(state)s.") % {"subject": subject, "state": action.to.label})
            return redirect("subject", subject.pk)
    context = {
        **subject_context(subject),
        "form": form,
        "heading": action.label,
        "lead": action.lead,
        "button": action.label,
        "grave": action.grave,
        "warning": "" if action.offered_to(subject) else _refusal(subject, action),
    }
    return render(request, "screening/subject_form.html", context, status=400 if form.errors else 200)


def _form(action: Action, subject: Subject, **kwargs: Any) -> forms.Form:
    if action.form is not FailScreeningForm:
        return action.form(**kwargs)
    newest = latest_assessment(subject)
    verdicts = {item["id"]: item["verdict"] for item in newest.result["criteria"]} if newest else {}
    criteria = [
        (criterion.id, f"{criterion.id} {criterion.title} ({verdicts.get(criterion.id, 'unknown')})")
        for criterion in protocol_of(subject.protocol_version).criteria
        if verdicts.get(criterion.id) != "satisfied"
    ]
    return FailScreeningForm(criteria=criteria, proposal=proposed_failure(newest), **kwargs)


def _refusal(subject: Subject, action: Action) -> str:
    return _("%(subject)s is %(state)s; this is not possible from there.") % {
        "subject": subject,
        "state": subject.get_state_display(),
    }
