"""Subjects that may be one person screened twice under two numbers: somebody is told, nobody is stopped."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar
from uuid import UUID

from django.db.models import Count, Exists, Model, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from screening.models import Observation, Subject, Therapy
from sites.models import Site

AGREEING_RESULTS = 2
"""Two results of the same day with the same value and unit: one alone may be chance."""
ALIKE_SINCE = timedelta(days=365)
"""How long after somebody was entered a new subject who is like that person is asked about."""
MOST_NAMED = 10

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Double:
    """A subject that looks the same, and what agrees beside sex and birth year."""

    subject: Subject
    results: int
    therapies: int


def people_like(site: Site, *, sex: str, birth_year: int | None, today: date) -> QuerySet[Subject]:
    """Subjects of a site with this sex and birth year, entered within a year; none if either is not known."""
    if not sex or birth_year is None:
        return Subject.objects.none()
    alike = Subject.objects.filter(site=site, birth_year=birth_year, sex=sex)
    return alike.filter(created_at__date__gte=today - ALIKE_SINCE).order_by("-number")[:MOST_NAMED]


def doubles_of(subject: Subject) -> list[Double]:
    """Subjects of the same site, sex and birth year with the same dated results or the same therapies.

    The person's other attempts are known to be the same person, and are none.
    """
    if not subject.sex or subject.birth_year is None:
        return []
    alike = Subject.objects.filter(site=subject.site_id, birth_year=subject.birth_year, sex=subject.sex)
    alike = alike.exclude(pk__in=other_attempts(subject))
    results = _live(Observation).exclude(unit="")
    therapies = _live(Therapy).exclude(start=None)
    found = alike.exclude(pk=subject.pk).annotate(
        results=_agreeing(results, subject, ("fact", "value", "unit", "on")),
        therapies=_agreeing(therapies, subject, ("kind", "start", "drugs")),
    )
    found = found.filter(Q(results__gte=AGREEING_RESULTS) | Q(therapies__gte=1)).order_by("number")[:MOST_NAMED]
    return [Double(subject=other, results=other.results, therapies=other.therapies) for other in found]


def other_attempts(subject: Subject) -> set[UUID]:
    """The earlier and the later attempts of the same person."""
    found: set[UUID] = set()
    earlier = subject.previous_attempt_id
    while earlier is not None:
        found.add(earlier)
        earlier = Subject.objects.values_list("previous_attempt", flat=True).get(pk=earlier)
    later = Subject.objects.filter(previous_attempt=subject).values_list("pk", flat=True).first()
    while later is not None:
        found.add(later)
        later = Subject.objects.filter(previous_attempt=later).values_list("pk", flat=True).first()
    return found


def _live(model: type[Row]) -> QuerySet[Row]:
    return model._default_manager.filter(newer__isnull=True, retracted=False)


def _agreeing(rows: QuerySet[Row], subject: Subject, names: tuple[str, ...]) -> Coalesce:
    """How many of another subject's rows say the same as one of this subject's."""
    same = rows.filter(subject=subject, **{name: OuterRef(name) for name in names})
    theirs = rows.filter(Exists(same), subject=OuterRef("pk")).order_by().values("subject")
    return Coalesce(Subquery(theirs.annotate(n=Count("pk")).values("n")), 0)
