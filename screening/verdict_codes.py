"""What the letters of a verdict code mean (`screening.criteria.verdict_code` makes it): to compare and to count."""

from screening.criteria import CriterionVerdict, Protocol, SubjectVerdict

SATISFIED, VIOLATED, UNKNOWN = "s", "v", "u"
LETTERS = {
    CriterionVerdict.SATISFIED: SATISFIED,
    CriterionVerdict.VIOLATED: VIOLATED,
    CriterionVerdict.UNKNOWN: UNKNOWN,
}
"""The first letters of the verdicts' names; the trigger that keeps the current verdict writes the same."""
WORDS = {letter: verdict.value for verdict, letter in LETTERS.items()}


def verdict_of(code: str) -> SubjectVerdict:
    """The subject's verdict: ineligible with any criterion violated, else undetermined with any unknown."""
    if VIOLATED in code:
        return SubjectVerdict.INELIGIBLE
    if UNKNOWN in code or not code:
        return SubjectVerdict.UNDETERMINED
    return SubjectVerdict.ELIGIBLE


def criterion_ids(protocol: Protocol) -> tuple[str, ...]:
    """What the letters of a code stand for under this protocol."""
    return tuple(criterion.id for criterion in protocol.criteria)
