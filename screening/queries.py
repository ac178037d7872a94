"""Reads of subjects, their facts and verdicts."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from typing import TypeVar
from uuid import UUID

from django.db.models import Count, F, OuterRef, QuerySet, Subquery

from screening.criteria import CATALOGUE, Fact, Protocol, SubjectRecord, parse_protocol, parse_record
from screening.criteria.catalogue import Catalogue
from screening.models import (
    AbsentValue,
    Assessment,
    Observation,
    ProtocolAdoption,
    ProtocolVersion,
    Subject,
    Therapy,
    Toxicity,
)
from screening.states import CONSENTED, SubjectState
from screening.storage import Json, record_json
from sites.access import Access
from sites.models import Site, Study
from sites.queries import site_days

HISTORY = timedelta(days=14)
"""A screen failure entered so long after it happened is history that nobody waits for."""

FactRow = TypeVar("FactRow", Observation, Therapy, Toxicity, AbsentValue)


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


def answered_without_value(subject: Subject, observations: Iterable[Observation]) -> dict[str, AbsentValue]:
    """The latest answer "not done" or "not known" of each fact that has no value of that day or a later one."""
    valued: dict[str, date] = {}
    for row in observations:
        valued[row.fact] = max(row.day, valued.get(row.fact, row.day))
    answers = sorted(_live(AbsentValue, subject), key=lambda row: (row.day, row.pk))
    return {row.fact: row for row in answers if row.fact not in valued or valued[row.fact] < row.day}


def _live(model: type[FactRow], subject: Subject) -> list[FactRow]:
    return _in_place(model.objects.filter(subject=subject).select_related("recorded_by").order_by("id"))


def _in_place(rows: Iterable[FactRow]) -> list[FactRow]:
    """Of all rows of one subject, in the order of their ids, those that hold."""
    rows = list(rows)
    place: dict[int, int] = {}
    for row in rows:
        place[row.pk] = place[row.supersedes_id] if row.supersedes_id else row.pk
    superseded = {row.supersedes_id for row in rows}
    live = [row for row in rows if row.pk not in superseded and not row.retracted]
    return sorted(live, key=lambda row: place[row.pk])


def _live_of_many(model: type[FactRow], subjects: Iterable[UUID]) -> defaultdict[UUID, list[FactRow]]:
    rows = model.objects.filter(subject__in=list(subjects)).order_by("subject_id", "id")
    found: defaultdict[UUID, list[FactRow]] = defaultdict(list)
    for subject, of_subject in groupby(rows, key=lambda row: row.subject_id):
        found[subject] = _in_place(of_subject)
    return found


def current_facts_of(
    subjects: Iterable[Subject],
) -> dict[UUID, tuple[list[Observation], list[Therapy], list[Toxicity]]]:
    """The rows that hold of many subjects, by id, in as many queries as for one."""
    ids = [subject.pk for subject in subjects]
    observations, therapies = _live_of_many(Observation, ids), _live_of_many(Therapy, ids)
    toxicities = _live_of_many(Toxicity, ids)
    return {pk: (observations[pk], therapies[pk], toxicities[pk]) for pk in ids}


def catalogue_of(subject: Subject) -> Catalogue:
    """The facts that a subject's record may hold: those of every record and those of its protocol version."""
    return protocol_of(subject.protocol_version).catalogue


def record_json_of(subject: Subject) -> Json:
    """A subject's facts as the record format's JSON (decimals as Decimal)."""
    return record_json(subject, *current_facts(subject), catalogue_of(subject))


def record_of(subject: Subject) -> SubjectRecord:
    """A subject's facts as the criteria engine reads them."""
    return parse_record(record_json_of(subject), catalogue_of(subject))


def records_of(subjects: Iterable[Subject]) -> dict[UUID, SubjectRecord]:
    """The same for many subjects, by id, in as many queries as for one."""
    by_id = {subject.pk: subject for subject in subjects}
    observations = _live_of_many(Observation, by_id)
    therapies = _live_of_many(Therapy, by_id)
    toxicities = _live_of_many(Toxicity, by_id)
    return {
        pk: parse_record(
            record_json(subject, observations[pk], therapies[pk], toxicities[pk], catalogue_of(subject)),
            catalogue_of(subject),
        )
        for pk, subject in by_id.items()
    }


@lru_cache(maxsize=64)
def _parsed(digest: str, document: str) -> Protocol:
    return parse_protocol(document)


def protocol_of(version: ProtocolVersion) -> Protocol:
    """The compiled document of a protocol version; kept by its digest."""
    return _parsed(version.digest, version.document)


def published_versions(study: Study) -> QuerySet[ProtocolVersion]:
    """The versions of a study that have been published, in the order of their publication; superseded ones too."""
    published = ProtocolVersion.objects.exclude(status=ProtocolVersion.Status.DRAFT)
    return published.filter(study=study).order_by("published_at", "id")


def newest_version(study: Study) -> ProtocolVersion | None:
    """The version published last, whether or not any site has taken it up."""
    return published_versions(study).last()


def live_adoptions(sites: Sequence[Site]) -> QuerySet[ProtocolAdoption]:
    """Which amendment each site takes up when: entries neither corrected nor taken back, earliest first."""
    rows = ProtocolAdoption.objects.filter(site__in=sites, newer__isnull=True, retracted=False)
    return rows.select_related("protocol_version").order_by("site", "effective_on")


@dataclass(frozen=True)
class VersionInForce:
    """The version that new subjects of a site consent to; `adoption` is None for a study's first version."""

    version: ProtocolVersion
    adoption: ProtocolAdoption | None


