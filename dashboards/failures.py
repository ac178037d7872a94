"""Screen failures by criterion and site as they are told to sponsors: small counts withheld."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from dashboards.counting import counts_today
from dashboards.withholding import told
from screening.models import NamedCriteria, ProtocolVersion, ScreenFailureCount
from screening.queries import protocol_of
from screening.states import SubjectState
from sites.models import Site, Study
from sites.queries import site_days

LATEST_OF_SITES = """
    SELECT site.id, latest.criteria FROM unnest(%s::bigint[]) AS site(id) CROSS JOIN LATERAL (
        SELECT criteria, named.id FROM screening_namedcriteria AS named WHERE named.site_id = site.id
        ORDER BY named.id DESC LIMIT %s) AS latest ORDER BY site.id, latest.id DESC
"""


@dataclass(frozen=True)
class ToldCriterion:
    """At least how many screen failures name the criterion; None: withheld."""

    criterion: str
    at_least: int | None


@dataclass(frozen=True)
class ToldGroup:
    """The screen failures of a site, or of the study, by criterion."""

    code: str
    failures: int
    criteria: tuple[ToldCriterion, ...]


@dataclass(frozen=True)
class ToldFailures:
    """What is told of a study."""

    study: Study
    totals: ToldGroup
    sites: tuple[ToldGroup, ...]


def told_failures(study: Study, sites: Sequence[Site], *, now: datetime) -> ToldFailures:
    """Every criterion of every published version is listed at every site, whether anybody failed on it or not."""
    criteria, step = criteria_of(study), study.failure_threshold
    ordered = sorted(sites, key=lambda site: site.code)
    _, ever = counts_today(ordered, site_days(ordered, now))
    failures = {site.pk: ever[site.pk][SubjectState.SCREEN_FAILED] for site in ordered}
    counted = _counted(ordered)
    latest = _latest(ordered, step - 1)
    whole = _released(sum(counted.values(), Counter()), _latest_of_study(study, step - 1), step)
    return ToldFailures(
        study=study,
        totals=ToldGroup("", sum(failures.values()), _cells(criteria, whole, step, [study.registry_id])),
        sites=tuple(
            ToldGroup(
                site.code,
                failures[site.pk],
                _cells(criteria, _released(counted[site.pk], latest[site.pk], step), step,
                       [study.registry_id, site.code]),
            )
            for site in ordered
        ),
    )  # fmt: skip


def _counted(sites: Sequence[Site]) -> dict[int, Counter[str]]:
    """Site id to how many of its failures name each criterion; without a criterion, how many there are."""
    counted: dict[int, Counter[str]] = {site.pk: Counter() for site in sites}
    rows = ScreenFailureCount.objects.filter(site__in=sites).values_list("site_id", "criterion", "listed")
    for site_id, criterion, listed in rows:
        counted[site_id][criterion] = listed
    return counted


def _latest(sites: Sequence[Site], number: int) -> dict[int, list[list[str]]]:
    """Site id to the criteria of its latest failures, the latest first: a look-up in an index a site."""
    found: dict[int, list[list[str]]] = {site.pk: [] for site in sites}
    with connection.cursor() as cursor:
        cursor.execute(LATEST_OF_SITES, [list(found), number])
        for site_id, criteria in cursor.fetchall():
            found[site_id].append(criteria)
    return found


def _latest_of_study(study: Study, number: int) -> list[list[str]]:
    rows = NamedCriteria.objects.filter(study=study).order_by("-id").values_list("criteria", flat=True)
    return list(rows[:number])


def _released(counted: Counter[str], latest: Sequence[Sequence[str]], step: int) -> Counter[str]:
    """The counts at the last release: without the failures since the last multiple of `step`."""
    released = Counter(counted)
    for criteria in latest[: counted[""] % step]:
        released.subtract({*criteria, ""})
    return released


def criteria_of(study: Study) -> list[str]:
    """The ids of the criteria of all published versions, in the order of the versions."""
    versions = study.protocol_versions.exclude(status=ProtocolVersion.Status.DRAFT).order_by("published_at", "pk")
    names: dict[str, None] = {}
    for version in versions:
        names |= dict.fromkeys(criterion.id for criterion in protocol_of(version).criteria)
    return list(names)


def _cells(
    criteria: Iterable[str], released: Mapping[str, int], step: int, place: Sequence[object]
) -> tuple[ToldCriterion, ...]:
    failures = released.get("", 0)
    return tuple(
        ToldCriterion(name, told(released.get(name, 0), failures, step=step, cell=[*place, name])) for name in criteria
    )
