"""The enrollment counts that sponsors' systems poll: who may read them, and one consistent answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from dashboards.api_description import describes_enrollment
from dashboards.queries import StudyEnrollment, enrollment
from dashboards.serializers import EnrollmentSerializer
from sites.access import access_of
from sites.models import ApiToken, Study
from trialops.api.views import ReadOnlyView, conditional_json, refuse_unknown_parameters


def countable_study(request: Request, registry_id: str, today: date) -> Study:
    """The study whose counts the asker may read. Another's study is Http404, exactly like an absent one.

    A token opens its own study. A person needs a role in the whole study (study manager, sponsor): somebody who works
    at one of its sites knows that it exists and is told so (PermissionDenied).
    """
    token = request.auth
    if isinstance(token, ApiToken):
        own: Study = token.study
        if own.registry_id != registry_id:
            raise Http404
        return own
    access = access_of(request.user, today)
    study = access.studies.filter(registry_id=registry_id).first()
    if study is None:
        raise Http404
    if not access.counted_studies.filter(pk=study.pk).exists():
        raise PermissionDenied(
            "The counts of a whole study are for its study managers and sponsors; those of your site are on its page."
        )
    return study


@contextmanager
def one_snapshot() -> Iterator[None]:
    """All reads inside see the same moment, so that no count and no data version is of another one."""
    if connection.in_atomic_block:  # the caller's transaction decides
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def study_enrollment(study: Study, *, now: datetime) -> StudyEnrollment:
    """The counts of all sites of a study, with the data version they belong to."""
    with one_snapshot():
        present = get_object_or_404(Study.objects.prefetch_related("sites"), pk=study.pk)
        return enrollment(present, list(present.sites.all()), now=now)


class EnrollmentView(ReadOnlyView):
    """Enrollment counts of one study."""

    @describes_enrollment
    def get(self, request: Request, registry_id: str) -> HttpResponse:
        now = timezone.now()
        study = countable_study(request, registry_id, now.date())
        refuse_unknown_parameters(request)
        figures: dict[str, Any] = EnrollmentSerializer(study_enrollment(study, now=now)).data
        return conditional_json(request, JSONRenderer().render(figures), scope=principal_of(request))


def principal_of(request: Request) -> str:
    """Who asks, for what is kept apart by asker."""
    if isinstance(request.auth, ApiToken):
        return f"token {request.auth.digest}"
    return f"user {request.user.pk}"
