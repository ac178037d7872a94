"""Bad records: every mistake is named with its field, what was found and what would be accepted."""

# ruff: noqa: E501 - one row of a table a line

from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest

from screening.criteria import (
    RecordError,
    json_text,
    parse_observation,
    parse_record,
    parse_therapy,
    parse_toxicity,
)

OBSERVATION = {"fact": "hemoglobin", "value": Decimal("7.9"), "unit": "g/dL", "on": "2026-11-20"}
GOOD: dict[str, Any] = {
    "subject": "JAX-0001",
    "sex": "female",
    "birth_year": 1961,
    "first_dose": "2026-12-15",
    "observations": [OBSERVATION, {"fact": "hiv", "value": False, "on": "2026-11-20"}],
    "therapies": [{"kind": "regimen", "drugs": ["bortezomib"], "start": "2022-01-10", "end": "2022-06-30"}],
    "toxicities": [{"term": "neuropathy", "grade": 3, "onset": "2023-03-01", "resolved_on": None}],
}
OBS, HIV, THERAPY, TOXICITY = ["observations", 0], ["observations", 1], ["therapies", 0], ["toxicities", 0]
ACCEPTED = "accepted: g/dL, g/L, mmol/L"

# name, path into the good record, what to put there (... removes), the whole message
BAD: list[tuple[str, list[Any], Any, str]] = [
    ("unknown field", ["subjekt"], "x", "subjekt: not a field of a record; did you mean 'subject'?"),
    ("unknown field of an observation", [*OBS, "units"], "g/dL", "observations[0].units: not a field of an observation; did you mean 'unit'?"),
    ("unknown field of a therapy", [*THERAPY, "drug"], "x", "therapies[0].drug: not a field of a therapy; did you mean 'drugs'?"),
    ("unknown field of a toxicity", [*TOXICITY, "resolved"], "x", "toxicities[0].resolved: not a field of a toxicity; did you mean 'resolved_on'?"),
    ("a field with a strange name", ["a\nb\x00"], 1, "'a\\nb\\x00': not a field of a record; accepted: subject"),
    ("more therapies than anybody has", ["therapies"], [{"kind": "regimen"}] * 501, "therapies: has 501 entries; accepted: at most 500"),
    ("subject a number", ["subject"], 7, "subject: 7 is not text"),
    ("subject blank", ["subject"], " ", "subject: ' ' is blank"),
    ("subject with a NUL", ["subject"], "a\x00b", "subject: 'a\\x00b' holds characters that are not text"),
    ("subject with half a surrogate", ["subject"], "a\ud800", "subject: 'a\\ud800' holds characters that are not text"),
    ("subject endless", ["subject"], "a" * 500, f"subject: '{'a' * 60}...' is longer than 100 characters"),
    ("sex in capitals", ["sex"], "Female", "sex: 'Female' is not accepted; did you mean 'female'?; accepted: female, male"),
    ("sex a boolean", ["sex"], True, "sex: true is not accepted; accepted: female, male"),
    ("birth year as text", ["birth_year"], "1961", "birth_year: '1961' is not a whole number from 1900 to 2100"),
    ("birth year a boolean", ["birth_year"], True, "birth_year: true is not a whole number"),
    ("first dose not a day", ["first_dose"], "2026-02-30", "first_dose: '2026-02-30' is not a day of the calendar"),
    ("first dose a time", ["first_dose"], "2026-12-15T09:00:00Z", "first_dose: '2026-12-15T09:00:00Z' is not a date (2026-01-31)"),
    ("first dose a number", ["first_dose"], 20261215, "first_dose: 20261215 is not a date"),
    ("first dose without dashes", ["first_dose"], "20261215", "first_dose: '20261215' is not a date"),
    ("first dose as a week", ["first_dose"], "2026-W51-2", "first_dose: '2026-W51-2' is not a date"),
    ("digits that are not ASCII", ["first_dose"], "２026-12-15", "first_dose: '２026-12-15' is not a date"),
    ("year zero", ["first_dose"], "0000-01-01", "first_dose: '0000-01-01' is not a day of the calendar"),
    ("observations a mapping", ["observations"], {}, "observations: expected a list, not an object"),
    ("observations text", ["observations"], "none", "observations: expected a list, not 'none'"),
    ("an observation null", OBS, None, "observations[0]: expected an observation (an object), not null"),
    ("an observation a list", OBS, [], "observations[0]: expected an observation (an object), not a list"),
    ("no fact", [*OBS, "fact"], ..., "observations[0].fact: missing; an observation needs it"),
    ("an unknown fact", [*OBS, "fact"], "haemoglobin", "observations[0].fact: 'haemoglobin' is not a fact; did you mean 'hemoglobin'?"),
    ("a fact a list", [*OBS, "fact"], ["hemoglobin"], "observations[0].fact: a list is not a fact; accepted: serum_m_protein"),
    ("no value", [*OBS, "value"], ..., "observations[0].value: missing; an observation needs it"),
    ("a value as text", [*OBS, "value"], "7.9", "observations[0].value: '7.9' is not a number"),
    ("a value a boolean", [*OBS, "value"], True, "observations[0].value: true is not a number"),
    ("a value NaN", [*OBS, "value"], float("nan"), "observations[0].value: nan is not a number"),
    ("a value infinite", [*OBS, "value"], float("inf"), "observations[0].value: inf is not a number"),
    ("a value beyond everything", [*OBS, "value"], Decimal("1e999999999"), "observations[0].value: 1E+999999999 has too many digits"),
    ("a value next to nothing", [*OBS, "value"], Decimal("1e-999999999"), "observations[0].value: 1E-999999999 has too many digits"),
    ("a whole number without end", [*OBS, "value"], 10**5000, "observations[0].value: a number of more than 60 digits has too many digits"),
    ("a value impossible", [*OBS, "value"], 95, "observations[0].value: 95 g/dL is outside the plausible range of hemoglobin (0 to 25 g/dL); units accepted: g/dL, g/L, mmol/L"),
    ("a value below zero", [*OBS, "value"], -1, "observations[0].value: -1 g/dL is outside the plausible range"),
    ("no unit", [*OBS, "unit"], ..., f"observations[0].unit: missing; hemoglobin 7.9 needs a unit; {ACCEPTED}"),
    ("a wrong unit", [*OBS, "unit"], "mg", f"observations[0].unit: 'mg' is not a unit of hemoglobin (value 7.9); {ACCEPTED}"),
    ("a unit in other letters", [*OBS, "unit"], "G/DL", f"observations[0].unit: 'G/DL' is not a unit of hemoglobin (value 7.9); {ACCEPTED}"),
    ("a unit a number", [*OBS, "unit"], 1, f"observations[0].unit: 1 is not a unit of hemoglobin (value 7.9); {ACCEPTED}"),
    ("a boolean with a unit", [*HIV, "unit"], "1", "observations[1].unit: '1' is not accepted: hiv has no unit"),
    ("a boolean as a number", [*HIV, "value"], 0, "observations[1].value: 0 is not accepted; accepted: true, false"),
    ("a boolean as text", [*HIV, "value"], "no", "observations[1].value: 'no' is not accepted; accepted: true, false"),
    ("a boolean judged", [*HIV, "clinically_significant"], True, "observations[1].clinically_significant: not accepted: hiv is not a measured quantity"),
    ("ECOG in half steps", HIV, {"fact": "ecog", "value": Decimal("1.5"), "on": "2026-11-20"}, "observations[1].value: 1.5 is not a whole number from 0 to 5"),
    ("ECOG 6", HIV, {"fact": "ecog", "value": 6, "on": "2026-11-20"}, "observations[1].value: 6 is not a whole number from 0 to 5"),
    ("ECOG with a unit", HIV, {"fact": "ecog", "value": 1, "unit": "1", "on": "2026-11-20"}, "observations[1].unit: '1' is not accepted: ecog has no unit"),
    ("a test with a doubtful result", HIV, {"fact": "pregnancy_test", "value": "Negative", "on": "2026-11-20"}, "observations[1].value: 'Negative' is not accepted; did you mean 'negative'?"),
    ("no day", [*OBS, "on"], ..., "observations[0].on: missing; an observation needs it"),
    ("a day that does not exist", [*OBS, "on"], "2026-11-31", "observations[0].on: '2026-11-31' is not a day of the calendar"),
    ("29 February of a common year", [*OBS, "on"], "2026-02-29", "observations[0].on: '2026-02-29' is not a day of the calendar"),
    ("a time without its offset", [*OBS, "on"], "2026-11-20T09:00:00", "observations[0].on: '2026-11-20T09:00:00' lacks the offset that a time needs"),
    ("a time that does not exist", [*OBS, "on"], "2026-11-20T25:00:00Z", "observations[0].on: '2026-11-20T25:00:00Z' is not a time of the day"),
    ("an offset that does not exist", [*OBS, "on"], "2026-11-20T09:00:00+99:00", "observations[0].on: '2026-11-20T09:00:00+99:00' is not a time"),
    ("a time with a blank", [*OBS, "on"], "2026-11-20 09:00:00Z", "observations[0].on: '2026-11-20 09:00:00Z' is not a date"),
    ("a limit as text", [*OBS, "reference_low"], "12", "observations[0].reference_low: '12' is not a number"),
    ("limits the wrong way round", OBS, OBSERVATION | {"reference_low": 16, "reference_high": 12}, "observations[0].reference_low: 16 is above reference_high (12)"),
    ("a judgement as text", [*OBS, "due_to_myeloma"], "yes", "observations[0].due_to_myeloma: 'yes' is not accepted; accepted: true, false"),
    ("no kind", [*THERAPY, "kind"], ..., "therapies[0].kind: missing; a therapy needs it"),
    ("an unknown kind", [*THERAPY, "kind"], "chemo", "therapies[0].kind: 'chemo' is not accepted; accepted: regimen, asct"),
    ("line zero", [*THERAPY, "line"], 0, "therapies[0].line: 0 is not a whole number from 1 to 100"),
    ("drugs as text", [*THERAPY, "drugs"], "bortezomib", "therapies[0].drugs: expected a list of names, not 'bortezomib'"),
    ("a drug a number", [*THERAPY, "drugs"], ["x", 7], "therapies[0].drugs[1]: 7 is not text"),
    ("a drug blank", [*THERAPY, "drugs"], [" "], "therapies[0].drugs[0]: ' ' is blank"),
    ("an end before the start", [*THERAPY, "end"], "2022-01-09", "therapies[0].end: '2022-01-09' is before start (2022-01-10)"),
    ("cycles below zero", [*THERAPY, "cycles"], -1, "therapies[0].cycles: -1 is not a whole number from 0 to 1000"),
    ("a response that is none", [*THERAPY, "best_response"], "pr", "therapies[0].best_response: 'pr' is not accepted; did you mean 'PR'?; accepted: sCR, CR"),
    ("a progression that is a boolean", [*THERAPY, "progressed_on"], True, "therapies[0].progressed_on: true is not a date"),
    ("a therapy that is text", THERAPY, "bortezomib", "therapies[0]: expected a therapy (an object), not 'bortezomib'"),
    ("no term", [*TOXICITY, "term"], ..., "toxicities[0].term: missing; a toxicity needs it"),
    ("grade 6", [*TOXICITY, "grade"], 6, "toxicities[0].grade: 6 is not a whole number from 1 to 5"),
    ("resolved before it began", [*TOXICITY, "resolved_on"], "2023-02-28", "toxicities[0].resolved_on: '2023-02-28' is before onset (2023-03-01)"),
    ("a toxicity that is null", TOXICITY, None, "toxicities[0]: expected a toxicity (an object), not null"),
]  # fmt: skip


