"""Files of records at a site: hand one in, see what it would change, commit it or let it go."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from screening.import_forms import CommitForm, NewImportForm, PatientsForm
from screening.imports import limits
from screening.imports.copies import SHAPES, csv_template, with_errors, xlsx_copy, xlsx_template
from screening.imports.limits import in_mib
from screening.imports.stored import unpacked
from screening.models import Import, ImportFormat
from screening.queries import catalogue_of_study
from screening.services.import_jobs import queue_import, refusals
from screening.services.importing import (
    KEPT_FOR,
    PreviewChangedError,
    assign_patients,
    discard_import,
    preview_for,
    store_import,
)
from screening.views.bounded_upload import BoundedUpload
from screening.views.job_progress import progress_answer
from sites.models import Site
from sites.queries import site_today
from sites.viewing import Viewer, viewer_of
from trialops.csv_text import csv_lines
from trialops.forms import add_service_errors, posted
from trialops.jobs import told_progress

IMPORTS_SHOWN = 100
ROWS_SHOWN = 200
MOST = {
    "size": in_mib(limits.LARGEST_FILE),
    "rows": limits.MOST_ROWS,
    "subjects": limits.MOST_SUBJECTS,
    "facts": limits.MOST_ENTRIES,
}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
def imports_page(request: HttpRequest, registry_id: str, code: str) -> HttpResponse:
    """The files there have been, latest first, and the templates."""
    site = _site(viewer_of(request), registry_id, code)
    rows = site.imports.select_related("uploaded_by", "confirmed_by", "decided_by").defer("content")[:IMPORTS_SHOWN]
    return render(request, "screening/imports.html", {**_frame(site), "imports": rows})


@csrf_exempt  # the token is checked by the view inside, once the upload has its limit
@require_http_methods(["GET", "HEAD", "POST"])
def new_import(request: HttpRequest, registry_id: str, code: str) -> HttpResponse:
    """Hand a file in; nothing of it is stored as a fact yet."""
    upload = BoundedUpload(request)
    request.upload_handlers = [upload]
    response: HttpResponse = _new_import(request, registry_id, code, upload=upload)
    return response


@csrf_protect
def _new_import(request: HttpRequest, registry_id: str, code: str, *, upload: BoundedUpload) -> HttpResponse:
    viewer = viewer_of(request)
    site = _site(viewer, registry_id, code)
    files = request.FILES if request.method == "POST" else None
    form = NewImportForm(posted(request), files, initial={"screened_on": site_today(site, viewer.now)})
    if upload.too_large:
        form.errors.pop("file", None)
        form.refuse_size()
    if request.method == "POST" and form.is_valid():
        day = form.cleaned_data["screened_on"]
        data = form.cleaned_data["file"].read()
        try:
            pending = store_import(site=site, data=data, screened_on=day, by=viewer.user, now=viewer.now)
        except ValidationError as error:
            add_service_errors(form, error)
        else:
            return redirect("import", registry_id, code, pending.pk)
    status = 413 if upload.too_large else 400 if form.errors else 200
    context = {**_frame(site), "form": form, "limits": MOST}
    return render(request, "screening/import_new.html", context, status=status)


@require_safe
def import_page(request: HttpRequest, registry_id: str, code: str, import_id: UUID) -> HttpResponse:
    """What a file would change; how far a worker is with storing it; or what it has changed."""
    viewer = viewer_of(request)
    return _shown(request, viewer, _import(viewer, registry_id, code, import_id))


@require_safe
def import_progress(request: HttpRequest, registry_id: str, code: str, import_id: UUID) -> HttpResponse:
    """The progress alone, which the page asks for every second; when it has ended, the page loads anew."""
    job = _import(viewer_of(request), registry_id, code, import_id)
    context = {**_frame(job.site), "import": job, "progress": told_progress(job)}
    return progress_answer(request, "screening/import_progress.html", context, ended=not job.is_under_way)


def _shown(request: HttpRequest, viewer: Viewer, pending: Import, **forms: Any) -> HttpResponse:
    context: dict[str, Any] = {**_frame(pending.site), "import": pending, "rows_shown": ROWS_SHOWN}
    context["why"] = refusals.told(pending.why)
    if pending.is_under_way:
        context["progress"] = told_progress(pending)
    elif pending.content is not None and pending.is_open:
        preview = preview_for(pending, by=viewer.user, now=viewer.now)
        context |= {
            "preview": preview,
            "plans": preview.plans[:ROWS_SHOWN],
            "findings": preview.findings[:ROWS_SHOWN],
            "outcomes": preview.contents.outcomes[: 5 * ROWS_SHOWN],
            "patients": PatientsForm(preview=preview, assigned=pending.assigned),
            "form": CommitForm(preview=preview),
        } | forms
    elif pending.content is not None:
        context["outcomes"] = unpacked(pending.content).outcomes[: 5 * ROWS_SHOWN]
    failed = any(form.errors for form in forms.values())
    return render(request, "screening/import.html", context, status=400 if failed else 200)


@require_POST
def import_patients(request: HttpRequest, registry_id: str, code: str, import_id: UUID) -> HttpResponse:
    """Say which subject each patient of a bundle is."""
    viewer = viewer_of(request)
    pending = _import(viewer, registry_id, code, import_id)
    if not pending.is_open or pending.content is None:
        return redirect("import", registry_id, code, pending.pk)
    form = PatientsForm(
        request.POST, preview=preview_for(pending, by=viewer.user, now=viewer.now), assigned=pending.assigned
    )
    if form.is_valid():
        try:
            assign_patients(pending=pending, assigned=form.assigned(), by=viewer.user, now=viewer.now)
        except ValidationError as error:
            add_service_errors(form, error)
        else:
            return redirect("import", registry_id, code, pending.pk)
    return _shown(request, viewer, pending, patients=form)


@require_POST
def import_commit(request: HttpRequest, registry_id: str, code: str, import_id: UUID) -> HttpResponse:
    """Have stored what the preview shows; sent twice, it is stored once."""
    viewer = viewer_of(request)
    pending = _import(viewer, registry_id, code, import_id)
    if not pending.is_open or pending.content is None:
        return redirect("import", registry_id, code, pending.pk)
    form = CommitForm(request.POST, preview=preview_for(pending, by=viewer.user, now=viewer.now))
    if form.is_valid():
        said = form.cleaned_data
        try:
            queue_import(
                pending=pending, shown=said["shown"], corrections=said.get("corrections", []),
                reason=said.get("reason", ""), by=viewer.user, now=viewer.now,
            )  # fmt: skip
        except PreviewChangedError:
            messages.warning(request, _("Something has been recorded since you saw this preview. Please look again."))
            return redirect("import", registry_id, code, pending.pk)
        except ValidationError as error:
            add_service_errors(form, error)
        else:
            return redirect("import", registry_id, code, pending.pk)
    return _shown(request, viewer, pending, form=form)


@require_POST
def import_discard(request: HttpRequest, registry_id: str, code: str, import_id: UUID) -> HttpResponse:
    """Let a file go."""
    viewer = viewer_of(request)
    pending = _import(viewer, registry_id, code, import_id)
    try:
        discard_import(pending=pending, by=viewer.user, now=viewer.now)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("The file is discarded; nothing of it was stored."))
    return redirect("imports", registry_id, code)


@require_safe
def import_copy(request: HttpRequest, registry_id: str, code: str, import_id: UUID) -> HttpResponseBase:
    """The file as a table with a column of its errors; of a bundle, what became of each resource."""
    viewer = viewer_of(request)
    pending = _import(viewer, registry_id, code, import_id)
    if pending.content is None:
        raise Http404
    if pending.is_open:
        preview = preview_for(pending, by=viewer.user, now=viewer.now)
        contents, findings = preview.contents, preview.findings
    else:
        contents = unpacked(pending.content)
        findings = contents.findings
    rows = with_errors(contents, findings)
    if pending.format == ImportFormat.XLSX:
        return _download(HttpResponse(xlsx_copy(rows), content_type=XLSX), f"import-{pending.pk}.xlsx")
    lines = csv_lines(rows)
    return _download(StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8"), f"import-{pending.pk}.csv")


@require_safe
def import_template(request: HttpRequest, registry_id: str, code: str, template: str) -> HttpResponseBase:
    """A template to fill: fact-rows or subject-rows, as .csv or .xlsx."""
    viewer = viewer_of(request)
    site = _site(viewer, registry_id, code)
    shape, _dot, kind = template.partition(".")
    if shape not in SHAPES or kind not in {"csv", "xlsx"}:
        raise Http404
    catalogue = catalogue_of_study(site.study, now=viewer.now)
    if kind == "xlsx":
        response = HttpResponse(xlsx_template(shape, catalogue), content_type=XLSX)
    else:
        response = HttpResponse("".join(csv_template(shape, catalogue)), content_type="text/csv; charset=utf-8")
    return _download(response, template)


def _download(response: HttpResponseBase, name: str) -> HttpResponseBase:
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _site(viewer: Viewer, registry_id: str, code: str) -> Site:
    site = viewer.site(registry_id, code)
    if not viewer.access.may_screen_at(site):
        raise PermissionDenied
    return site


def _import(viewer: Viewer, registry_id: str, code: str, import_id: UUID) -> Import:
    site = _site(viewer, registry_id, code)
    people = ("uploaded_by", "confirmed_by", "decided_by")
    rows = site.imports.select_related("site__study", *people).defer("content")  # read by the pages that show it
    found = rows.filter(pk=import_id).first()
    if found is None:
        raise Http404
    return found


def _frame(site: Site) -> dict[str, Any]:
    return {"site": site, "study": site.study, "section": "studies", "kept_days": KEPT_FOR.days}
