"""Subjects of the staff API: the list of a site, a new one, one with its plan and state, its record and verdicts."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from screening import services
from screening.api.rendering import ExactJSONRenderer
from screening.api.shapes import AssessmentShape, Day, NewSubjectShape, PlanShape, SubjectShape
from screening.models import Subject
from screening.queries import record_json_of, subjects_visible, with_latest_verdict
from screening.views.frame import subject_or_404, subject_to_change
from sites.viewing import Viewer, viewer_of
from trialops.api.staff import InOrder, Json, StaffView, once, read
from trialops.api.staff_description import staff_describes


class SubjectsPages(InOrder):
    ordering = ("number",)


class SubjectsView(StaffView):
    """The subjects of one site in the order of their numbers; a new one."""

    @staff_describes("list_subjects", "The subjects of a site", tag="subjects", answer=SubjectShape, pages=True)
    def get(self, request: Request, registry_id: str, code: str) -> Response:
        viewer = viewer_of(request)
        site = viewer.site(registry_id, code)
        pages = SubjectsPages()
        rows = pages.paginate_queryset(
            with_latest_verdict(subjects_visible(viewer.access).filter(site=site)), request, view=self
        )
        return pages.get_paginated_response(SubjectShape(rows, many=True).data)

    @staff_describes(
        "add_subject",
        "Take a subject into screening",
        tag="subjects",
        takes=NewSubjectShape,
        answer=SubjectShape,
        status=201,
    )
    def post(self, request: Request, registry_id: str, code: str) -> HttpResponse:
        viewer = viewer_of(request)
        site = viewer.site(registry_id, code)
        if not viewer.access.may_screen_at(site):
            self.permission_denied(request)
        given = read(NewSubjectShape, request)

        def create() -> tuple[int, Json]:
            subject = services.create_subject(site=site, by=viewer.user, now=viewer.now, **given)
            return 201, subject_json(viewer, subject.pk)

        return once(request, by=viewer.user, now=viewer.now, respond=create)


class SubjectView(StaffView):
    """One subject; its planned first dose can be set, moved or cleared."""

    @staff_describes("read_subject", "A subject", tag="subjects", answer=SubjectShape)
    def get(self, request: Request, subject_id: UUID) -> Response:
        return Response(subject_json(viewer_of(request), subject_id))

    @staff_describes("plan_first_dose", "Plan the first dose", tag="subjects", takes=PlanShape, answer=SubjectShape)
    def patch(self, request: Request, subject_id: UUID) -> HttpResponse:
        viewer = viewer_of(request)
        subject = subject_to_change(viewer, subject_id)
        on = read(PlanShape, request)["planned_first_dose"]

        def plan() -> tuple[int, Json]:
            services.plan_first_dose(subject=subject, on=on, by=viewer.user, now=viewer.now)
            return 200, subject_json(viewer, subject_id)

        return once(request, by=viewer.user, now=viewer.now, respond=plan)


class RecordView(StaffView):
    """The whole record in the record format, as `manage.py score` reads it."""

    renderer_classes = [ExactJSONRenderer]

    @staff_describes("read_record", "A subject's record", tag="subjects", answer=OpenApiTypes.OBJECT)
    def get(self, request: Request, subject_id: UUID) -> Response:
        return Response(record_json_of(subject_or_404(viewer_of(request), subject_id)))


class AssessmentsView(StaffView):
    """The stored verdicts, the newest first."""

    @staff_describes(
        "list_assessments", "Stored verdicts, the newest first", tag="subjects", answer=AssessmentShape, pages=True
    )
    def get(self, request: Request, subject_id: UUID) -> Response:
        subject = subject_or_404(viewer_of(request), subject_id)
        pages = InOrder()
        pages.ordering = ("-id",)
        rows = pages.paginate_queryset(subject.assessments.select_related("protocol_version"), request, view=self)
        return pages.get_paginated_response(AssessmentShape(rows, many=True).data)


# Changes of state


class OnShape(serializers.Serializer[Any]):
    """A change of state on a day at the site."""

    action = serializers.CharField()
    on = Day()


class FirstDoseShape(OnShape):
    deviation = serializers.CharField(required=False, default="", allow_blank=True, max_length=2000)


class WithdrawShape(OnShape):
    reason = serializers.CharField(max_length=2000)


class FailShape(OnShape):
    criteria = serializers.ListField(child=serializers.CharField(), allow_empty=False)
    primary = serializers.CharField()
    comment = serializers.CharField(required=False, default="", allow_blank=True, max_length=2000)


ACTIONS: dict[str, tuple[type[serializers.Serializer[Any]], Callable[..., object]]] = {
    "start-screening": (OnShape, services.start_screening),
    "enroll": (OnShape, services.enroll),
    "first-dose-given": (FirstDoseShape, services.record_first_dose),
    "complete": (OnShape, services.complete),
    "screen-fail": (FailShape, services.fail_screening),
    "withdraw": (WithdrawShape, services.withdraw),
}
"""The same actions as on the pages, under the same names."""


class StateChangesView(StaffView):
    """A change of state; which may follow which, the transition table says."""

    @staff_describes(
        "change_state",
        "Change a subject's state",
        tag="subjects",
        takes=OpenApiTypes.OBJECT,
        answer=SubjectShape,
        status=201,
    )
    def post(self, request: Request, subject_id: UUID) -> HttpResponse:
        viewer = viewer_of(request)
        subject = subject_to_change(viewer, subject_id)
        name = request.data.get("action") if isinstance(request.data, dict) else None
        if name not in ACTIONS:
            raise ValidationError({"action": [f"Accepted: {', '.join(ACTIONS)}."]})
        shape, service = ACTIONS[name]
        given = read(shape, request)
        del given["action"]

        def change() -> tuple[int, Json]:
            service(subject=subject, by=viewer.user, now=viewer.now, **given)
            return 201, subject_json(viewer, subject_id)

        return once(request, by=viewer.user, now=viewer.now, respond=change)


def subject_json(viewer: Viewer, subject_id: UUID) -> Json:
    """A subject as it stands; Http404 for one that the person may not see."""
    subject: Subject | None = with_latest_verdict(subjects_visible(viewer.access)).filter(pk=subject_id).first()
    if subject is None:
        raise Http404
    return dict(SubjectShape(subject).data)
