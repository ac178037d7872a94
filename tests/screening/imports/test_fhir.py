"""FHIR R4 bundles: what is mapped, what is not and why; and that nothing of them identifies anybody."""

import json
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from datetime import date
from typing import Any

import pytest
import yaml

from screening.criteria import CATALOGUE, parse_protocol, parse_record
from screening.criteria.assessment import assess
from screening.criteria.catalogue import FactKind
from screening.criteria.record import TherapyKind
from screening.imports.drafts import Contents, FileRefusedError
from screening.imports.fhir.codes import MAPPING
from screening.imports.reading import read_file
from screening.imports.stored import packed, unpacked
from screening.publishing import SHIPPED
from tests.screening.imports.bundles import (
    CANARIES,
    MCODE,
    SYNTHEA,
    TOLD,
    bundle,
    concept,
    lab,
    patient,
    resource,
)

Json = dict[str, Any]


def facts(contents: Contents, number: int = 0) -> list[Json]:
    return [entry.raw for entry in contents.drafts[number].entries if entry.list_name == "observations"]


def therapies(contents: Contents) -> list[Json]:
    return [entry.raw for entry in contents.drafts[0].entries if entry.list_name == "therapies"]


def test_a_bundle_as_synthea_writes_it() -> None:
    contents = read_file(SYNTHEA, CATALOGUE)
    assert contents.drafts[0].person == {"sex": "male", "birth_year": 1961}
    told = {raw["fact"]: (str(raw["value"]), raw.get("unit"), raw["on"]) for raw in facts(contents)}
    assert told == {
        "hemoglobin": ("13.1", "g/dL", "2026-11-20T09:00:00-05:00"),
        "platelets": ("180", "10*3/uL", "2026-11-20T09:00:00-05:00"),
        "creatinine": ("0.9", "mg/dL", "2026-11-20T09:00:00-05:00"),
        "hiv": ("True", None, "2026-11-20T10:00:00-05:00"),
    }
    assert facts(contents)[0]["reference_low"] == 12
    assert therapies(contents) == [
        {"kind": "asct", "start": "2023-01-10", "end": "2023-01-10"},
        {"kind": "regimen", "drugs": ["bortezomib"], "start": "2022-01-10", "end": "2022-01-31"},
    ]


def test_a_bundle_as_mcode_writes_it() -> None:
    contents = read_file(MCODE, CATALOGUE)
    assert [(raw["fact"], raw["value"]) for raw in facts(contents)] == [("ecog", 0), ("pregnancy_test", "negative")]
    assert therapies(contents) == [
        {"kind": "regimen", "drugs": ["lenalidomide"], "start": "2026-09-01", "end": None},
        {"kind": "radiotherapy", "start": "2024-05-01", "end": "2024-05-20"},
    ]


@pytest.mark.parametrize("kind", TOLD)
def test_what_is_not_taken_is_told_with_the_reason(kind: str) -> None:
    one, outcome, says = TOLD[kind]
    contents = read_file(bundle(one), CATALOGUE)
    assert contents.drafts[0].entries == ()
    told = contents.outcomes[-1]
    assert (told.place, told.outcome) == ("entry 2", outcome)
    assert says in told.says


def test_components_are_observations_of_their_own() -> None:
    panel = resource(
        "Observation", status="final", code=concept("http://loinc.org", "58410-2"), effectiveDateTime="2026-11-20",
        component=[{key: lab("718-7", 12.5, "g/dL")[key] for key in ("code", "valueQuantity")}],
    )  # fmt: skip
    (raw,) = facts(read_file(bundle(panel), CATALOGUE))
    assert (raw["fact"], raw["on"], str(raw["value"])) == ("hemoglobin", "2026-11-20", "12.5")


def test_several_patients_keep_their_own_facts() -> None:
    first, second = patient(id="a"), patient(id="b", gender="female", birthDate="1970")
    ours = [
        lab("718-7", 13, "g/dL", subject="Patient/a"),
        lab("718-7", 9, "g/dL", subject="urn:uuid:b"),
    ]
    contents = read_file(bundle(*ours, patients=(first, second)), CATALOGUE)
    assert [draft.person for draft in contents.drafts] == [
        {"sex": "male", "birth_year": 1961},
        {"sex": "female", "birth_year": 1970},
    ]
    assert [str(facts(contents, number)[0]["value"]) for number in (0, 1)] == ["13", "9"]


def test_conditions_that_are_not_there_say_nothing() -> None:
    assert not any(raw["value"] is False for raw in facts(read_file(SYNTHEA, CATALOGUE)))


def test_nothing_that_identifies_is_read_of_any_bundle() -> None:
    everything = [SYNTHEA, MCODE, *(bundle(one) for one, _, _ in TOLD.values())]
    for data in everything:
        kept = repr(unpacked(packed(read_file(data, CATALOGUE))))
        assert not [canary for canary in CANARIES if canary in kept]


