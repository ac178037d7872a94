"""Screen failures and criteria of a study as SDTM files, for its managers."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from screening.sdtm import VARIABLES, as_csv, as_json, records
from sites.viewing import viewer_of


@never_cache
@require_safe
def sdtm_file(request: HttpRequest, registry_id: str, domain: str, extension: str) -> HttpResponse:
    """One domain as `ie.csv`, `ti.json` and so on."""
    study = viewer_of(request).managed_study(registry_id)
    name = domain.upper()
    if name not in VARIABLES or extension not in {"csv", "json"} or domain != name.lower():
        raise Http404
    rows = records(study, name)
    if extension == "json":
        response = HttpResponse(as_json(name, rows), content_type="application/json")
    else:
        response = HttpResponse("".join(as_csv(name, rows)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{study.registry_id}-{domain}.{extension}"'
    return response
