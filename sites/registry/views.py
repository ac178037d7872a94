"""The page that shows where our sites and statuses differ from the registry's record, and the file to fetch."""

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from sites.models import Study
from sites.queries import principal_investigators, site_days, statuses_in_force
from sites.registry.comparing import compare_with_registry
from sites.registry.reading import LARGEST, RegistryRecordError, parse_registry_record
from sites.registry.services import keep_registry_copy, newest_copy
from sites.registry.writing import Json, as_registry_record
from sites.viewing import Viewer, viewer_of
from trialops.forms import add_service_errors


class RegistryFileForm(forms.Form):
    """A record downloaded from the registry."""

    file = forms.FileField(
        label=gettext_lazy("The registry's record"),
        help_text=gettext_lazy("One study as JSON, as version 2 of the ClinicalTrials.gov API gives it; up to 10 MB."),
    )

    def clean_file(self) -> object:
        file = self.cleaned_data["file"]
        if file.size > LARGEST:
            raise ValidationError(_("The file is larger than 10 MB, the most that is read."))
        return file


@require_http_methods(["GET", "HEAD", "POST"])
def registry_page(request: HttpRequest, registry_id: str) -> HttpResponse:
    """Upload the registry's record; see site by site where it and ours differ."""
    viewer = viewer_of(request)
    study = viewer.managed_study(registry_id)
    form = RegistryFileForm(request.POST, request.FILES) if request.method == "POST" else RegistryFileForm()
    if request.method == "POST" and form.is_valid():
        try:
            keep_registry_copy(study=study, text=form.cleaned_data["file"].read(), by=viewer.user)
        except ValidationError as error:
            add_service_errors(form, error)
        else:
            messages.success(request, _("The registry's record is kept and compared below."))
            return redirect("registry", registry_id)
    context = {"study": study, "section": "studies", "form": form, **_compared(study, viewer)}
    return render(request, "sites/registry.html", context, status=400 if form.errors else 200)


def _compared(study: Study, viewer: Viewer) -> dict[str, object]:
    copy = newest_copy(study)
    if copy is None:
        return {"copy": None}
    try:
        record = parse_registry_record(copy.document)
    except RegistryRecordError as error:  # kept by a version of trialops that read it otherwise
        return {"copy": copy, "problems": error.problems}
    return {"copy": copy, "record": record, "comparison": compare_with_registry(study, record, now=viewer.now)}


@require_safe
def registry_file(request: HttpRequest, registry_id: str) -> HttpResponse:
    """The study in the registry's own shape, to compare or to hand on."""
    viewer = viewer_of(request)
    study = viewer.managed_study(registry_id)
    response = JsonResponse(registry_record_of(study, viewer), json_dumps_params={"indent": 2})
    response["Content-Disposition"] = f'attachment; filename="{study.registry_id}.json"'
    return response


def registry_record_of(study: Study, viewer: Viewer) -> Json:
    sites = list(study.sites.all())
    days = site_days(sites, viewer.now)
    return as_registry_record(
        study,
        sites,
        in_force=statuses_in_force(sites, days=days),
        principals=principal_investigators(sites, days=days),
    )
