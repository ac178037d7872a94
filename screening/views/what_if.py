"""Pages of the runs over a whole pool, for study managers: ask what a version would change, follow it, stop it."""

from collections.abc import Iterator
from itertools import chain
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from screening.criteria import SubjectVerdict
from screening.forms import WhatIfForm
from screening.models import ProtocolVersion, RescoringRun, RunKind, RunState
from screening.queries import newest_version, protocol_of
from screening.rescoring import cancel_run, start_what_if
from screening.rescoring.results import changes_of, comparison_of, tally_of
from screening.rescoring.runs import progress_of
from screening.views.job_progress import progress_answer
from screening.whatif import Tally, all_transitions, side_by_side
from screening.whatif_report import CSV_HEAD, csv_row
from sites.models import Study
from sites.viewing import Viewer, viewer_of
from trialops.csv_text import csv_lines
from trialops.forms import add_service_errors, posted

RUNS_SHOWN = 20


@require_http_methods(["GET", "HEAD", "POST"])
def what_if(request: HttpRequest, registry_id: str) -> HttpResponse:
    """Choose the versions and start; below, the runs there have been."""
    viewer = viewer_of(request)
    study = viewer.managed_study(registry_id)
    form = WhatIfForm(posted(request), study=study, initial=_likely(study))
    if request.method == "POST" and form.is_valid():
        try:
            run = start_what_if(by=viewer.user, now=viewer.now, **form.cleaned_data)
        except ValidationError as error:
            add_service_errors(form, error)
        else:
            return redirect("run", registry_id, run.pk)
    runs = study.rescoring_runs.exclude(kind=RunKind.NEW_DAY).select_related("version", "against", "created_by")
    context = {
        "study": study,
        "section": "studies",
        "form": form,
        "comparable": study.protocol_versions.count() > 1,
        "runs": [(run, progress_of(run)) for run in runs[:RUNS_SHOWN]],
    }
    return render(request, "screening/what_if.html", context, status=400 if form.errors else 200)


@require_safe
def run_page(request: HttpRequest, registry_id: str, run_id: UUID) -> HttpResponse:
    """One run: how far it is, and what it has found once it has ended."""
    run = _run(viewer_of(request), registry_id, run_id)
    context = _progress_context(run)
    if run.kind == RunKind.WHAT_IF and not run.is_unfinished:
        context |= _found(run)
    return render(request, "screening/run.html", context)


@require_safe
def run_progress(request: HttpRequest, registry_id: str, run_id: UUID) -> HttpResponse:
    """The progress alone, which the page asks for every second; when the run has ended, the page loads anew."""
    run = _run(viewer_of(request), registry_id, run_id)
    context = _progress_context(run)
    return progress_answer(request, "screening/run_progress.html", context, ended=not run.is_unfinished)


@require_POST
def run_cancel(request: HttpRequest, registry_id: str, run_id: UUID) -> HttpResponse:
    """Stop a run: no part of it commits any more."""
    viewer = viewer_of(request)
    run = _run(viewer, registry_id, run_id)
    try:
        cancel_run(run=run, by=viewer.user, now=viewer.now)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("The run is cancelled."))
    return redirect("run", registry_id, run.pk)


@require_safe
def changes_csv(request: HttpRequest, registry_id: str, run_id: UUID) -> HttpResponseBase:
    """The subjects whose verdicts would differ, as a file for a spreadsheet."""
    run = _run(viewer_of(request), registry_id, run_id)
    if run.kind != RunKind.WHAT_IF or run.state != RunState.DONE:
        raise Http404
    comparison = comparison_of(run)
    rows: Iterator[tuple[str, ...]] = (csv_row(comparison, *change) for change in changes_of(run))
    response = StreamingHttpResponse(csv_lines(chain([CSV_HEAD], rows)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="what-if-{run.study.registry_id}-{run.pk}.csv"'
    return response


def _run(viewer: Viewer, registry_id: str, run_id: UUID) -> RescoringRun:
    study = viewer.managed_study(registry_id)
    runs = study.rescoring_runs.select_related("study", "version", "against", "created_by", "cancelled_by", "site")
    run = runs.filter(pk=run_id).first()
    if run is None:
        raise Http404
    return run


def _likely(study: Study) -> dict[str, Any]:
    """The newest draft against the version in force: what is asked most."""
    draft = study.protocol_versions.filter(status=ProtocolVersion.Status.DRAFT).order_by("-id").first()
    return {"version": draft, "against": newest_version(study)}


def _progress_context(run: RescoringRun) -> dict[str, Any]:
    return {"study": run.study, "section": "studies", "run": run, "progress": progress_of(run)}


def _found(run: RescoringRun) -> dict[str, Any]:
    """The tables of a what-if: transitions, and attrition before and after side by side."""
    tally = tally_of(run)
    titles = {
        criterion.id: criterion.title
        for version in (run.against, run.version)
        if version is not None
        for criterion in protocol_of(version).criteria
    }
    return {
        "tally": tally,
        "turned": [(verdict.value, tally.turned(verdict)) for verdict in SubjectVerdict],
        "verdicts": [verdict.value for verdict in SubjectVerdict],
        "transitions": _transitions(tally),
        "attrition": [(name, titles[name], before, after) for name, before, after in side_by_side(tally)],
    }


def _transitions(tally: Tally) -> list[tuple[str, list[tuple[str, int, bool]], int]]:
    """A row for each verdict before: each verdict after with its count and whether it is another one; the sum."""
    return [
        (old.value, [(new.value, count, new is not old) for new, count in zip(SubjectVerdict, counts, strict=True)],
         sum(counts))
        for old, counts in all_transitions(tally)
    ]  # fmt: skip
