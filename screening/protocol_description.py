"""A protocol document made ready to be read: each criterion with its words, its tree, its facts and its boundaries."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from screening.boundaries import Boundaries, Row, boundaries_of
from screening.criteria import Criterion, Protocol
from screening.criteria.explain.words import KINDS, one_of
from screening.criteria.practice import Practice
from screening.criteria.tree import Branch, tree

LABELS = {"sex": "sex", "birth_year": "year of birth", "therapies": "therapies", "toxicities": "toxicities"}


@dataclass(frozen=True)
class BoundaryShown:
    """One row of a boundary table: what is known, in words, and the verdict."""

    says: str
    verdict: str


@dataclass(frozen=True)
class CriterionDescribed:
    """Everything that is said of one criterion."""

    criterion: Criterion
    tree: Branch
    facts: Sequence[str]
    boundaries: Sequence[BoundaryShown]


@dataclass(frozen=True)
class ProtocolDescribed:
    """A protocol as people read it; `as_of` and `first_dose` are the days of the boundary tables, if there are any."""

    protocol: Protocol
    criteria: Sequence[CriterionDescribed]
    practice: Sequence[str]
    as_of: date
    first_dose: date


def described(protocol: Protocol) -> ProtocolDescribed:
    """The description of a protocol; boundary tables only of one that is shipped, word for word."""
    boundaries = boundaries_of(protocol)
    return ProtocolDescribed(
        protocol=protocol,
        criteria=[_criterion(criterion, protocol, boundaries) for criterion in protocol.criteria],
        practice=list(_practice(protocol.practice)),
        as_of=boundaries.as_of,
        first_dose=boundaries.first_dose,
    )


def _criterion(criterion: Criterion, protocol: Protocol, boundaries: Boundaries) -> CriterionDescribed:
    catalogue = protocol.catalogue
    return CriterionDescribed(
        criterion=criterion,
        tree=tree(criterion.condition),
        facts=[LABELS.get(name) or catalogue[name].label for name in criterion.facts],
        boundaries=[_boundary(row, boundaries) for row in boundaries.tables.get(criterion.id, ())],
    )


def _boundary(row: Row, boundaries: Boundaries) -> BoundaryShown:
    days = [
        f"{name} {day}"
        for name, day, usual in (
            ("asked on", row.as_of, boundaries.as_of),
            ("first dose", row.first_dose, boundaries.first_dose),
        )
        if day != usual
    ]
    return BoundaryShown(f"{row.says} ({', '.join(days)})" if days else row.says, row.verdict.value)


def _practice(practice: Practice) -> Iterator[str]:
    for test in practice.pregnancy_tests.before_first_dose:
        yield f"{test.name} pregnancy test: from day {test.from_day} to day {test.to_day} of the first dose"
    for series in practice.pregnancy_tests.after_first_dose:
        times = f"{series.times} times" if series.times else "until the end of the study"
        counts = f"counting from {series.from_day:+} to {series.to_day:+} days"
        yield f"after the dose: every {series.every_days} days, {times}, {counts}"
    for washout in practice.washouts:
        kinds = one_of([KINDS[kind] for kind in washout.kinds])
        yield f"washout of {washout.days} days ({washout.criterion}) after {kinds}"
