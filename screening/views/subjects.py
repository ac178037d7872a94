"""A new subject, and the page about one subject."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from screening import meanwhile, services
from screening.duplicates import doubles_of, people_like
from screening.forms import CorrectSubjectForm, NewSubjectForm, PlanFirstDoseForm, SeenForm
from screening.meanwhile import PERSON, PLAN
from screening.models import Assessment, Subject
from screening.queries import current_facts, later_version, latest_assessment, protocol_of
from screening.states import BEFORE_DOSE, CONSENTED
from screening.views.actions import actions_for
from screening.views.facts import described, earlier_versions, facts_shown
from screening.views.frame import closed_note, subject_context, subject_or_404, subject_to_change
from screening.views.reminders import reminders_shown
from screening.views.review_parts import review_parts
from screening.views.verdict import Entries, criteria_shown, windows_chart, windows_shown
from sites.models import Site
from sites.queries import site_today, status_in_force
from sites.viewing import viewer_of
from trialops.forms import add_service_errors, day_in_words, posted
from trialops.language import word

STORED_SHOWN = 20


@require_http_methods(["GET", "HEAD", "POST"])
def new_subject(request: HttpRequest, registry_id: str, code: str) -> HttpResponse:
    """Take a new subject into screening at a site."""
    viewer = viewer_of(request)
    site = viewer.site(registry_id, code)
    if not viewer.access.may_screen_at(site):
        raise PermissionDenied
    today = site_today(site, viewer.now)
    status = status_in_force(site, day=today)
    form = NewSubjectForm(posted(request), initial={"screened_on": today})
    if status is None or not status.open_for_screening:
        form.fields["screened_on"].help_text = _("Only for a day on which it was open.")
    alike: Sequence[Subject] = ()
    if request.method == "POST" and form.is_valid() and not (alike := _asked_about(form, site, today)):
        try:
            subject = services.create_subject(site=site, by=viewer.user, now=viewer.now, **form.cleaned_data)
        except ValidationError as error:
            add_service_errors(form, error)
        else:
            messages.success(request, _("%(subject)s is in screening. Enter what is known.") % {"subject": subject})
            return redirect("subject-entry", subject.pk)
    context = {
        "site": site,
        "study": site.study,
        "section": "studies",
        "form": form,
        "status": status,
        "alike": alike,
    }
    return render(request, "screening/new_subject.html", context, status=400 if form.errors or alike else 200)


def _asked_about(form: NewSubjectForm, site: Site, today: date) -> Sequence[Subject]:
    """Subjects who may be this very person, until it has been said that it is somebody else."""
    if form.cleaned_data.pop("somebody_else"):
        return ()
    submission = form.cleaned_data["submission"]
    if submission is not None and Subject.objects.filter(site=site, submission=submission).exists():
        return ()  # the same form sent twice: it gives the subject that it made
    return list(
        people_like(site, sex=form.cleaned_data["sex"], birth_year=form.cleaned_data["birth_year"], today=today)
    )


@require_safe
def subject_page(request: HttpRequest, subject_id: UUID) -> HttpResponse:
    """Everything about one subject: verdict with reasons and windows, facts, state, reminders."""
    viewer = viewer_of(request)
    subject = subject_or_404(viewer, subject_id)
    may_enter = viewer.access.may_screen_at(subject.site)
    entries = Entries(subject, *current_facts(subject))
    today = site_today(subject.site, viewer.now)
    context = {
        **subject_context(subject),
        **_verdict(request, subject, entries, may_enter=may_enter),
        "today": today,
        "may_enter": may_enter,
        "observations": facts_shown(entries.observations, entries.catalogue, today=today),
        "therapies": entries.therapies,
        "toxicities": entries.toxicities,
        "earlier": earlier_versions(subject),
        "answered": [{"row": row, "text": described(row, entries.catalogue)} for row in entries.absent.values()],
        "doubles": doubles_of(subject),
        "plan_form": PlanFirstDoseForm(initial={"planned_first_dose": subject.planned_first_dose}),
        "may_plan": may_enter and subject.state in BEFORE_DOSE,
        "actions": actions_for(subject) if may_enter else [],
        "changes": subject.state_changes.select_related("recorded_by", "screen_failure").order_by(
            "-effective_on", "-id"
        ),
        "corrections": subject.corrections.select_related("recorded_by"),
        "later_version": later_version(subject, today) if subject.state in CONSENTED else None,
        "version_changes": subject.version_changes.select_related("from_version", "to_version", "recorded_by"),
        "reminders": reminders_shown(subject, today=today),
        **review_parts(viewer, subject),
    }
    return render(request, "screening/subject.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def plan_first_dose(request: HttpRequest, subject_id: UUID) -> HttpResponse:
    """Set, move or clear the planned first dose."""
    viewer = viewer_of(request)
    subject = subject_to_change(viewer, subject_id)
    initial = {"planned_first_dose": subject.planned_first_dose, "seen": meanwhile.shown(subject, PLAN)}
    form = PlanFirstDoseForm(posted(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        day, seen = form.cleaned_data["planned_first_dose"], form.cleaned_data["seen"]
        try:
            services.plan_first_dose(subject=subject, on=day, seen=seen, by=viewer.user, now=viewer.now)
        except ValidationError as error:
            _refused(form, error, subject, PLAN)
        else:
            messages.success(request, _after_planning(subject, day))
            return redirect("subject", subject.pk)
    heading = _("Plan the first dose")
    context = {**subject_context(subject), "form": form, "heading": heading, "button": _("Save the planned day")}
    return render(request, "screening/subject_form.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def correct_subject(request: HttpRequest, subject_id: UUID) -> HttpResponse:
    """Correct sex and birth year, with the reason."""
    viewer = viewer_of(request)
    subject = subject_to_change(viewer, subject_id)
    initial = {"sex": subject.sex, "birth_year": subject.birth_year, "seen": meanwhile.shown(subject, PERSON)}
    form = CorrectSubjectForm(posted(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.correct_subject(subject=subject, by=viewer.user, now=viewer.now, **form.cleaned_data)
        except ValidationError as error:
            _refused(form, error, subject, PERSON)
        else:
            messages.success(request, _("%(subject)s is corrected; the verdict follows.") % {"subject": subject})
            return redirect("subject", subject.pk)
    heading = _("Correct sex or birth year")
    context = {
        **subject_context(subject),
        "form": form,
        "heading": heading,
        "warning": closed_note(subject),
        "button": _("Save the correction"),
    }
    return render(request, "screening/subject_form.html", context, status=400 if form.errors else 200)


def _refused(form: SeenForm, error: ValidationError, subject: Subject, names: tuple[str, ...]) -> None:
    """Show what the service refused; of what others have changed meanwhile the reader knows from now on."""
    add_service_errors(form, error)
    if getattr(error, "code", "") == "meanwhile":
        subject.refresh_from_db(fields=names)
        form.now_shown(meanwhile.shown(subject, names))


def _verdict(request: HttpRequest, subject: Subject, entries: Entries, *, may_enter: bool) -> dict[str, Any]:
    """The newest stored verdict, or the one that `?verdict=` names."""
    newest = latest_assessment(subject)
    chosen = _chosen(request.GET.get("verdict", ""), subject) or newest
    assessments = subject.assessments.defer("result").select_related("recorded_by", "protocol_version")
    stored = assessments.order_by("-id")[:STORED_SHOWN]
    if chosen is None:
        return {"assessment": None, "stored": stored}
    in_protocol_order = request.GET.get("order") == "protocol"
    criteria = criteria_shown(
        chosen,
        protocol_of(chosen.protocol_version),
        entries,
        in_protocol_order=in_protocol_order,
        may_enter=may_enter and chosen == newest,
    )
    return {
        "assessment": chosen,
        "is_newest": chosen == newest,
        "criteria": criteria,
        "counts": [
            (word(name), sum(c.verdict == name for c in criteria)) for name in ("violated", "unknown", "satisfied")
        ],
        "in_protocol_order": in_protocol_order,
        "unknown_count": sum(item["verdict"] == "unknown" for item in chosen.result["criteria"]),
        "windows": windows_shown(chosen),
        "chart": windows_chart(chosen, subject.first_dose_on or subject.planned_first_dose),
        "stored": stored,
    }


def _chosen(text: str, subject: Subject) -> Assessment | None:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        return None
    return subject.assessments.filter(pk=int(text)).first()


def _after_planning(subject: Subject, day: date | None) -> str:
    if day is None:
        return _("%(subject)s has no planned first dose now.") % {"subject": subject}
    return _("First dose of %(subject)s planned for %(day)s; windows and reminders follow it.") % {
        "subject": subject,
        "day": day_in_words(day),
    }
