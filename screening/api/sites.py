"""Sites of the staff API: which there are, their status history, changing and verifying a status."""

from django.http import Http404, HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from screening.api.shapes import NewStatusShape, StaffSiteShape, StatusChangeShape, VerificationShape
from sites.models import SiteStatusChange
from sites.queries import site_days, site_today, status_history, statuses_in_force
from sites.services import change_site_status, correct_site_status, verify_site_status
from sites.statuses import SiteStatus
from sites.viewing import viewer_of
from trialops.api.staff import Json, StaffView, once, read, refusals_as_problems
from trialops.api.staff_description import staff_describes


class SitesView(StaffView):
    """The sites whose subjects one may see."""

    @staff_describes(
        "list_own_sites", "The sites whose subjects one may see", tag="sites", answer=StaffSiteShape(many=True)
    )
    def get(self, request: Request) -> Response:
        viewer = viewer_of(request)
        sites = list(viewer.access.sites.select_related("study").distinct().order_by("study__registry_id", "code"))
        days = site_days(sites, viewer.now)
        in_force = statuses_in_force(sites, days=days)
        rows = [{"site": site, "day": days[site.pk], "status": in_force.get(site.pk)} for site in sites]
        return Response(StaffSiteShape(rows, many=True).data)


class StatusChangesView(StaffView):
    """A site's status history; a new entry, or one that corrects an earlier one."""

    @staff_describes("list_status_changes", "A site's status history", tag="sites", answer=StatusChangeShape(many=True))
    def get(self, request: Request, registry_id: str, code: str) -> Response:
        site = viewer_of(request).site(registry_id, code)
        return Response(StatusChangeShape(status_history(site), many=True).data)

    @staff_describes(
        "add_status_change",
        "Change or correct a status",
        tag="sites",
        takes=NewStatusShape,
        answer=StatusChangeShape,
        status=201,
    )
    def post(self, request: Request, registry_id: str, code: str) -> HttpResponse:
        viewer = viewer_of(request)
        site = viewer.managed_site(registry_id, code)
        given = read(NewStatusShape, request)
        corrects = given.pop("corrects")
        given["status"] = SiteStatus(given["status"])

        def change() -> tuple[int, Json]:
            if corrects is None:
                made = change_site_status(site=site, by=viewer.user, now=viewer.now, **given)
            else:
                wrong = SiteStatusChange.objects.select_related("site__study").filter(site=site, pk=corrects).first()
                if wrong is None:
                    raise Http404
                made = correct_site_status(change=wrong, by=viewer.user, **given)
            return 201, dict(StatusChangeShape(made).data)

        return once(request, by=viewer.user, now=viewer.now, respond=change)


class StatusVerificationsView(StaffView):
    """Somebody made sure of the status."""

    @staff_describes(
        "verify_status", "Verify a status", tag="sites", takes=VerificationShape, answer=VerificationShape, status=201
    )
    def post(self, request: Request, registry_id: str, code: str) -> HttpResponse:
        viewer = viewer_of(request)
        site = viewer.managed_site(registry_id, code)
        on = read(VerificationShape, request)["verified_on"] or site_today(site, viewer.now)

        def verify() -> tuple[int, Json]:
            with refusals_as_problems():
                made = verify_site_status(site=site, verified_on=on, by=viewer.user)
            return 201, dict(VerificationShape(made).data)

        return once(request, by=viewer.user, now=viewer.now, respond=verify)
