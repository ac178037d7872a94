"""Reviews of the staff API: what waits and for whom, one with its sheet, returning, answering, withdrawing.

Signing is not here: a signature asks for the password and the second factor, on the page that shows what is signed.
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from screening import services
from screening.api.rendering import ExactJSONRenderer
from screening.models import ReviewStep, Subject, SubjectStateChange
from screening.reviews import signatures_of, standing_in, standing_of, under_review
from screening.services.reviews import sheet_to_sign
from screening.states import REVIEWED, SubjectState
from screening.views.reviews import change_or_404, refuse_unless_enters, refuse_unless_signer
from sites.queries import site_today
from sites.viewing import Viewer, viewer_of
from trialops.api.staff import InOrder, Json, StaffView, once, read
from trialops.api.staff_description import staff_describes
from trialops.audit.context import read_by

Given = type[serializers.Serializer[Any]]
Day = serializers.DateField
REVIEWED_STATES = [(state.value, state.label) for state in sorted(REVIEWED)]


class ReviewShape(serializers.Serializer[Any]):
    """A screen failure or an eligibility that is reviewed, and where its review stands."""

    id = serializers.IntegerField()
    study = serializers.CharField(source="subject.site.study.registry_id")
    site = serializers.CharField(source="subject.site.code")
    subject = serializers.UUIDField(source="subject_id")
    screening_number = serializers.CharField(source="subject.screening_number")
    state = serializers.ChoiceField(choices=REVIEWED_STATES)
    effective_on = Day()
    criteria = serializers.SerializerMethodField(help_text="Of a screen failure: the criteria that it names.")
    primary = serializers.SerializerMethodField(help_text="Of a screen failure: the criterion that decided.")
    standing = serializers.SerializerMethodField()

    def get_criteria(self, change: SubjectStateChange) -> list[str]:
        return list(change.screen_failure.criteria) if change.state == SubjectState.SCREEN_FAILED else []

    def get_primary(self, change: SubjectStateChange) -> str:
        return change.screen_failure.primary if change.state == SubjectState.SCREEN_FAILED else ""

    def get_standing(self, change: Any) -> str:
        """`awaiting`, `returned`, `confirmed`, `withdrawn` or `over`."""
        return str((standing_in(change) if hasattr(change, "is_signed") else standing_of(change)).value)


class ReviewStepShape(serializers.Serializer[Any]):
    """A question, its answer, or a withdrawal."""

    kind = serializers.ChoiceField(choices=ReviewStep.Kind.choices)
    text = serializers.CharField()
    recorded_at = serializers.DateTimeField()
    recorded_by = serializers.CharField()


class SignatureShape(serializers.Serializer[Any]):
    """Who signed what, when and with which meaning; `void_since` once what was signed has changed."""

    printed_name = serializers.CharField()
    role = serializers.CharField()
    meaning = serializers.CharField()
    signed_at = serializers.DateTimeField()
    digest = serializers.CharField(help_text="SHA-256 of the sheet that was signed.")
    void_since = serializers.DateTimeField(source="voiding.recorded_at", default=None)


class WholeReviewShape(ReviewShape):
    """The same with its history, and the sheet as it would be signed now."""

    steps = ReviewStepShape(many=True)
    signatures = SignatureShape(many=True)
    digest = serializers.CharField(help_text="SHA-256 of the sheet.")
    sheet = serializers.DictField()


class QuestionShape(serializers.Serializer[Any]):
    """What the principal investigator would like to know."""

    question = serializers.CharField(max_length=2000)


class AnswerShape(serializers.Serializer[Any]):
    """The site's answer."""

    text = serializers.CharField(max_length=2000)


class WithdrawalShape(serializers.Serializer[Any]):
    """Why a screen failure is taken back."""

    reason = serializers.CharField(max_length=2000)


class ReviewsPages(InOrder):
    ordering = ("waiting_since", "pk")


class ReviewsView(StaffView):
    """Every review at the sites whose subjects one may see, the longest waiting first; `standing` says for whom."""

    @staff_describes(
        "list_reviews", "Reviews, the longest waiting first", tag="reviews", answer=ReviewShape, pages=True
    )
    def get(self, request: Request) -> Response:
        pages = ReviewsPages()
        rows = pages.paginate_queryset(under_review(viewer_of(request).access.sites), request, view=self)
        return pages.get_paginated_response(ReviewShape(rows, many=True).data)


class ReviewView(StaffView):
    """One review with its history and the sheet."""

    renderer_classes = [ExactJSONRenderer]

    @staff_describes("read_review", "A review with its sheet", tag="reviews", answer=WholeReviewShape)
    def get(self, request: Request, move_id: int) -> Response:
        viewer = viewer_of(request)
        change = change_or_404(viewer, move_id)
        read_by(request._request, subject=change.subject_id)
        return Response(_whole(viewer, change))


class _StepView(StaffView):
    """Something done with a review; a subclass says what is given, who may, and by which service."""

    renderer_classes = [ExactJSONRenderer]

    def _done(
        self,
        request: Request,
        move_id: int,
        shape: Given,
        refuse: Callable[[Viewer, SubjectStateChange], None],
        service: Callable[..., ReviewStep | Subject],
    ) -> HttpResponse:
        viewer = viewer_of(request)
        change = change_or_404(viewer, move_id)
        refuse(viewer, change)
        given = read(shape, request)

        def respond() -> tuple[int, Json]:
            service(change=change, by=viewer.user, now=viewer.now, **given)
            return 201, _whole(viewer, change_or_404(viewer, move_id))

        return once(request, by=viewer.user, now=viewer.now, respond=respond)


class ReviewReturnsView(_StepView):
    """Return a review to the site with a question: for the principal investigator of the site."""

    @staff_describes(
        "return_review",
        "Return a review with a question",
        tag="reviews",
        takes=QuestionShape,
        answer=WholeReviewShape,
        status=201,
    )
    def post(self, request: Request, move_id: int) -> HttpResponse:
        return self._done(request, move_id, QuestionShape, refuse_unless_signer, services.return_review)


class ReviewAnswersView(_StepView):
    """Answer the question; the review waits for the principal investigator again."""

    @staff_describes(
        "answer_review", "Answer the question", tag="reviews", takes=AnswerShape, answer=WholeReviewShape, status=201
    )
    def post(self, request: Request, move_id: int) -> HttpResponse:
        return self._done(request, move_id, AnswerShape, refuse_unless_enters, services.answer_review)


class ReviewWithdrawalsView(_StepView):
    """Take back a screen failure that nobody has confirmed."""

    @staff_describes(
        "withdraw_failure",
        "Take a screen failure back",
        tag="reviews",
        takes=WithdrawalShape,
        answer=WholeReviewShape,
        status=201,
    )
    def post(self, request: Request, move_id: int) -> HttpResponse:
        return self._done(request, move_id, WithdrawalShape, refuse_unless_enters, services.withdraw_failure)


def _whole(viewer: Viewer, change: SubjectStateChange) -> Json:
    sheet = sheet_to_sign(change, as_of=site_today(change.subject.site, viewer.now))
    signatures = signatures_of(change.subject).filter(state_change=change)
    return {
        **ReviewShape(change).data,
        "steps": ReviewStepShape(change.review_steps.select_related("recorded_by"), many=True).data,
        "signatures": SignatureShape(signatures, many=True).data,
        "digest": sheet.digest,
        "sheet": sheet.content,
    }
