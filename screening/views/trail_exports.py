"""Exports of a study's audit trail, for its managers: ask for one, follow it, download it."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from screening.audit_forms import ExportForm
from screening.models import TrailExport
from screening.services.trail_exports import ask_for_export, note_download, refusals
from screening.views.job_progress import progress_answer
from sites.viewing import Viewer, viewer_of
from trialops.audit.export import FORMS
from trialops.forms import posted
from trialops.jobs import Progress

EXPORTS_SHOWN = 20


@require_http_methods(["GET", "HEAD", "POST"])
def exports_page(request: HttpRequest, registry_id: str) -> HttpResponse:
    """Ask for an export; below, those that the person has asked for."""
    viewer = viewer_of(request)
    study = viewer.managed_study(registry_id)
    form = ExportForm(posted(request))
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        export = ask_for_export(
            study=study, form=asked["format"], first=asked["first"], last=asked["last"], by=viewer.user
        )
        return redirect("trail-export", registry_id, export.pk)
    exports = study.trail_exports.filter(asked_by=viewer.user)[:EXPORTS_SHOWN]
    context = {"study": study, "section": "studies", "form": form, "exports": exports}
    return render(request, "screening/audit_export.html", context, status=400 if form.errors else 200)


@require_safe
def export_page(request: HttpRequest, registry_id: str, export_id: UUID) -> HttpResponse:
    """One export: how far it is, and its file once it is whole."""
    export = _export(viewer_of(request), registry_id, export_id)
    return render(request, "screening/trail_export.html", _context(export))


@require_safe
def export_progress(request: HttpRequest, registry_id: str, export_id: UUID) -> HttpResponse:
    """The progress alone, which the page asks for every second; when the export has ended, the page loads anew."""
    export = _export(viewer_of(request), registry_id, export_id)
    template = "screening/trail_export_progress.html"
    return progress_answer(request, template, _context(export), ended=not export.is_unfinished)


@require_safe
def export_file(request: HttpRequest, registry_id: str, export_id: UUID) -> StreamingHttpResponse:
    """The file; that it was taken is recorded."""
    viewer = viewer_of(request)
    export = _export(viewer, registry_id, export_id)
    if not export.has_file:
        raise Http404
    if request.method == "GET":
        note_download(export=export, now=viewer.now)
    response = StreamingHttpResponse(export.content(), content_type=FORMS[export.format].content_type)
    response["Content-Length"] = export.size
    response["Content-Disposition"] = f'attachment; filename="audit-{export.study.registry_id}.{export.format}"'
    return response


def _context(export: TrailExport) -> dict[str, Any]:
    return {
        "study": export.study,
        "section": "studies",
        "export": export,
        "progress": Progress(total=export.total, done=export.written),
        "why": refusals.told(export.why),
    }


def _export(viewer: Viewer, registry_id: str, export_id: UUID) -> TrailExport:
    """An export that the person has asked for, of a study that they manage now; Http404 otherwise."""
    exports = viewer.managed_study(registry_id).trail_exports.select_related("study")
    export = exports.filter(pk=export_id, asked_by=viewer.user).first()
    if export is None:
        raise Http404
    return export
