"""Records written as lines and read back are the very records that were written, whatever they hold."""

from hypothesis import given, settings

from screening.criteria import CATALOGUE, parse_record
from screening.criteria.record_lines import RecordReader, lines_of, record_digest
from tests.generative.criteria_strategies import FACTS, Json, records

READER = RecordReader(FACTS)
"""One for all examples: what it keeps from one record must never show in another."""


@given(records())
@settings(max_examples=300)
def test_a_record_read_from_its_lines_is_the_record(raw: Json) -> None:
    record = parse_record(raw, FACTS)
    read = READER.record(
        lines_of(record),
        subject=record.subject,
        sex="" if record.sex is None else record.sex.value,
        birth_year=record.birth_year,
        first_dose=record.first_dose,
    )
    assert read == record
    assert read.as_json() == record.as_json()


@given(records())
@settings(max_examples=100)
def test_the_digest_put_together_from_lines_is_the_records_own(raw: Json) -> None:
    record = parse_record(raw, FACTS)
    assert record_digest(record, lines_of(record)) == record.digest()


@given(records())
@settings(max_examples=50)
def test_what_a_catalogue_does_not_know_is_left_out(raw: Json) -> None:
    record = parse_record(raw, FACTS)
    read = RecordReader().record(lines_of(record), subject=None, sex="", birth_year=None, first_dose=None)
    assert read.observations == tuple(each for each in record.observations if each.fact in CATALOGUE)