def changed(path: list[Any], value: object) -> dict[str, Any]:
    record = deepcopy(GOOD)
    place: Any = record
    for step in path[:-1]:
        place = place[step]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return record


@pytest.mark.parametrize(
    ("path", "value", "says"), [pytest.param(path, value, says, id=name) for name, path, value, says in BAD]
)
def test_a_bad_field_is_the_only_one_named(path: list[Any], value: object, says: str) -> None:
    with pytest.raises(RecordError) as refused:
        parse_record(changed(path, value))
    (problem,) = refused.value.problems
    assert str(problem).startswith(says)
    assert str(problem).isprintable()


@pytest.mark.parametrize("raw", [None, 7, "record", [], True, Decimal(1), 1.5])
def test_what_is_no_record_is_refused(raw: object) -> None:
    with pytest.raises(RecordError, match="expected a record"):
        parse_record(raw)


def test_all_mistakes_are_named_at_once() -> None:
    bad = {
        "sex": "x",
        "observations": [{"fact": "lvef", "value": "50", "unit": "ml"}, {"fact": "hvi"}],
        "therapies": [{"line": 0}],
        "toxicities": [{"grade": 9}],
    }
    with pytest.raises(RecordError) as refused:
        parse_record(bad)
    assert [problem.path for problem in refused.value.problems] == [
        "sex",
        "observations[0].on",
        "observations[0].value",
        "observations[0].unit",
        "observations[1].on",
        "observations[1].fact",
        "therapies[0].kind",
        "therapies[0].line",
        "toxicities[0].term",
        "toxicities[0].grade",
    ]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["subject"], None),
        (["observations"], None),
        ([*OBS, "value"], 7),
        ([*OBS, "value"], 7.9),
        ([*OBS, "value"], Decimal("0.0")),
        ([*OBS, "on"], "2024-02-29"),
        ([*OBS, "on"], "2026-11-20T09:00Z"),
        ([*OBS, "on"], "2026-11-20T23:59:59.999999+14:00"),
        ([*OBS, "on"], "0001-01-01T00:00:00+14:00"),
        ([*OBS, "on"], "9999-12-31T23:59:59-12:00"),
        ([*OBS, "reference_low"], None),
        (HIV, {"fact": "ecog", "value": Decimal("1.0"), "on": "2026-11-20"}),
        (HIV, {"fact": "ecog", "value": 0, "on": "2026-11-20", "unit": None}),
        ([*THERAPY, "drugs"], None),
        ([*THERAPY, "drugs"], [" Bortezomib\t"]),
        ([*THERAPY, "cycles"], 0),
        ([*THERAPY, "end"], "2022-01-10"),
        ([*THERAPY, "progressed_on"], "2021-01-01"),
        ([*THERAPY, "start"], None),
        ([*TOXICITY, "onset"], None),
    ],
)
def test_what_is_odd_but_clear_is_read(path: list[Any], value: object) -> None:
    record = parse_record(changed(path, value))
    assert parse_record(record.as_json()) == record


