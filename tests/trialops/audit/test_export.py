"""What is exported reads back to the same, whatever stands in it; a copy that was changed is found."""

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from sites.models import Site
from tests.factories import SiteFactory
from trialops.audit.context import because
from trialops.audit.export import rows_of
from trialops.csv_text import LOOKS_LIKE_FORMULA

pytestmark = pytest.mark.django_db

ODD = [
    "=1+1",
    "'=1+1",
    "''",
    "+",
    "-5",
    "@here",
    "\tx",
    "a\r\nb",
    "a\rb",
    'a"b',
    "a;b,c",
    "ünïcödé 🎈",
    " = 2",
    "",
    "null",
]


@pytest.fixture
def site() -> Site:
    """A site whose history has every oddity that a spreadsheet or a parser trips over."""
    site: Site = SiteFactory(study__registry_id="NCT70000001", code="JAX")
    for text in ODD:
        with because(text):
            Site.objects.filter(pk=site.pk).update(contact_name=text, facility=f"{text} hospital")
    return site


def exported(tmp_path: Path, form: str, *options: str) -> Path:
    path = tmp_path / f"trail.{form}"
    with path.open("w", encoding="utf-8", newline="") as file:
        call_command("export_audit", "NCT70000001", "--format", form, *options, stdout=file)
    return path


def verified(path: Path, capsys: Any) -> str:
    call_command("verify_audit_export", str(path))
    return str(capsys.readouterr().out)


@pytest.mark.parametrize("form", ["csv", "json"])
def test_an_export_reads_back_to_the_same(site: Site, tmp_path: Path, capsys: Any, form: str) -> None:
    path = exported(tmp_path, form)
    rows = len(list(rows_of(site.study_id)))
    assert rows > len(ODD)
    assert verified(path, capsys) == f"{rows} rows read back, 0 differences.\n"


def test_no_cell_of_the_csv_begins_to_calculate(site: Site, tmp_path: Path) -> None:
    with exported(tmp_path, "csv").open(encoding="utf-8", newline="") as file:
        assert not [cell for row in csv.reader(file) for cell in row if LOOKS_LIKE_FORMULA.match(cell)]


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_changed_copy_is_found(site: Site, tmp_path: Path, capsys: Any, form: str) -> None:
    path = exported(tmp_path, form)
    path.write_text(path.read_text(encoding="utf-8").replace("ünïcödé", "unicode"), encoding="utf-8")
    with pytest.raises(SystemExit):
        verified(path, capsys)
    assert "not as in the trail" in capsys.readouterr().err


def test_a_row_left_out_is_found(site: Site, tmp_path: Path, capsys: Any) -> None:
    path = exported(tmp_path, "json")
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:3] + lines[4:]), encoding="utf-8")
    with pytest.raises(SystemExit):
        verified(path, capsys)


def test_an_export_of_some_days_holds_those_days(site: Site, tmp_path: Path, capsys: Any) -> None:
    today = datetime.now(UTC).date().isoformat()
    assert verified(exported(tmp_path, "csv", "--from", today, "--to", today), capsys).endswith("0 differences.\n")
    assert verified(exported(tmp_path, "json", "--to", "2001-01-01"), capsys) == "0 rows read back, 0 differences.\n"


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "[\n{}\n]\n", '[\n{"id": \n', "", "\x00"])
def test_what_is_no_export_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    with pytest.raises(CommandError, match=r"line \d+: "):
        call_command("verify_audit_export", str(path))


def test_a_file_that_is_not_there_and_a_study_that_is_not_are_named() -> None:
    with pytest.raises(CommandError, match="cannot be opened"):
        call_command("verify_audit_export", "/nowhere")
    with pytest.raises(CommandError, match="accepted: "):
        call_command("export_audit", "NCT99999999")
