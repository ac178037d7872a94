"""The criteria of a study as its protocol version states them, and the schema of such documents."""

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from screening.criteria.schema import document_schema
from screening.protocol_description import described
from screening.queries import protocol_of, published_versions, versions_in_force
from sites.models import Study
from sites.queries import site_days
from sites.viewing import Viewer, viewer_of


@require_safe
def protocol_page(request: HttpRequest, registry_id: str) -> HttpResponse:
    """Every criterion of the newest version in force at the viewer's sites, or of the published one in `?version=`."""
    viewer = viewer_of(request)
    study = viewer.study(registry_id)
    published = list(published_versions(study).reverse())
    in_force = _in_force(viewer, study)
    if "version" in request.GET:
        version = next((each for each in published if each.label == request.GET["version"]), None)
        if version is None:
            raise Http404
    else:
        version = next((each for each in published if each.pk in in_force), published[0] if published else None)
    context = {
        "study": study,
        "section": "studies",
        "version": version,
        "in_force_at": in_force.get(version.pk, []) if version else [],
        "others": [(other, in_force.get(other.pk, [])) for other in published if other != version],
        "shown": described(protocol_of(version)) if version else None,
    }
    return render(request, "screening/protocol.html", context)


@require_safe
def protocol_schema(_request: HttpRequest) -> JsonResponse:
    """The JSON Schema of protocol documents, for editors."""
    return JsonResponse(document_schema(), content_type="application/schema+json")


def _in_force(viewer: Viewer, study: Study) -> dict[int, list[str]]:
    """Each version in force today, by its id, with the codes of its sites as far as the viewer may know them."""
    sites = list(viewer.access.counted_sites.filter(study=study).order_by("code"))
    found = versions_in_force(sites, days=site_days(sites, viewer.now))
    codes: dict[int, list[str]] = {}
    for site in sites:
        if site.pk in found:
            codes.setdefault(found[site.pk].version.pk, []).append(site.code)
    return codes
