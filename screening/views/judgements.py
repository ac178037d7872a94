"""An investigator's judgement on one laboratory result."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from screening import services
from screening.criteria import RecordError
from screening.models import Observation
from screening.queries import catalogue_of
from screening.review_forms import JudgeForm
from screening.reviews import under_review
from screening.views.facts import described
from screening.views.frame import subject_context, subject_or_404
from sites.viewing import viewer_of
from trialops.forms import add_service_errors, posted


@require_http_methods(["GET", "HEAD", "POST"])
def judge_result(request: HttpRequest, subject_id: UUID, fact_id: int) -> HttpResponse:
    """Say whether a result is clinically significant, and whether the myeloma causes it."""
    viewer = viewer_of(request)
    subject = subject_or_404(viewer, subject_id)
    row = get_object_or_404(Observation, subject=subject, retracted=False, pk=fact_id)
    if not viewer.access.may_judge_at(subject.site):
        raise PermissionDenied(_("Only an investigator of the site judges a laboratory result."))
    answers = {True: "true", False: "false", None: ""}
    initial = {name: answers[getattr(row, name)] for name in ("clinically_significant", "due_to_myeloma")}
    form = JudgeForm(posted(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.judge(
                observation=row,
                reason=form.cleaned_data["reason"],
                by=viewer.user,
                now=viewer.now,
                **form.judgement(),
            )
        except RecordError as error:
            form.add_error(None, str(error))
        except ValidationError as error:
            add_service_errors(form, error)
        else:
            messages.success(request, _("Your judgement is recorded; the verdict follows it."))
            review = under_review([subject.site]).filter(subject=subject).first()
            return redirect("review", review.pk) if review else redirect("subject", subject.pk)
    context = {
        **subject_context(subject),
        "form": form,
        "heading": _("Judge this result"),
        "lead": described(row, catalogue_of(subject)),
        "button": _("Record the judgement"),
    }
    return render(request, "screening/subject_form.html", context, status=400 if form.errors else 200)
