"""The resources that sponsors' systems poll: who may read them, and one consistent answer to each question."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

from dashboards import api_description as describes
from dashboards.api_questions import EnrollmentQuestion, cursor_of
from dashboards.api_tables import as_csv, enrollment_table
from dashboards.failures import told_failures
from dashboards.figures_at import figures_at
from dashboards.serializers import (
    ChangesSerializer,
    EnrollmentSerializer,
    EnrollmentTableSerializer,
    ScreenFailuresSerializer,
    SitesSerializer,
    StatusHistorySerializer,
)
from dashboards.site_answers import changes_after, history_of, sites_of
from sites.access import access_of
from sites.models import ApiResource, Site, Study
from trialops.api.authentication import TokenPrincipal
from trialops.api.kept import Body, day_bounds
from trialops.api.polling import PolledView
from trialops.db import one_snapshot

JSON = "application/json"


class CsvRenderer(BaseRenderer):
    """Only for the negotiation: the answer is made before it is known who asks."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"


@dataclass(frozen=True)
class Moment:
    """What one answer is made from: a study with its sites, read in one snapshot, and the clock."""

    study: Study
    sites: tuple[Site, ...]
    now: datetime


def readable_study(request: Request, registry_id: str, today: date) -> int:
    """The id of the study whose aggregates the asker may read. Another's is Http404, exactly like an absent one.

    A token opens its own study. A person needs a role in the whole study (study manager, sponsor): somebody who works
    at one of its sites knows that it exists and is told so (PermissionDenied).
    """
    if isinstance(request.auth, TokenPrincipal):
        if request.auth.registry_id != registry_id:
            raise Http404
        return request.auth.study_id
    access = access_of(request.user, today)
    study = access.studies.filter(registry_id=registry_id).first()
    if study is None:
        raise Http404
    if not access.counted_studies.filter(pk=study.pk).exists():
        raise PermissionDenied(
            "The counts of a whole study are for its study managers and sponsors; those of your site are on its page."
        )
    return study.pk


class StudyView(PolledView):
    """A polled resource of a study. A subclass makes its answer, as data for JSON or as text for CSV."""

    def read(self, request: Request, registry_id: str, **kwargs: Any) -> HttpResponse:
        study_id = readable_study(request, registry_id, self.now.date())
        self.checked(request)
        media_type = request.accepted_renderer.media_type if request.accepted_renderer else JSON
        with one_snapshot():
            study = get_object_or_404(Study.objects.prefetch_related("sites"), pk=study_id)
            moment = Moment(study, tuple(study.sites.all()), self.now)
            made = self.make(request, moment, csv=media_type == CsvRenderer.media_type, **kwargs)
        began, ends = day_bounds({site.zone for site in moment.sites}, self.now)
        body = Body(
            content=made.encode() if isinstance(made, str) else JSONRenderer().render(made),
            content_type="text/csv; charset=utf-8" if isinstance(made, str) else JSON,
            data_version=study.data_version,
            changed_at=max(study.data_changed_at, began),
            ends_at=ends,
        )
        return self.answer(request, body, study_id=study_id, scope=_scope(request), registry_id=registry_id, **kwargs)

    def make(self, request: Request, moment: Moment, *, csv: bool, **kwargs: Any) -> Any:
        raise NotImplementedError


def _scope(request: Request) -> str:
    return request.auth.scope if isinstance(request.auth, TokenPrincipal) else f"user {request.user.pk}"


class EnrollmentView(StudyView):
    """Enrollment counts of one study."""

    resource: ClassVar[str] = ApiResource.ENROLLMENT
    parameters = frozenset({"as_of", "known_at", "by"})
    renderer_classes = (JSONRenderer, CsvRenderer)

    @describes.enrollment
    def get(self, request: Request, registry_id: str) -> HttpResponse:
        return self.read(request, registry_id)

    def make(self, request: Request, moment: Moment, *, csv: bool, **kwargs: Any) -> Any:
        question = EnrollmentQuestion.asked(request, now=moment.now)
        figures = figures_at(
            moment.study, moment.sites, now=moment.now, as_of=question.as_of, known_at=question.known_at
        )
        if csv:
            return as_csv(enrollment_table(figures, by=question.by or "site"))
        if question.by:
            return EnrollmentTableSerializer(enrollment_table(figures, by=question.by)).data
        return EnrollmentSerializer(figures).data


class ScreenFailuresView(StudyView):
    """Screen failures by criterion and site, with what is small withheld."""

    resource: ClassVar[str] = ApiResource.SCREEN_FAILURES

    @describes.screen_failures
    def get(self, request: Request, registry_id: str) -> HttpResponse:
        return self.read(request, registry_id)

    def make(self, request: Request, moment: Moment, *, csv: bool, **kwargs: Any) -> Any:
        return ScreenFailuresSerializer(told_failures(moment.study, moment.sites, now=moment.now)).data


class SitesView(StudyView):
    """The sites of a study with their status."""

    resource: ClassVar[str] = ApiResource.SITES

    @describes.sites
    def get(self, request: Request, registry_id: str) -> HttpResponse:
        return self.read(request, registry_id)

    def make(self, request: Request, moment: Moment, *, csv: bool, **kwargs: Any) -> Any:
        return SitesSerializer(sites_of(moment.study, moment.sites, now=moment.now)).data


class StatusHistoryView(StudyView):
    """A site's status history, corrections and all."""

    resource: ClassVar[str] = ApiResource.SITES

    @describes.status_history
    def get(self, request: Request, registry_id: str, code: str) -> HttpResponse:
        return self.read(request, registry_id, code=code)

    def make(self, request: Request, moment: Moment, *, csv: bool, **kwargs: Any) -> Any:
        site = next((site for site in moment.sites if site.code == kwargs["code"]), None)
        if site is None:
            raise Http404
        return StatusHistorySerializer(history_of(moment.study, site)).data


class ChangesView(StudyView):
    """What has changed since a cursor."""

    resource: ClassVar[str] = ApiResource.CHANGES
    parameters = frozenset({"cursor"})

    @describes.changes
    def get(self, request: Request, registry_id: str) -> HttpResponse:
        return self.read(request, registry_id)

    def make(self, request: Request, moment: Moment, *, csv: bool, **kwargs: Any) -> Any:
        return ChangesSerializer(changes_after(moment.study, cursor_of(request))).data
