"""Random records scored from the database and from a file: the same verdicts.

TRIALOPS_STORED_CASES sets the number of records (the long form is `make agreement CASES=100000`).
"""

import os
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from django.db import connection

from screening.criteria import json_text, parse_record, verdicts
from screening.models import FactSheet, Observation, Source, Subject, Therapy, Toxicity
from screening.queries import protocol_of
from screening.records_io import read_records
from screening.rescoring.pool import pages_of
from screening.storage import LIST_NAMES, ROW_MAKERS
from tests.factories import UserFactory
from tests.oracle.records import Case, make_case, to_json
from tests.screening.study import open_reference_site

CASES = int(os.environ.get("TRIALOPS_STORED_CASES", "300"))
AT_A_TIME = 500
NUMBER = "JAX-{:06d}"


@pytest.mark.django_db
def test_verdicts_from_the_database_are_those_from_the_file() -> None:
    site = open_reference_site()
    version = site.study.protocol_versions.get()
    protocol, by = protocol_of(version), UserFactory()
    compared = mismatches = 0
    for first in range(0, CASES, AT_A_TIME):
        cases = {n: make_case(n, seed="stored") for n in range(first, min(first + AT_A_TIME, CASES))}
        texts = {n: to_json(case.record | {"subject": NUMBER.format(n + 1)}) for n, case in cases.items()}
        store(texts, site=site, version=version, by=by)
        asked = {NUMBER.format(n + 1): case for n, case in cases.items()}
        from_file = scored_from_file(protocol, "\n".join(texts.values()), asked)
        sheets = FactSheet.objects.filter(subject__number__gt=first)
        for row in (row for page in pages_of(sheets) for row in page):
            case = asked[row.screening_number]
            stored = verdicts(protocol, row.record(protocol), as_of=case.as_of, first_dose=case.first_dose)
            mismatches += stored != from_file[row.screening_number]
            compared += 1
    assert (compared, mismatches) == (CASES, 0)


def scored_from_file(protocol: Any, text: str, asked: dict[str, Case]) -> dict[str, Any]:
    """Each record's verdicts by its screening number, read as a command reads a file of JSON Lines."""
    scored = {}
    for parsed in read_records("-", stdin=BytesIO(text.encode())):
        assert parsed.record is not None, parsed
        case = asked[parsed.record.subject or ""]
        scored[parsed.record.subject or ""] = verdicts(
            protocol, parsed.record, as_of=case.as_of, first_dose=case.first_dose
        )
    return scored


def store(texts: dict[int, str], *, site: Any, version: Any, by: Any) -> None:
    """The rows that the services would make of these records, added in bulk."""
    records = {n: parse_record(json_text.loads(text)).as_json() for n, text in texts.items()}
    subjects = {
        n: Subject(
            site=site, number=n + 1, screening_number=NUMBER.format(n + 1), protocol_version=version,
            sex=raw["sex"] or "", birth_year=raw["birth_year"], created_by=by,
            planned_first_dose=raw["first_dose"] and date.fromisoformat(raw["first_dose"]),
        )
        for n, raw in records.items()
    }  # fmt: skip
    Subject.objects.bulk_create(subjects.values())
    for model in (Observation, Therapy, Toxicity):
        rows = []
        for n, raw in records.items():
            for item in raw[LIST_NAMES[model]]:
                row = ROW_MAKERS[model](item)
                row.subject, row.source, row.recorded_by = subjects[n], Source.FILE, by
                rows.append(row)
        copy_in(model, rows)
    FactSheet.objects.bulk_create([FactSheet(subject=subject) for subject in subjects.values()], ignore_conflicts=True)


def copy_in(model: Any, rows: list[Any]) -> None:
    """By way of a temporary table: PostgreSQL copies into no table with row-level security."""
    columns = [field.attname for field in model._meta.concrete_fields if field.name not in {"id", "recorded_at"}]
    listed, table = ", ".join(f'"{column}"' for column in columns), model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE coming ON COMMIT DROP AS SELECT {listed} FROM {table} LIMIT 0")
        with cursor.copy(f"COPY coming ({listed}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row([getattr(row, column) for column in columns])
        cursor.execute(f"INSERT INTO {table} ({listed}) SELECT * FROM coming")
        cursor.execute("DROP TABLE coming")
