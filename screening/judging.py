"""Judgements of laboratory results, which only investigators give: what is one, who gives it, and which are open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import Case, DateField, DecimalField, Exists, F, Func, OuterRef, Q, QuerySet, Value, When
from django.utils.translation import gettext as _

from screening.criteria import Fact, Protocol
from screening.criteria.nodes import AbnormalResult, Node, parts_of
from screening.models import Observation
from screening.queries import protocol_of
from screening.states import SCORED
from sites.access import INVESTIGATORS
from sites.models import Membership, Site
from sites.queries import site_days

GIVEN = ("clinically_significant", "due_to_myeloma")
"""The fields of an observation that hold a judgement."""
RESULT = ("fact", "value", "unit")
"""What a judgement is about: a result that says something else needs another one."""
A_NUMBER = r"^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?$"


@dataclass(frozen=True)
class Judgements:
    """Which facts a protocol judges beyond their reference, and of which it asks if they are due to the myeloma."""

    judged: frozenset[str] = frozenset()
    due: frozenset[str] = frozenset()

    @classmethod
    def of(cls, protocol: Protocol) -> "Judgements":
        found = [node for criterion in protocol.criteria for node in _abnormal_results(criterion.condition)]
        return cls(
            judged=frozenset(node.fact.name for node in found),
            due=frozenset(node.fact.name for node in found if node.unless_due_to_myeloma),
        )

    def asks_due(self, fact: Fact) -> bool:
        return fact.name in self.due or fact.name not in self.judged

    def is_open(self, row: Observation) -> bool:
        """Whether the protocol asks something of a result outside its reference that nobody has said yet."""
        if row.fact not in self.judged:
            return False
        return row.clinically_significant is None or (
            row.clinically_significant and row.fact in self.due and row.due_to_myeloma is None
        )


def _abnormal_results(node: Node) -> list[AbnormalResult]:
    below = [found for part in parts_of(node) for found in _abnormal_results(part)]
    return [node, *below] if isinstance(node, AbnormalResult) else below


def judges_anew(given: Mapping[str, Any], before: Mapping[str, Any] | None) -> list[str]:
    """The names of the judgements that an observation states or changes, both in the record format.

    `before` is the entry that it corrects. A judgement stays with the result of which it was given, and falls away
    with it.
    """
    same = before is not None and all(_plain(given.get(name)) == _plain(before.get(name)) for name in RESULT)
    kept = before if same and before is not None else {}
    return [name for name in GIVEN if given.get(name) != kept.get(name)]


def result_json(row: Observation) -> dict[str, Any]:
    """What judges_anew() compares, of a row."""
    return {name: getattr(row, name) for name in (*RESULT, *GIVEN)}


def _plain(value: Any) -> object:
    """Numbers by their value, however they are written; no unit like an empty one."""
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return value or ""


def only_investigators(site: Site, day: date) -> str:
    """Why somebody else's judgement is refused, and who may give it."""
    held = Membership.objects.filter(Membership.active_on(day), site=site, role__in=INVESTIGATORS, user__is_active=True)
    names = sorted({str(membership.user) for membership in held.select_related("user")})
    return _(
        "only an investigator of %(site)s judges a result (%(names)s); leave the judgement out, and it is asked of them"
    ) % {"site": site.code, "names": ", ".join(names) or _("nobody at present")}


def is_outside(row: Observation) -> bool:
    """Whether a result lies outside its own reference."""
    value, low, high = (_decimal(text) for text in (row.value, row.reference_low, row.reference_high))
    return value is not None and ((low is not None and value < low) or (high is not None and value > high))


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def open_judgements(sites: Sequence[Site], *, now: datetime) -> list[Observation]:
    """The results that wait for an investigator's judgement, the longest waiting first, each with its subject and site.

    Of each subject in screening the latest result of each fact that its protocol version judges, outside its
    reference and not judged yet. One query, however many sites.
    """
    live = Observation.objects.filter(newer__isnull=True, retracted=False)
    rows = live.filter(subject__state__in=SCORED).alias(today=_today_at(sites, now)).filter(day__lte=F("today"))
    later = live.filter(subject=OuterRef("subject"), fact=OuterRef("fact"), day__lte=OuterRef("today")).filter(
        Q(day__gt=OuterRef("day"))
        | Q(day=OuterRef("day"), on__gt=OuterRef("on"))
        | Q(day=OuterRef("day"), on=OuterRef("on"), pk__gt=OuterRef("pk"))
    )
    unsaid = Q(clinically_significant=None) | Q(clinically_significant=True, due_to_myeloma=None)
    waiting = _outside(rows.filter(unsaid, subject__site__in=sites)).exclude(Exists(later))
    related = waiting.select_related("subject__protocol_version", "subject__site__study", "recorded_by")
    asked: dict[int, Judgements] = {}
    found = []
    for row in related.order_by("recorded_at", "pk"):
        version = row.subject.protocol_version
        if version.pk not in asked:
            asked[version.pk] = Judgements.of(protocol_of(version))
        if asked[version.pk].is_open(row):
            found.append(row)
    return found


def _today_at(sites: Sequence[Site], now: datetime) -> Case:
    """The calendar day at the site of an observation's subject; the zones of the world hold at most three."""
    days = site_days(list(sites), now)
    at = {day: [pk for pk in days if days[pk] == day] for day in set(days.values())}
    whens = [When(subject__site__in=pks, then=Value(day)) for day, pks in at.items()]
    return Case(*whens, output_field=DateField())


def _outside(rows: QuerySet[Observation]) -> QuerySet[Observation]:
    numbers = {f"{name}_number": _number(name) for name in ("value", "reference_low", "reference_high")}
    return (
        rows.exclude(reference_low="", reference_high="")
        .alias(**numbers)
        .filter(
            Q(value_number__lt=F("reference_low_number")) | Q(value_number__gt=F("reference_high_number")),
        )
    )


def _number(name: str) -> Case:
    """A column of text as the number that it writes; what writes none is NULL."""
    exact = Func(F(name), template="(%(expressions)s)::numeric", output_field=DecimalField())
    return Case(When(**{f"{name}__regex": A_NUMBER}, then=exact), output_field=DecimalField())
