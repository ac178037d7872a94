"""Hostile and broken files: each refused with words, within fixed memory, and nothing but FileRefusedError."""

import tracemalloc
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screening.criteria import CATALOGUE
from screening.imports.drafts import FileRefusedError
from screening.imports.reading import read_file
from tests.screening.imports.hostile import FOUND, HEAD, REFUSED, ROW, bundle, workbook

MIB = 1024 * 1024


@pytest.mark.parametrize("kind", REFUSED)
def test_a_file_is_refused_as_a_whole(kind: str) -> None:
    make, says = REFUSED[kind]
    with pytest.raises(FileRefusedError, match=says):
        read_file(make(), CATALOGUE)


@pytest.mark.parametrize("kind", FOUND)
def test_a_mistake_is_found_in_its_row(kind: str) -> None:
    make, says = FOUND[kind]
    contents = read_file(make(), CATALOGUE)
    assert any(says in finding.message for finding in contents.findings), contents.findings


def test_refusing_takes_little_memory() -> None:
    peaks = {}
    for kind, (make, _) in REFUSED.items():
        data = make()
        tracemalloc.start()
        with pytest.raises(FileRefusedError):
            read_file(data, CATALOGUE)
        peaks[kind] = tracemalloc.get_traced_memory()[1] / MIB
        tracemalloc.stop()
    print("peak MiB:", sorted(((round(peak, 1), kind) for kind, peak in peaks.items()), reverse=True)[:5])
    assert max(peaks.values()) < 100


def read(data: bytes) -> None:
    """Nothing but a refusal may come of it."""
    with suppress(FileRefusedError):
        read_file(data, CATALOGUE)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    read(data)


@given(st.text(max_size=60), st.sampled_from([b"subject", b"hemoglobin", b"13.1", b"g/dL", b"2026-11-20", b","]))
def test_any_text_in_a_table_is_read_or_refused(text: str, where: bytes) -> None:
    read((HEAD + ROW).replace(where, text.encode("utf-8", "surrogatepass"), 1))


@given(st.integers(0, 3000), st.binary(min_size=1, max_size=8))
def test_a_damaged_workbook_is_read_or_refused(place: int, with_bytes: bytes) -> None:
    data = bytearray(WORKBOOK)
    data[place : place + len(with_bytes)] = with_bytes
    read(bytes(data))


WORKBOOK = workbook()
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    [
        "status",
        "code",
        "coding",
        "system",
        "subject",
        "reference",
        "effectiveDateTime",
        "effectivePeriod",
        "start",
        "end",
        "valueQuantity",
        "value",
        "valueInteger",
        "valueBoolean",
        "valueCodeableConcept",
        "referenceRange",
        "low",
        "component",
        "gender",
        "birthDate",
        "performedPeriod",
        "recordedDate",
        "clinicalStatus",
        "medicationCodeableConcept",
        "contained",
    ]
)
GOOD: dict[str, Any] = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "718-7"}]},
    "subject": {"reference": "Patient/a"},
    "effectiveDateTime": "2026-11-20",
    "valueQuantity": {"value": 13.1, "unit": "g/dL", "system": "http://unitsofmeasure.org", "code": "g/dL"},
}
KINDS = st.sampled_from(
    [
        "Observation",
        "Patient",
        "Condition",
        "Procedure",
        "MedicationStatement",
        "MedicationAdministration",
        "Medication",
    ]
)


@given(KINDS, st.dictionaries(NAMES, json_values, max_size=3), st.booleans())
def test_any_resource_in_a_bundle_is_mapped_or_told(kind: str, said: dict[str, Any], keep: bool) -> None:
    resource = {**(GOOD if keep else {}), "resourceType": kind, **said}
    read(bundle({"resourceType": "Patient", "id": "a"}, resource))
