"""The queue of reviews, and one review: what is to be signed in one view, and what can be done with it."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from screening import services
from screening.criteria import json_text
from screening.judging import is_outside
from screening.models import Observation, Subject, SubjectStateChange
from screening.owed import owed_behind
from screening.queries import catalogue_of, current_facts, subjects_visible
from screening.review_forms import AnswerForm, ReturnForm, SignForm, WithdrawFailureForm
from screening.reviews import Standing, awaiting, returned, signatures_of, standing_of
from screening.services.reviews import sheet_to_sign
from screening.sheets import Json, Sheet, signed_content
from screening.states import REVIEWED, SubjectState
from screening.views.facts import label_of, value_in_words
from screening.views.frame import subject_context
from screening.views.review_parts import void_since
from sites.queries import site_today
from sites.viewing import Viewer, viewer_of
from trialops.accounts.credentials import needs_code
from trialops.audit.context import read_by
from trialops.forms import add_service_errors

S = SubjectState
SHOWN = 100


@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """What waits for a principal investigator, the longest waiting first, and what was returned to the sites."""
    viewer = viewer_of(request)
    if not viewer.access.sees_subjects:
        raise PermissionDenied(_("Reviews are for the people of the sites and for study managers."))
    sites = viewer.access.sites
    waiting = awaiting(sites).select_related("subject__current_verdict__assessment")
    context = {
        "section": "reviews",
        "waiting": [_in_queue(change) for change in waiting[:SHOWN]],
        "count": waiting.count(),
        "returned": [_in_queue(change) for change in returned(sites)[:SHOWN]],
        "to_judge": _to_judge(request, viewer),
        "shown": SHOWN,
    }
    return render(request, "screening/reviews.html", context)


def _to_judge(request: HttpRequest, viewer: Viewer) -> list[dict[str, Any]]:
    """The results that wait for an investigator at the sites where the person works; who may judges them from here."""
    shown = []
    for row in owed_behind(request, viewer).results[:SHOWN]:
        catalogue = catalogue_of(row.subject)
        said = {"row": row, "label": label_of(row, catalogue), "value": value_in_words(row, catalogue)}
        shown.append(said | {"may_judge": viewer.access.may_judge_at(row.subject.site)})
    return shown


@never_cache
@require_safe
def review_page(request: HttpRequest, move_id: int) -> HttpResponse:
    """One review: the sheet, its history, and the forms that fit where it stands."""
    viewer = viewer_of(request)
    change = change_or_404(viewer, move_id)
    read_by(request, subject=change.subject_id)
    return _page(request, viewer, change, {})


@never_cache
@sensitive_post_parameters("password", "code")
@require_POST
def sign(request: HttpRequest, move_id: int) -> HttpResponse:
    """Sign what was shown, with the credentials asked for again."""
    viewer = viewer_of(request)
    change = change_or_404(viewer, move_id)
    refuse_unless_signer(viewer, change)
    form = SignForm(request.POST, with_code=needs_code(viewer.user), auto_id="sign_%s")
    done = _done(
        form, lambda: services.confirm_review(change=change, by=viewer.user, now=viewer.now, **form.cleaned_data)
    )
    if not done:
        return _page(request, viewer, change, {"sign": form})
    messages.success(request, _("%(subject)s: confirmed and signed.") % {"subject": change.subject})
    return redirect("reviews")


@require_POST
def send_back(request: HttpRequest, move_id: int) -> HttpResponse:
    """Return it to the site with a question."""
    viewer = viewer_of(request)
    change = change_or_404(viewer, move_id)
    refuse_unless_signer(viewer, change)
    form = ReturnForm(request.POST, auto_id="return_%s")
    done = _done(
        form, lambda: services.return_review(change=change, by=viewer.user, now=viewer.now, **form.cleaned_data)
    )
    if not done:
        return _page(request, viewer, change, {"return": form})
    messages.success(request, _("%(subject)s: returned to the site with your question.") % {"subject": change.subject})
    return redirect("reviews")


@require_POST
def answer(request: HttpRequest, move_id: int) -> HttpResponse:
    """Answer the principal investigator's question."""
    viewer = viewer_of(request)
    change = change_or_404(viewer, move_id)
    refuse_unless_enters(viewer, change)
    form = AnswerForm(request.POST, auto_id="answer_%s")
    done = _done(
        form, lambda: services.answer_review(change=change, by=viewer.user, now=viewer.now, **form.cleaned_data)
    )
    if not done:
        return _page(request, viewer, change, {"answer": form})
    messages.success(request, _("%(subject)s: the review waits again.") % {"subject": change.subject})
    return redirect("review", change.pk)


