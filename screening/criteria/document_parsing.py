"""From a document's text to a protocol: every mistake at once, each with its path and the nearest accepted name."""

from datetime import date

from screening.criteria.declared_facts import knowing_declared
from screening.criteria.document import DOCUMENT, Protocol
from screening.criteria.evaluation import verdicts
from screening.criteria.logic import SubjectVerdict, subject_verdict
from screening.criteria.problems import DocumentError, FirstProblems, Problem, TooManyProblemsError
from screening.criteria.record import SubjectRecord
from screening.criteria.shapes import Place
from screening.criteria.yaml_text import load

ANY_DAY = date(2000, 1, 1)


def parse_protocol(text: str) -> Protocol:
    """A protocol from YAML or JSON text.

    Raises DocumentError naming every mistake with its path; among them a document under which a record without any
    facts would be eligible.
    """
    return protocol_from(load(text))


def protocol_from(raw: object) -> Protocol:
    """A protocol from a document's plain value. Raises DocumentError naming every mistake."""
    problems = FirstProblems()
    protocol: Protocol | None = None
    try:
        protocol = DOCUMENT.read(raw, knowing_declared(raw, Place("", problems)))
    except TooManyProblemsError:
        rest = Problem("", f"more is wrong; these are the first {len(problems)} mistakes")
        raise DocumentError([*problems, rest]) from None
    if problems or protocol is None:
        raise DocumentError(problems)
    _refuse_eligible_by_nothing(protocol)
    return protocol


def _refuse_eligible_by_nothing(protocol: Protocol) -> None:
    of_nothing = verdicts(protocol, SubjectRecord(), as_of=ANY_DAY)
    if subject_verdict(of_nothing.values()) is SubjectVerdict.ELIGIBLE:
        raise DocumentError([Problem("criteria", "a record without any facts would be eligible under this document")])
