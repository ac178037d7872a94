"""The pages and files of the pictures, and the comparison of two days."""

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboards.comparing import compare
from dashboards.looking_back import CompareForm, LookingBack, latest_day, looking_back, some_time_ago
from dashboards.pictures.gallery import Gallery, windows_of
from dashboards.pictures.picture import Picture
from sites.models import Site, Study
from sites.viewing import Viewer, viewer_of


@dataclass(frozen=True)
class Look:
    """The study and those of its sites that the address asks for and the viewer may count, as of a day."""

    viewer: Viewer
    study: Study
    every_site: list[Site]
    site: Site | None
    back: LookingBack

    @property
    def sites(self) -> list[Site]:
        return [self.site] if self.site else self.every_site

    @property
    def gallery(self) -> Gallery:
        access = self.viewer.access
        whole = self.site is None and access.counted_studies.filter(pk=self.study.pk).exists()
        visible = set(access.sites.filter(study=self.study).values_list("pk", flat=True))
        return Gallery(
            self.study, self.sites, self.viewer.now, self.back.shown, whole=whole,
            sees_subjects=all(site.pk in visible for site in self.sites),
        )  # fmt: skip

    @property
    def query(self) -> str:
        return self.back.query(self.site)


def _look(request: HttpRequest, registry_id: str) -> Look:
    viewer = viewer_of(request)
    study = viewer.study(registry_id)
    every_site = list(viewer.access.counted_sites.filter(study=study).order_by("code"))
    code = request.GET.get("site", "")
    site = next((each for each in every_site if each.code == code), None)
    if code and site is None:
        raise Http404
    return Look(viewer, study, every_site, site, looking_back(request, [site] if site else every_site, viewer.now))


@require_safe
def pictures_page(request: HttpRequest, registry_id: str) -> HttpResponse:
    """All pictures of a study, or of one site of it, that the viewer may see."""
    look = _look(request, registry_id)
    gallery = look.gallery
    managed = look.viewer.access.manages(look.study)
    shown = [gallery.draw(name) for name in gallery.names]
    windows = None
    if managed and look.back.day is None:
        windows = windows_of(look.study, look.sites, now=look.viewer.now, whole=look.site is None)
    context = {
        "study": look.study,
        "section": "studies",
        "look": look,
        "back": look.back,
        "query": look.query,
        "pictures": shown,
        "windows": windows,
        "scope": gallery.scope,
    }
    return render(request, "dashboards/pictures.html", context, status=look.back.status)


@require_safe
def picture_svg(request: HttpRequest, registry_id: str, name: str) -> HttpResponse:
    """One picture as a file."""
    return svg_file(_drawn(request, registry_id, name))


@require_safe
def picture_csv(request: HttpRequest, registry_id: str, name: str) -> HttpResponseBase:
    """One picture's table as a file."""
    return csv_file(_drawn(request, registry_id, name))


@require_safe
def study_windows(request: HttpRequest, registry_id: str, kind: str) -> HttpResponseBase:
    """The window chart of a whole study (or with `site`, of one site of it), for its managers."""
    viewer = viewer_of(request)
    study = viewer.managed_study(registry_id)
    sites = list(study.sites.order_by("code"))
    code = request.GET.get("site", "")
    chosen = [site for site in sites if site.code == code] if code else sites
    if code and not chosen:
        raise Http404
    return _file(windows_of(study, chosen, now=viewer.now, whole=not code), kind)


@require_safe
def site_windows(request: HttpRequest, registry_id: str, code: str, kind: str) -> HttpResponseBase:
    """The window chart of one site, for those who may see its subjects."""
    viewer = viewer_of(request)
    site = viewer.site(registry_id, code)
    return _file(windows_of(site.study, [site], now=viewer.now, whole=False), kind)


@require_safe
def comparison(request: HttpRequest, registry_id: str) -> HttpResponse:
    """The figures of two days side by side, and what has changed between them."""
    viewer = viewer_of(request)
    study = viewer.study(registry_id)
    sites = list(viewer.access.counted_sites.filter(study=study).order_by("code"))
    latest = latest_day(sites, viewer.now)
    first = {"from": some_time_ago(latest).isoformat(), "to": latest.isoformat()}
    asked = {name: request.GET.get(name) or day for name, day in first.items()}
    form = CompareForm(asked, latest=latest)
    context: dict[str, Any] = {"study": study, "section": "studies", "form": form}
    if form.is_valid():
        days = form.cleaned_data["from"], form.cleaned_data["to"]
        context["comparison"] = compare(study, sites, days=days, now=viewer.now)
    return render(request, "dashboards/compare.html", context, status=400 if form.errors else 200)


def _drawn(request: HttpRequest, registry_id: str, name: str) -> Picture:
    look = _look(request, registry_id)
    look.back.or_refuse()
    try:
        return look.gallery.draw(name)
    except KeyError:
        raise Http404 from None


def _file(picture: Picture, kind: str) -> HttpResponseBase:
    return svg_file(picture) if kind == "svg" else csv_file(picture)


def svg_file(picture: Picture) -> HttpResponse:
    """The drawing, with its own title and colours."""
    response = HttpResponse(picture.file, content_type="image/svg+xml")
    response["Content-Disposition"] = f'attachment; filename="{file_name(picture)}.svg"'
    return response


def csv_file(picture: Picture) -> StreamingHttpResponse:
    """The table, for a spreadsheet."""
    response = StreamingHttpResponse(picture.csv, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{file_name(picture)}.csv"'
    return response


def file_name(picture: Picture) -> str:
    """The name of a downloaded file, without its ending."""
    return f"{picture.scope.study}-{picture.name}-{picture.scope.day.isoformat()}"