@require_POST
def withdraw(request: HttpRequest, move_id: int) -> HttpResponse:
    """Take back a screen failure that is not confirmed."""
    viewer = viewer_of(request)
    change = change_or_404(viewer, move_id)
    refuse_unless_enters(viewer, change)
    form = WithdrawFailureForm(request.POST, auto_id="withdraw_%s")
    done = _done(
        form, lambda: services.withdraw_failure(change=change, by=viewer.user, now=viewer.now, **form.cleaned_data)
    )
    if not done:
        return _page(request, viewer, change, {"withdraw": form})
    messages.success(request, _("%(subject)s is in screening again.") % {"subject": change.subject})
    return redirect("subject", change.subject_id)


@never_cache
@require_safe
def sheet_json(request: HttpRequest, move_id: int) -> HttpResponse:
    """Every signature of a review with the sheet it was given under, and the sheet as it is now, as a file."""
    viewer = viewer_of(request)
    change = change_or_404(viewer, move_id)
    read_by(request, subject=change.subject_id)
    signatures = signatures_of(change.subject).filter(state_change=change)
    sheet = _sheet(viewer, change)
    content = {
        "signatures": [_signature_json(signature) for signature in signatures],
        "now": {"digest": sheet.digest, "sheet": sheet.content},
    }
    response = HttpResponse(json_text.dumps(content, indent=1), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="{change.subject.screening_number}-review.json"'
    return response


def _signature_json(signature: Any) -> Json:
    voiding = getattr(signature, "voiding", None)
    void = voiding and {"since": voiding.recorded_at.isoformat(), "why": voiding.why}
    return {
        "printed_name": signature.printed_name,
        "role": signature.role,
        "signed_at": signature.signed_at.astimezone(signature.state_change.subject.site.zone).isoformat(),
        "time_zone": signature.time_zone,
        "meaning": signature.meaning,
        "digest": signature.digest,
        "void": void,
        "sheet": signed_content(signature.sheet),
    }


def change_or_404(viewer: Viewer, move_id: int) -> SubjectStateChange:
    """A change of state that is reviewed, of a subject that the person may see."""
    found = SubjectStateChange.objects.filter(pk=move_id, state__in=REVIEWED).select_related("screen_failure").first()
    subject = subjects_visible(viewer.access).filter(pk=found.subject_id).first() if found else None
    if found is None or subject is None or (found.state == S.SCREEN_FAILED and not hasattr(found, "screen_failure")):
        raise Http404
    found.subject = subject
    return found


def refuse_unless_signer(viewer: Viewer, change: SubjectStateChange) -> None:
    if not viewer.access.may_sign_at(change.subject.site):
        raise PermissionDenied(_("Only a principal investigator of the site reviews and signs."))


def refuse_unless_enters(viewer: Viewer, change: SubjectStateChange) -> None:
    if not viewer.access.may_screen_at(change.subject.site):
        raise PermissionDenied


def _done(form: forms.Form, service: Callable[[], object]) -> bool:
    """Whether the form could be read and its service has done it; what was refused is shown in the form."""
    if form.is_valid():
        try:
            service()
        except ValidationError as error:
            add_service_errors(form, error, rename={"shown": NON_FIELD_ERRORS})
    return form.is_valid()


def _sheet(viewer: Viewer, change: SubjectStateChange) -> Sheet:
    return sheet_to_sign(change, as_of=site_today(change.subject.site, viewer.now))


def _page(
    request: HttpRequest, viewer: Viewer, change: SubjectStateChange, refused: dict[str, forms.Form]
) -> HttpResponse:
    subject = Subject.objects.select_related("site__study", "protocol_version").get(pk=change.subject_id)
    change.subject = subject
    standing = standing_of(change)
    signs = viewer.access.may_sign_at(subject.site)
    sheet = _sheet(viewer, change)
    context = {
        **subject_context(subject),
        "section": "reviews",
        "change": change,
        "is_failure": change.state == S.SCREEN_FAILED,
        "standing": standing,
        "steps": change.review_steps.select_related("recorded_by"),
        "signatures": [(each, void_since(each)) for each in signatures_of(subject).filter(state_change=change)],
        "sheet": sheet,
        "content": sheet.content,
        "rows": record_rows(sheet.content),
        "to_judge": results_to_judge(subject) if viewer.access.may_judge_at(subject.site) else [],
        **_forms(viewer, standing, change, signs=signs, refused=refused),
    }
    return render(request, "screening/review.html", context, status=400 if refused else 200)


def _forms(
    viewer: Viewer, standing: Standing, change: SubjectStateChange, *, signs: bool, refused: dict[str, forms.Form]
) -> dict[str, forms.Form]:
    """What can be done where a review stands; a form that was refused is shown as it was sent."""
    enters = viewer.access.may_screen_at(change.subject.site)
    waits = standing in {Standing.AWAITING, Standing.RETURNED}
    offered: dict[str, forms.Form] = {}
    if signs and standing == Standing.AWAITING:
        offered["sign"] = SignForm(with_code=needs_code(viewer.user), auto_id="sign_%s")
        offered["return"] = ReturnForm(auto_id="return_%s")
    if enters and standing == Standing.RETURNED:
        offered["answer"] = AnswerForm(auto_id="answer_%s")
    if enters and waits and change.state == S.SCREEN_FAILED and not hasattr(change.subject, "next_attempt"):
        offered["withdraw"] = WithdrawFailureForm(auto_id="withdraw_%s")
    return {f"{name}_form": form for name, form in {**offered, **refused}.items()}


def _in_queue(change: Any) -> dict[str, Any]:
    """A row of the queue: of a failure its primary criterion with the reason that the newest verdict gives."""
    failure = change.screen_failure if change.state == S.SCREEN_FAILED else None
    current = getattr(change.subject, "current_verdict", None)
    criteria = current.assessment.result["criteria"] if current else []
    because = next((item["because"] for item in criteria if failure and item["id"] == failure.primary), "")
    return {"change": change, "failure": failure, "because": because}


def record_rows(content: Json) -> Json:
    """The record of a sheet in lines: observations by name, therapies and toxicities in words."""
    record = content["record"]
    observations = [
        {
            "label": content["labels"][item["fact"]],
            "value": {True: _("yes"), False: _("no")}.get(item["value"], item["value"])
            if isinstance(item["value"], bool)
            else item["value"],
            "unit": item.get("unit") if item.get("unit") != "1" else "",
            "on": item["on"],
            "low": item.get("reference_low"),
            "high": item.get("reference_high"),
            "significant": item.get("clinically_significant"),
            "myeloma": item.get("due_to_myeloma"),
        }
        for item in record["observations"]
    ]
    return {"observations": observations, "therapies": record["therapies"], "toxicities": record["toxicities"]}


def results_to_judge(subject: Subject) -> list[dict[str, Any]]:
    """The newest laboratory result of each fact that lies outside its reference: what only an investigator judges."""
    newest: dict[str, Observation] = {}
    for row in current_facts(subject)[0]:
        if row.reference_low or row.reference_high:
            earlier = newest.get(row.fact)
            newest[row.fact] = row if earlier is None or row.on >= earlier.on else earlier
    catalogue = catalogue_of(subject)
    return [
        {"row": row, "label": label_of(row, catalogue), "value": value_in_words(row, catalogue)}
        for row in newest.values()
        if is_outside(row)
    ]
