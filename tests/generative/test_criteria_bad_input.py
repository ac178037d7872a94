"""Whatever comes in, a record or document is read, or refused with problems in single lines."""

from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from io import BytesIO
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from screening.criteria import RecordError, json_text, parse_protocol, parse_record
from screening.criteria.document_parsing import protocol_from
from screening.criteria.problems import ProblemsError
from screening.protocols import FOLDER, load_protocol
from screening.records_io import read_records
from tests.generative.criteria_strategies import records

junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 10**60)
    | st.floats()
    | st.decimals()
    | st.text(max_size=8)
    | st.sampled_from(["all", "fact", "hiv", "kind", "2026-02-30", "%", "positive", "PR"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def refusal(read: Callable[[], object]) -> ProblemsError | None:
    """How reading was refused; None where it was not. Any other exception goes on."""
    try:
        read()
    except ProblemsError as error:
        return error
    return None


def is_told_in_lines(error: ProblemsError | None) -> bool:
    return error is None or (len(error.problems) > 0 and all(str(each).isprintable() for each in error.problems))


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container and key within a value."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    return [place for key in keys for place in [(value, key), *places(value[key])]]


@given(raw=junk)
@settings(max_examples=150, deadline=None)
def test_any_value_is_a_record_or_refused(raw: Any) -> None:
    assert is_told_in_lines(refusal(lambda: parse_record(raw)))


@given(raw=records(), data=st.data(), wrong=junk)
@settings(max_examples=200, deadline=None)
def test_a_record_with_any_wrong_value_is_read_or_refused(raw: Any, data: st.DataObject, wrong: Any) -> None:
    container, key = data.draw(st.sampled_from(places(raw)))
    container[key] = wrong
    assert is_told_in_lines(refusal(lambda: parse_record(raw)))


REFERENCE = load_protocol("NCT03464916").as_json()


@given(data=st.data(), wrong=junk)
@settings(max_examples=150, deadline=None)
def test_a_document_with_any_wrong_value_is_read_or_refused(data: st.DataObject, wrong: Any) -> None:
    document = deepcopy(REFERENCE)
    container, key = data.draw(st.sampled_from(places(document)))
    container[key] = wrong
    assert is_told_in_lines(refusal(lambda: protocol_from(document)))


TEXT = (FOLDER / "NCT03464916.yaml").read_text(encoding="utf-8")


@given(at=st.integers(0, len(TEXT)), cut=st.integers(0, 40), put=st.text("\t :-[]{}&*!'\"\0\u2028ab1", max_size=4))
@settings(max_examples=40, deadline=None)
def test_a_document_with_damaged_text_is_read_or_refused(at: int, cut: int, put: str) -> None:
    damaged = TEXT[:at] + put + TEXT[at + cut :]
    assert is_told_in_lines(refusal(lambda: parse_protocol(damaged)))


@given(raw=records(), cut=st.integers(0, 400), put=st.binary(max_size=4))
@settings(max_examples=80, deadline=None)
def test_a_file_with_damaged_bytes_is_read_or_refused(raw: Any, cut: int, put: bytes) -> None:
    line = json_text.dumps(raw).encode()
    content = line + b"\n" + line[:cut] + put + line[cut + 1 :] + b"\n" + line
    for parsed in read_records("-", BytesIO(content)):
        assert (parsed.record is None) == bool(parsed.errors)


@given(number=st.decimals())
@settings(max_examples=100, deadline=None)
def test_any_number_is_compared_exactly_or_refused(number: Decimal) -> None:
    observation = {"fact": "flc_ratio", "value": number, "unit": "1", "on": "2026-11-20"}
    try:
        (read,) = parse_record({"observations": [observation]}).observations
    except RecordError:
        return
    assert read.amount == number
