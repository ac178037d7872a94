"""`manage.py score` as a process of its own: output, errors, exit status; no database is needed."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.spec.test_documented_record import DOCUMENTED

ROOT = Path(__file__).resolve().parents[3]
GOOD = " ".join(DOCUMENTED.split())
UNIT = json.dumps({"observations": [{"fact": "hemoglobin", "value": 7.9, "unit": "mg", "on": "2026-11-20"}]})
AS_OF = ("--as-of", "2026-12-10")


def run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    without_servers = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    return subprocess.run(
        [sys.executable, "-W", "error", "manage.py", "score", *arguments],
        cwd=ROOT,
        env=without_servers | {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"},
        input=stdin,
        capture_output=True,
        timeout=60,
        check=False,
    )


class Scored:
    """One run of the command in this process: its lines, its errors and its status."""

    def __init__(self, *arguments: str) -> None:
        out, err = io.StringIO(), io.StringIO()
        self.status = 0
        try:
            call_command("score", *arguments, stdout=out, stderr=err)
        except SystemExit as left:
            self.status = int(str(left.code))
        self.text = out.getvalue()
        self.errors = err.getvalue().splitlines()

    @property
    def json(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "records.json"


def test_a_good_and_a_bad_record_from_standard_input() -> None:
    done = run("-", "--format", "json", *AS_OF, stdin=f"{GOOD}\n{UNIT}\n{GOOD}\n".encode())
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["verdict"] for line in lines] == ["ineligible", "ineligible"]
    assert done.stderr.decode() == (
        "standard input: line 2: observations[0].unit: 'mg' is not a unit of hemoglobin (value 7.9); "
        "accepted: g/dL, g/L, mmol/L\n"
    )
    assert done.returncode == 1


def test_output_that_nobody_reads_any_more_ends_quietly(file: Path) -> None:
    file.write_text(f"{GOOD}\n" * 300, encoding="utf-8")
    command = [sys.executable, "manage.py", "score", str(file), "--format", "json"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    process.wait(timeout=30)


def test_the_documented_record(file: Path) -> None:
    file.write_text(DOCUMENTED, encoding="utf-8")
    (line,) = Scored(str(file), "--format", "json", *AS_OF).json
    assert (line["protocol"], line["verdict"], line["score"]) == ("NCT03464916", "ineligible", 0.3)
    assert (line["as_of"], line["first_dose"]) == ("2026-12-10", "2026-12-15")
    assert (line["windows"], line["earliest_first_dose"]) == ([], None)


def test_the_first_dose_can_be_overridden(file: Path) -> None:
    file.write_text(DOCUMENTED, encoding="utf-8")
    (line,) = Scored(str(file), "--format", "json", "--first-dose", "2027-01-15", *AS_OF).json
    assert line["first_dose"] == "2027-01-15"


def test_without_a_first_dose_the_day_of_the_question_is_taken(file: Path) -> None:
    file.write_text("{}", encoding="utf-8")
    (line,) = Scored(str(file), "--format", "json", *AS_OF).json
    assert (line["subject"], line["first_dose"], line["verdict"]) == (None, "2026-12-10", "undetermined")
    assert (line["windows"][0]["from"], line["earliest_first_dose"]) == ("2026-12-10", "2026-12-10")


def test_the_table_names_every_criterion_with_its_reason(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    file.write_text(DOCUMENTED, encoding="utf-8")
    table = Scored(str(file), *AS_OF).text
    assert table.startswith("JAX-0001: INELIGIBLE, 6 of 20 criteria satisfied (protocol NCT03464916 version 1, ")
    assert "  x E3  violated   Unresolved toxicity above grade 2: Peripheral neuropathy grade 3" in table
    assert "  ? I3  unknown    Life expectancy: Life expectancy is not recorded.\n" in table
    assert "          Could still change it: life_expectancy\n" in table
    assert max(map(len, table.splitlines())) <= 140


def test_bad_records_are_named_by_file_and_position_and_the_others_scored(file: Path, tmp_path: Path) -> None:
    file.write_text(f"[{GOOD}, {UNIT}, {GOOD}]", encoding="utf-8")
    missing = tmp_path / "none.json"
    scored = Scored(str(file), str(missing), str(file), "--format", "json")
    assert len(scored.json) == 4
    assert [error.split(": observ")[0] for error in scored.errors] == [
        f"{file}: record 2",
        f"{missing}: No such file or directory",
        f"{file}: record 2",
    ]
    assert scored.status == 1


def test_a_record_with_many_mistakes_is_one_line(file: Path) -> None:
    file.write_text(json.dumps({"subject": "a\nb\x1b", "sex": "x", "birth_year": "y"}), encoding="utf-8")
    (error,) = Scored(str(file)).errors
    assert error.count("; ") >= 2
    assert error.isprintable()


def test_a_drug_in_any_script_is_shown(file: Path) -> None:
    therapy = {"kind": "regimen", "drugs": ["\u30ec\u30ca\u30ea\u30c9\u30df\u30c9"], "start": "2026-01-01"}
    file.write_text(json.dumps({"therapies": [therapy]}), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "manage.py", "score", str(file)],
        cwd=ROOT,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_an_unknown_protocol_names_those_shipped(file: Path) -> None:
    with pytest.raises(CommandError, match=r"NCT1: no such protocol or file; .*: NCT00000002, NCT03464916"):
        call_command("score", str(file), protocol="NCT1")


def test_a_protocol_may_be_a_file(file: Path, tmp_path: Path) -> None:
    document = tmp_path / "own.yaml"
    document.write_text(
        "registry_id: OWN\ntitle: t\nversion: a\n"
        "criteria: [{id: X, kind: exclusion, title: t, text: t, condition: {fact: hiv}}]\n",
        encoding="utf-8",
    )
    file.write_text("{}", encoding="utf-8")
    (line,) = Scored(str(file), "--protocol", str(document), "--format", "json").json
    assert [criterion["id"] for criterion in line["criteria"]] == ["X"]
    document.write_text("registry_id: OWN\n", encoding="utf-8")
    with pytest.raises(CommandError) as refused:
        call_command("score", str(file), protocol=str(document))
    assert len(str(refused.value).splitlines()) == 3


@pytest.mark.parametrize("day", ["2026-02-30", "today", "20261210", ""])
def test_a_day_that_does_not_exist_is_refused(file: Path, day: str) -> None:
    with pytest.raises(CommandError, match=f"argument --as-of: '{day}' is not"):
        call_command("score", str(file), "--as-of", day)
