"""The verdicts of all criteria as one short text, a letter each in the document's order: to compare and to count."""

from collections.abc import Mapping

from screening.criteria import CriterionVerdict, Protocol, SubjectVerdict

SATISFIED, VIOLATED, UNKNOWN = "s", "v", "u"
LETTERS = {
    CriterionVerdict.SATISFIED: SATISFIED,
    CriterionVerdict.VIOLATED: VIOLATED,
    CriterionVerdict.UNKNOWN: UNKNOWN,
}
"""The first letters of the verdicts' names; the trigger that keeps the current verdict writes the same."""
WORDS = {letter: verdict.value for verdict, letter in LETTERS.items()}


def code_of(verdicts: Mapping[str, CriterionVerdict]) -> str:
    """The code of what `screening.criteria.verdicts` gives."""
    return "".join([LETTERS[verdict] for verdict in verdicts.values()])


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
