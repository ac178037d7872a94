"""Three-valued logic after Kleene, as truth tables that can be checked by eye, and the verdicts built on it."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NoReturn


class _Worded(StrEnum):
    """Kept as text, compared by name, and never asked for its truthiness: `if verdict:` is always a mistake."""

    def __bool__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} has no truthiness: compare it with a member")


class Truth(_Worded):
    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


class CriterionVerdict(_Worded):
    SATISFIED = "satisfied"
    VIOLATED = "violated"
    UNKNOWN = "unknown"


class SubjectVerdict(_Worded):
    ELIGIBLE = "eligible"
    INELIGIBLE = "ineligible"
    UNDETERMINED = "undetermined"


class CriterionKind(_Worded):
    INCLUSION = "inclusion"
    EXCLUSION = "exclusion"


T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN

# fmt: off
AND = {
    (T, T): T, (T, F): F, (T, U): U,
    (F, T): F, (F, F): F, (F, U): F,
    (U, T): U, (U, F): F, (U, U): U,
}

OR = {
    (T, T): T, (T, F): T, (T, U): T,
    (F, T): T, (F, F): F, (F, U): U,
    (U, T): T, (U, F): U, (U, U): U,
}

NOT = {T: F, F: T, U: U}

VERDICT_OF_CONDITION = {
    (CriterionKind.INCLUSION, T): CriterionVerdict.SATISFIED,
    (CriterionKind.INCLUSION, F): CriterionVerdict.VIOLATED,
    (CriterionKind.INCLUSION, U): CriterionVerdict.UNKNOWN,
    (CriterionKind.EXCLUSION, T): CriterionVerdict.VIOLATED,
    (CriterionKind.EXCLUSION, F): CriterionVerdict.SATISFIED,
    (CriterionKind.EXCLUSION, U): CriterionVerdict.UNKNOWN,
}
# fmt: on


def both(truths: Iterable[Truth]) -> Truth:
    """The conjunction of all truths; true of none."""
    result = T
    for truth in truths:
        result = AND[result, truth]
        if result is F:
            return F
    return result


def either(truths: Iterable[Truth]) -> Truth:
    """The disjunction of all truths; false of none."""
    result = F
    for truth in truths:
        result = OR[result, truth]
        if result is T:
            return T
    return result


def truth_of(known: bool | None) -> Truth:
    """A yes, a no, or nothing known."""
    if known is None:
        return U
    return T if known else F


def subject_verdict(verdicts: Iterable[CriterionVerdict]) -> SubjectVerdict:
    """Ineligible with any criterion violated, else undetermined with any unknown, else eligible."""
    seen = list(verdicts)
    if CriterionVerdict.VIOLATED in seen:
        return SubjectVerdict.INELIGIBLE
    if CriterionVerdict.UNKNOWN in seen or len(seen) == 0:
        return SubjectVerdict.UNDETERMINED
    return SubjectVerdict.ELIGIBLE