def test_a_bundle_gives_the_verdict_of_the_same_facts_typed() -> None:
    protocol = parse_protocol((SHIPPED / "NCT03464916.yaml").read_text(encoding="utf-8"))
    on = "2026-11-20T09:00:00-05:00"
    typed = parse_record(
        {
            "sex": "male",
            "birth_year": 1961,
            "observations": [
                {
                    "fact": "hemoglobin",
                    "value": 13.1,
                    "unit": "g/dL",
                    "on": on,
                    "reference_low": 12,
                    "reference_high": 16,
                },
                {"fact": "platelets", "value": 180, "unit": "10*3/uL", "on": on},
                {"fact": "creatinine", "value": 0.9, "unit": "mg/dL", "on": on},
                {"fact": "hiv", "value": True, "on": "2026-11-20T10:00:00-05:00"},
            ],
            "therapies": [
                {"kind": "asct", "start": "2023-01-10", "end": "2023-01-10"},
                {"kind": "regimen", "drugs": ["bortezomib"], "start": "2022-01-10", "end": "2022-01-31"},
            ],
        }
    )
    contents = read_file(SYNTHEA, CATALOGUE)
    record = {**contents.drafts[0].person, "observations": facts(contents), "therapies": therapies(contents)}
    results = [assess(protocol, one, as_of=date(2026, 11, 23)) for one in (typed, parse_record(record))]
    told = [
        [(one.id, one.condition, one.because, one.missing) for one in each.criteria] + [each.windows]
        for each in results
    ]
    assert told[0] == told[1]
    assert results[0].verdict == "ineligible"


# The mapping itself


def codings(raw: Any) -> list[list[str]]:
    if isinstance(raw, dict):
        return [one for value in raw.values() for one in codings(value)]
    if isinstance(raw, list) and raw and isinstance(raw[0], str):
        return [raw]
    return [one for item in raw for one in codings(item)] if isinstance(raw, list) else []


MAPPED = yaml.safe_load(MAPPING.read_text(encoding="utf-8"))


def test_each_code_of_the_catalogue_is_mapped_to_its_fact_and_no_other() -> None:
    assert {(fact, code) for fact, of in MAPPED["observations"].items() for _, code, _ in of if fact != "pregnant"} == {
        (fact.name, code) for fact in CATALOGUE.values() for code in fact.loinc
    }
    everything = [
        (system, code)
        for part in ("observations", "procedures", "conditions")
        for system, code, *_ in codings(MAPPED[part])
    ]
    assert len(everything) == len(set(everything))


def test_each_coding_has_a_known_system_a_display_and_a_right_check_digit() -> None:
    for system, code, display, *_ in codings({name: part for name, part in MAPPED.items() if name != "systems"}):
        assert system in MAPPED["systems"]
        assert display.strip()
        if system == "SNOMED CT":
            assert verhoeff(code) == 0, code
        if system == "LOINC" and not code.startswith("LA"):  # answers have no such digit
            assert loinc_digit(code.partition("-")[0]) == int(code.partition("-")[2]), code


def test_units_answers_and_kinds_of_the_mapping_are_those_of_the_record_format() -> None:
    units = {unit for fact in CATALOGUE.values() for unit in fact.units}
    assert set(MAPPED["units"].values()) <= units
    assert {said["kind"] for said in MAPPED["drugs"].values()} <= {kind.value for kind in TherapyKind}
    assert set(MAPPED["procedures"]) <= {kind.value for kind in TherapyKind}
    assert {CATALOGUE[fact].kind for fact in MAPPED["conditions"]} == {FactKind.BOOLEAN}


def loinc_digit(digits: str) -> int:
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(digits))]
    return -sum(number // 10 + number % 10 for number in doubled) % 10


def verhoeff(digits: str) -> int:
    """0 for a number whose last digit is its Verhoeff check digit, as each SNOMED CT code's is."""
    dihedral = [[(a + b) % 5 if a < 5 and b < 5 else 0 for b in range(10)] for a in range(10)]
    for a in range(10):
        for b in range(10):
            turned = (a + b) % 5 if a < 5 else (a - b) % 5
            dihedral[a][b] = turned + 5 * ((a >= 5) != (b >= 5))
    first = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit)
        for _ in range(place % 8):
            value = first[value]
        total = dihedral[total][value]
    return total


ODD = (None, {}, [], [None], "", "odd", 0, True, {"reference": None})


def with_one_place_odd(read: Any) -> Iterator[bytes]:
    """The bundle over and over: with each of its values, one at a time, replaced by what no sender should write."""

    def containers(at: Any) -> Iterator[tuple[Any, Any]]:
        for key, value in list(at.items() if isinstance(at, dict) else enumerate(at)):
            yield at, key
            if isinstance(value, dict | list):
                yield from containers(value)

    whole = deepcopy(read)
    for at, key in containers(whole):
        kept = at[key]
        for odd in ODD:
            at[key] = odd
            yield json.dumps(whole).encode()
        at[key] = kept


@pytest.mark.parametrize("data", [SYNTHEA, MCODE], ids=["synthea", "mcode"])
def test_no_value_at_any_place_of_a_bundle_ends_the_reading_with_another_error_than_a_refusal(data: bytes) -> None:
    tried = 0
    for odd in with_one_place_odd(json.loads(data)):
        with suppress(FileRefusedError):
            read_file(odd, CATALOGUE)
        tried += 1
    assert tried > 500
