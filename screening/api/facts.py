"""Facts of the staff API: recorded, corrected and taken back, in the record format."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from screening import services
from screening.api.parsing import ExactJSONParser
from screening.api.rendering import ExactJSONRenderer
from screening.api.shapes import KINDS, AnyFact, FactShape, NewFactShape, RetractionShape, fact_json
from screening.criteria import RecordError
from screening.models import Subject
from screening.queries import catalogue_of
from screening.views.frame import subject_or_404, subject_to_change
from sites.viewing import viewer_of
from trialops.api.staff import Json, StaffView, once, read
from trialops.api.staff_description import staff_describes


class FactsView(StaffView):
    """Every fact of a subject with its corrections; a new one, or a correction."""

    parser_classes = [ExactJSONParser]
    renderer_classes = [ExactJSONRenderer]

    @staff_describes("list_facts", "Every fact, corrected ones too", tag="facts", answer=FactShape(many=True))
    def get(self, request: Request, subject_id: UUID) -> Response:
        subject = subject_or_404(viewer_of(request), subject_id)
        catalogue = catalogue_of(subject)
        rows: list[AnyFact] = []
        for model in KINDS.values():
            every: QuerySet[Any] = model._default_manager.filter(subject=subject)
            rows.extend(every.select_related("recorded_by").order_by("id"))
        return Response([fact_json(row, catalogue) for row in rows])

    @staff_describes(
        "add_fact", "Record or correct a fact", tag="facts", takes=NewFactShape, answer=FactShape, status=201
    )
    def post(self, request: Request, subject_id: UUID) -> HttpResponse:
        viewer = viewer_of(request)
        subject = subject_to_change(viewer, subject_id)
        given = read(NewFactShape, request)
        entry: Json = request.data["entry"]  # type: ignore[call-overload]  # as parsed: a serializer rounds numbers
        wrong = _fact(subject, given["kind"], given["corrects"])

        def record() -> tuple[int, Json]:
            try:
                row = services.record_fact(
                    subject=subject, kind=KINDS[given["kind"]], raw=entry, by=viewer.user, now=viewer.now,
                    supersedes=wrong, reason=given["reason"],
                )  # fmt: skip
            except RecordError as error:
                raise ValidationError({"entry": [str(problem) for problem in error.problems]}) from error
            return 201, fact_json(row, catalogue_of(subject))

        return once(request, by=viewer.user, now=viewer.now, respond=record)


class RetractionsView(StaffView):
    """A fact taken back that should never have been recorded; it stays visible."""

    renderer_classes = [ExactJSONRenderer]

    @staff_describes(
        "retract_fact", "Take a fact back", tag="facts", takes=RetractionShape, answer=FactShape, status=201
    )
    def post(self, request: Request, subject_id: UUID) -> HttpResponse:
        viewer = viewer_of(request)
        subject = subject_to_change(viewer, subject_id)
        given = read(RetractionShape, request)
        fact = _fact(subject, given["kind"], given["fact"])
        if fact is None:
            raise Http404

        def retract() -> tuple[int, Json]:
            row = services.retract_fact(fact=fact, by=viewer.user, now=viewer.now, reason=given["reason"])
            return 201, fact_json(row, catalogue_of(subject))

        return once(request, by=viewer.user, now=viewer.now, respond=retract)


def _fact(subject: Subject, kind: str, fact_id: int | None) -> AnyFact | None:
    """A fact of this subject by its id; Http404 if it has none such."""
    if fact_id is None:
        return None
    rows: QuerySet[Any] = KINDS[kind]._default_manager.filter(subject=subject, pk=fact_id)
    row: AnyFact | None = rows.first()
    if row is None:
        raise Http404
    return row
