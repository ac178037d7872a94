"""From a document's text to a protocol: every mistake at once, each with its path and the nearest accepted name."""

from collections.abc import Callable, Mapping
from datetime import date

from screening.criteria.calendar import read_day
from screening.criteria.document import Criterion, Protocol
from screening.criteria.evaluation import verdicts
from screening.criteria.logic import CriterionKind, SubjectVerdict, subject_verdict
from screening.criteria.node_forms import Scope, read_node
from screening.criteria.nodes import Level
from screening.criteria.practice_forms import read_practice
from screening.criteria.problems import DocumentError, Problem, Reader, read_choice, read_text, shown
from screening.criteria.record import SubjectRecord
from screening.criteria.yaml_text import load

HEAD = ("registry_id", "title", "version", "effective", "source", "criteria", "practice")
CRITERION = ("id", "kind", "title", "text", "reading", "condition")
ANY_DAY = date(2000, 1, 1)

Problems = list[Problem]


def parse_protocol(text: str) -> Protocol:
    """A protocol from YAML or JSON text.

    Raises DocumentError naming every mistake with its path; among them a document under which a record without any
    facts would be eligible.
    """
    return protocol_from(load(text))


def protocol_from(raw: object) -> Protocol:
    """A protocol from a document's plain value. Raises DocumentError naming every mistake."""
    problems: Problems = []
    if not isinstance(raw, Mapping):
        raise DocumentError([Problem("", f"expected a mapping with {', '.join(HEAD)}, not {shown(raw)}")])
    reader = Reader(raw, "", problems, "a protocol document", HEAD)
    registry_id = reader.read("registry_id", read_text(40), required=True)
    title = reader.read("title", _words(300), required=True)
    version = reader.read("version", read_text(40), required=True)
    effective = reader.read("effective", _day_as_text)
    source = reader.read("source", _words(1000))
    criteria = _criteria(reader)
    ids = frozenset(criterion.id for criterion in criteria)
    practice = read_practice(raw.get("practice"), "practice", problems, ids)
    if problems:
        raise DocumentError(problems)
    protocol = Protocol(
        registry_id or "", title or "", version or "", criteria, effective or "", source or "", practice
    )
    _refuse_eligible_by_nothing(protocol)
    return protocol


def _words(longest: int) -> Callable[[object], str]:
    """A reader of prose: line breaks and runs of blanks are one blank."""
    read = read_text(longest)
    return lambda value: read(" ".join(value.split()) if isinstance(value, str) else value)


def _day_as_text(value: object) -> str:
    return read_day(read_text(10)(value)).isoformat()


def _criteria(reader: Reader) -> tuple[Criterion, ...]:
    raw = reader.raw.get("criteria")
    if not isinstance(raw, list) or not raw:
        reader.refuse("criteria", f"expected a list with at least one criterion, not {shown(raw)}")
        return ()
    criteria = []
    first_with: dict[str, int] = {}
    for index, item in enumerate(raw):
        criterion = _criterion(item, f"criteria[{index}]", reader.problems)
        given = item.get("id") if isinstance(item, Mapping) else None
        if isinstance(given, str) and first_with.setdefault(given, index) != index:
            message = f"{shown(given)} is already the id of criteria[{first_with[given]}]"
            reader.refuse(f"criteria[{index}].id", message)
        if criterion is not None:
            criteria.append(criterion)
    return tuple(criteria)


def _criterion(raw: object, path: str, problems: Problems) -> Criterion | None:
    if not isinstance(raw, Mapping):
        problems.append(Problem(path, f"expected a mapping with {', '.join(CRITERION)}, not {shown(raw)}"))
        return None
    reader = Reader(raw, path, problems, "a criterion", CRITERION)
    criterion_id = reader.read("id", read_text(20), required=True)
    kind = reader.read("kind", read_choice(CriterionKind), required=True)
    title = reader.read("title", _words(200), required=True)
    words = reader.read("text", _words(2000), required=True)
    reading = reader.read("reading", _words(2000))
    condition = read_node(raw.get("condition"), f"{path}.condition", problems, Scope(Level.SUBJECT))
    if criterion_id is None or kind is None or title is None or words is None or condition is None:
        return None
    return Criterion(criterion_id, CriterionKind(kind), title, words, condition, reading or "")


def _refuse_eligible_by_nothing(protocol: Protocol) -> None:
    of_nothing = verdicts(protocol, SubjectRecord(), as_of=ANY_DAY)
    if subject_verdict(of_nothing.values()) is SubjectVerdict.ELIGIBLE:
        raise DocumentError([Problem("criteria", "a record without any facts would be eligible under this document")])