def test_numbers_stay_as_they_were_written() -> None:
    text = '{"observations": [{"fact": "lvef", "value": 39.90, "unit": "%", "on": "2026-11-20"}]}'
    record = parse_record(json_text.loads(text))
    assert '"value": 39.90,' in json_text.dumps(record.as_json())


def test_single_facts_are_read_with_paths_of_their_own() -> None:
    assert parse_observation(OBSERVATION).as_json() == OBSERVATION
    assert parse_therapy(GOOD["therapies"][0]).drugs == ("bortezomib",)
    assert parse_toxicity(GOOD["toxicities"][0]).grade == 3
    for parse, raw, path in (
        (parse_observation, OBSERVATION | {"unit": "mg"}, "unit"),
        (parse_therapy, {"kind": "regimen", "line": 0}, "line"),
        (parse_toxicity, {"term": "x", "grade": 0}, "grade"),
        (parse_toxicity, 7, ""),
    ):
        with pytest.raises(RecordError) as refused:
            parse(raw)
        assert [problem.path for problem in refused.value.problems] == [path]


def test_a_digest_changes_with_the_facts_and_only_with_them() -> None:
    assert parse_record(GOOD).digest() == parse_record(deepcopy(GOOD)).digest()
    assert parse_record(GOOD).digest() != parse_record(changed([*OBS, "value"], Decimal("7.90"))).digest()
