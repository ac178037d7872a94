"""`manage.py what_if`: over a stored pool and over files, in three forms, storing nothing."""

import csv
import json
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from screening import services
from screening.criteria import json_text, parse_record
from screening.models import Assessment, ProtocolVersion, RescoringRun
from screening.protocols import load_protocol
from sites.models import Site
from tests.factories import UserFactory
from tests.screening.records import eligible_record, with_fact
from tests.screening.study import open_reference_site

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
TODAY = date(2026, 11, 23)

pytestmark = pytest.mark.django_db


@pytest.fixture
def site() -> Site:
    return open_reference_site()


@pytest.fixture
def draft(tmp_path: Path) -> str:
    """The path of the reference document with a stricter limit of the ejection fraction."""
    raw = json_text.loads(load_protocol("NCT03464916").text)
    raw["version"] = "stricter"
    next(item for item in raw["criteria"] if item["id"] == "E15")["condition"]["compare"]["below"] = 50
    path = tmp_path / "stricter.json"
    path.write_text(json_text.dumps(raw), encoding="utf-8")
    return str(path)


@pytest.fixture
def pool(site: Site) -> Site:
    by = UserFactory()
    for lvef in (60, 49, 39):
        record = with_fact(eligible_record(today=TODAY), "lvef", lvef)
        services.import_record(site=site, record=parse_record(record), by=by, now=NOW)
    return site


def run(*arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    call_command("what_if", *arguments, "--as-of", "2026-11-23")
    return capsys.readouterr().out


def test_a_pool_is_compared_with_the_version_in_force_and_nothing_is_stored(
    pool: Site, draft: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = Assessment.objects.count()
    found = json.loads(run(draft, "--format", "json", capsys=capsys))
    assert (found["subjects"], found["turned"]) == (3, {"eligible": 0, "ineligible": 1, "undetermined": 0})
    e15 = next(row for row in found["attrition"] if row["criterion"] == "E15")
    assert (e15["before"]["alone"], e15["after"]["alone"]) == (1, 2)
    assert (Assessment.objects.count(), RescoringRun.objects.count()) == (before, 0)


def test_screen_failures_are_asked_about_and_those_who_left_are_not(
    pool: Site, draft: str, capsys: pytest.CaptureFixture[str]
) -> None:
    by = UserFactory()
    failed, left = pool.subjects.get(number=3), pool.subjects.get(number=1)
    services.fail_screening(subject=failed, criteria=["E15"], primary="E15", on=TODAY, by=by, now=NOW)
    services.withdraw(subject=left, on=TODAY, by=by, now=NOW, reason="Moved away.")
    assert json.loads(run(draft, "--format", "json", capsys=capsys))["subjects"] == 2


def test_csv_lists_the_subjects_that_change(pool: Site, draft: str, capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.DictReader(StringIO(run(draft, "--format", "csv", capsys=capsys))))
    assert rows == [
        {
            "subject": "JAX-0002", "verdict_before": "eligible", "verdict_after": "ineligible",
            "changed_criteria": "E15 satisfied to violated",
        }
    ]  # fmt: skip


def test_the_table_shows_both_versions(pool: Site, draft: str, capsys: pytest.CaptureFixture[str]) -> None:
    lines = run(draft, capsys=capsys).splitlines()
    assert lines[1] == "0 turn eligible, 1 turn ineligible, 0 turn undetermined"
    assert [line.split() for line in lines if line.startswith("E15")] == [["E15", "1", "0", "0", "2", "0", "0"]]


def test_files_give_what_the_pool_gives(
    pool: Site, draft: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "records.jsonl"
    records = [with_fact(eligible_record(today=TODAY), "lvef", lvef) for lvef in (60, 49, 39)]
    file.write_text("\n".join(json_text.dumps(record) for record in records), encoding="utf-8")
    stored = run(draft, "--format", "json", capsys=capsys)
    assert run(draft, str(file), "--format", "json", capsys=capsys) == stored


def test_a_record_that_cannot_be_read_is_named_and_the_others_are_counted(
    draft: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "records.jsonl"
    file.write_text(json_text.dumps(eligible_record(today=TODAY)) + '\n{"sex": "x"}\n', encoding="utf-8")
    with pytest.raises(SystemExit):
        call_command("what_if", draft, str(file), "--format", "json")
    written = capsys.readouterr()
    assert json.loads(written.out)["subjects"] == 1
    assert "line 2: sex:" in written.err


def test_a_stored_draft_is_named_by_its_label(pool: Site, draft: str, capsys: pytest.CaptureFixture[str]) -> None:
    protocol = load_protocol(draft)
    ProtocolVersion.objects.create(
        study=pool.study, label="stricter", effective_on=TODAY, document=protocol.text, digest=protocol.digest
    )
    assert json.loads(run("stricter", "--format", "json", capsys=capsys))["after"] == "stricter"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.yaml"], "no such protocol or file"),
        (["NCT03464916", "--study", "NCT00000000"], "there is no study NCT00000000"),
        (["NCT03464916", "--against", "9"], "no such protocol or file"),
        (["NCT03464916", "--as-of", "2026-13-01"], "is not a day of the calendar"),
    ],
)
def test_a_mistake_is_named(site: Site, arguments: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("what_if", *arguments)


def test_without_a_study_the_command_says_so(draft: str) -> None:
    with pytest.raises(CommandError, match="There is no study yet"):
        call_command("what_if", draft)