def versions_in_force(sites: Sequence[Site], *, days: Mapping[int, date]) -> dict[int, VersionInForce]:
    """Site id to the protocol version in force on the day given for each site (all sites of one study).

    The study's first version is in force at every site from the start, a later one from the day on which the site
    takes it up. Empty while the study has no published version.
    """
    first = published_versions(sites[0].study).first() if sites else None
    if first is None:
        return {}
    found = {site.pk: VersionInForce(first, None) for site in sites}
    for adoption in live_adoptions(sites):
        if adoption.effective_on <= days[adoption.site_id]:
            found[adoption.site_id] = VersionInForce(adoption.protocol_version, adoption)
    return found


def version_in_force(site: Site, on: date) -> ProtocolVersion | None:
    """The protocol version to which a subject consents at a site on a day; None while none is published."""
    found = versions_in_force([site], days={site.pk: on}).get(site.pk)
    return found.version if found else None


def catalogue_of_study(study: Study, *, now: datetime) -> Catalogue:
    """The facts that records of a study may hold today: those of every version that is in force at a site of it."""
    sites = list(study.sites.all())
    in_force = versions_in_force(sites, days=site_days(sites, now))
    catalogue: dict[str, Fact] = dict(CATALOGUE)
    for version in {found.version.pk: found.version for found in in_force.values()}.values():
        catalogue |= protocol_of(version).catalogue
    return catalogue


def versions_to_take_up(site: Site) -> list[ProtocolVersion]:
    """Published amendments that a site has not taken up yet, in the order of their publication."""
    taken = set(live_adoptions([site]).values_list("protocol_version_id", flat=True))
    return [version for version in published_versions(site.study)[1:] if version.pk not in taken]


def adoption_history(site: Site) -> QuerySet[ProtocolAdoption]:
    """Every entry, corrected ones too, latest recorded first."""
    return site.protocol_adoptions.select_related("protocol_version", "recorded_by", "newer__recorded_by").order_by(
        "-id"
    )


def later_versions(subject: Subject, on: date) -> list[ProtocolVersion]:
    """The versions later than the subject's that its site has worked under by a day, in their order."""
    taken = [row.protocol_version for row in live_adoptions([subject.site]) if row.effective_on <= on]
    return [version for version in taken if _place(version) > _place(subject.protocol_version)]


def later_version(subject: Subject, on: date) -> ProtocolVersion | None:
    """The version in force at the subject's site on a day, if it is later than the one the subject stands under."""
    return next(reversed(later_versions(subject, on)), None)


def _place(version: ProtocolVersion) -> tuple[datetime, int]:
    """Where a published version stands in the order of publication."""
    assert version.published_at is not None  # noqa: S101  held by a constraint
    return version.published_at, version.pk


@dataclass(frozen=True)
class VersionOverview:
    """A version of a study's protocol: where new subjects consent to it, where it is announced, who stands under it."""

    version: ProtocolVersion
    in_force_at: tuple[Site, ...]
    announced: tuple[ProtocolAdoption, ...]
    subjects: int


def version_overviews(study: Study, *, now: datetime) -> list[VersionOverview]:
    """Every version of a study, drafts first, then the newest; each site on its own calendar day."""
    sites = list(study.sites.all())
    days = site_days(sites, now)
    in_force = versions_in_force(sites, days=days)
    announced = [row for row in live_adoptions(sites).select_related("site") if row.effective_on > days[row.site_id]]
    versions = study.protocol_versions.select_related("drafted_by", "published_by").annotate(held=Count("subjects"))
    return [
        VersionOverview(
            version=version,
            in_force_at=tuple(s for s in sites if s.pk in in_force and in_force[s.pk].version == version),
            announced=tuple(row for row in announced if row.protocol_version_id == version.pk),
            subjects=version.held,
        )
        for version in versions.order_by(F("published_at").desc(nulls_first=True), "-id")
    ]


@dataclass(frozen=True)
class SiteVersion:
    """The version that a site works under today, and how many of its subjects have consented to an earlier one only."""

    site: Site
    in_force: VersionInForce | None
    waiting: int


def versions_at_sites(study: Study, *, now: datetime) -> list[SiteVersion]:
    """Each site of a study with its version, on its own calendar day."""
    sites = list(study.sites.order_by("code"))
    in_force = versions_in_force(sites, days=site_days(sites, now))
    consented = Subject.objects.filter(site__in=sites, state__in=CONSENTED).order_by()
    counts = list(consented.values_list("site", "protocol_version").annotate(Count("pk")))
    return [
        SiteVersion(
            site=site,
            in_force=(found := in_force.get(site.pk)),
            waiting=sum(n for at, under, n in counts if found and at == site.pk and under != found.version.pk),
        )
        for site in sites
    ]


def screening_began(subject: Subject) -> date | None:
    """The day of a subject's first state."""
    return subject.state_changes.order_by("effective_on", "id").values_list("effective_on", flat=True).first()


def consented_on(subject: Subject) -> date | None:
    """The day of a subject's latest consent: that to its present version, else that with which screening began."""
    latest = subject.version_changes.last()
    if latest is not None:
        return latest.effective_on
    states = subject.state_changes.exclude(state=SubjectState.PRE_SCREENED).order_by("effective_on", "id")
    return states.values_list("effective_on", flat=True).first()


def latest_assessment(subject: Subject) -> Assessment | None:
    """The newest stored verdict."""
    return subject.assessments.order_by("-id").first()
