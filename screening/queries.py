"""Reads of subjects, their facts and verdicts."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeVar

from django.db.models import OuterRef, QuerySet, Subquery

from screening.criteria import Protocol, SubjectRecord, parse_protocol, parse_record
from screening.models import Assessment, Observation, ProtocolVersion, Subject, Therapy, Toxicity
from screening.storage import Json, record_json
from sites.access import Access
from sites.models import Study

FactRow = TypeVar("FactRow", Observation, Therapy, Toxicity)


def subjects_visible(access: Access) -> QuerySet[Subject]:
    """Subjects that a person may see: those of the sites whose subjects they may see."""
    return Subject.objects.filter(site__in=access.sites).select_related("site", "site__study", "protocol_version")


def with_latest_verdict(subjects: QuerySet[Subject]) -> QuerySet[Subject]:
    """Subjects annotated with latest_verdict, latest_satisfied, latest_total, latest_earliest_first_dose, latest_at."""
    latest = Assessment.objects.filter(subject=OuterRef("pk")).order_by("-id")
    return subjects.annotate(
        latest_verdict=Subquery(latest.values("verdict")[:1]),
        latest_satisfied=Subquery(latest.values("satisfied")[:1]),
        latest_total=Subquery(latest.values("total")[:1]),
        latest_earliest_first_dose=Subquery(latest.values("earliest_first_dose")[:1]),
        latest_at=Subquery(latest.values("recorded_at")[:1]),
    )


def current_facts(subject: Subject) -> tuple[Sequence[Observation], Sequence[Therapy], Sequence[Toxicity]]:
    """The rows that hold: neither superseded nor taken back, each corrected row in its original's place."""
    return _live(Observation, subject), _live(Therapy, subject), _live(Toxicity, subject)


def _live(model: type[FactRow], subject: Subject) -> list[FactRow]:
    rows = list(model.objects.filter(subject=subject).select_related("recorded_by").order_by("id"))
    place: dict[int, int] = {}
    for row in rows:
        place[row.pk] = place[row.supersedes_id] if row.supersedes_id else row.pk
    superseded = {row.supersedes_id for row in rows}
    live = [row for row in rows if row.pk not in superseded and not row.retracted]
    return sorted(live, key=lambda row: place[row.pk])


def record_json_of(subject: Subject) -> Json:
    """A subject's facts as the record format's JSON (decimals as Decimal)."""
    return record_json(subject, *current_facts(subject))


def record_of(subject: Subject) -> SubjectRecord:
    """A subject's facts as the criteria engine reads them."""
    return parse_record(record_json_of(subject))


@lru_cache(maxsize=64)
def _parsed(digest: str, document: str) -> Protocol:
    return parse_protocol(document)


def protocol_of(version: ProtocolVersion) -> Protocol:
    """The compiled document of a protocol version; kept by its digest."""
    return _parsed(version.digest, version.document)


def version_in_force(study: Study) -> ProtocolVersion | None:
    """The published protocol version of a study under which new subjects are screened."""
    return (
        study.protocol_versions.filter(status=ProtocolVersion.Status.PUBLISHED).order_by("-effective_on", "-id").first()
    )


def latest_assessment(subject: Subject) -> Assessment | None:
    """The newest stored verdict."""
    return subject.assessments.order_by("-id").first()
