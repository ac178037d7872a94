"""What `make validation` files says what was run, on what, and no more than what was shown."""

import hashlib
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from assurance import evidence
from assurance.papers import Requirement

ROOT = Path(__file__).resolve().parents[2]
QUICK = "V-012"
"""Its tests are of the pure engine: they touch no database, so that they can run inside this session."""


def requirement(*tests: str) -> Requirement:
    return Requirement("V-999", "Invented", "It holds.", "high", tests)


def test_the_evidence_of_a_requirement_is_filed_with_what_it_ran_on(tmp_path: Path) -> None:
    directory = tmp_path / "a place with spaces"
    command = [sys.executable, "-m", "assurance", "evidence", str(directory), "--only", QUICK]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    filed = json.loads((directory / "evidence.json").read_text(encoding="utf-8"))
    assert filed["lock"] == hashlib.sha256((ROOT / "uv.lock").read_bytes()).hexdigest()
    assert filed["postgresql"].startswith("18")
    [verdict] = filed["verdicts"]
    assert verdict["holds"] is True
    assert verdict["passed"] > 5
    assert filed["version"] in (directory / "installation.md").read_text(encoding="utf-8")
    assert not any("‹" in (directory / form).read_text(encoding="utf-8") for form in evidence.FORMS)
    checked = subprocess.run(["sha256sum", "--check", "SHA256SUMS"], cwd=directory, check=False, capture_output=True)
    assert checked.returncode == 0


def test_an_unknown_requirement_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert evidence.file_evidence(tmp_path, ["V-998"]) == 2
    assert "V-998" in capsys.readouterr().out


JUNIT = """<testsuites><testsuite>
<testcase classname="tests.a.test_b" name="test_good[1]"/><testcase classname="tests.a.test_b" name="test_good[2]"/>
<testcase classname="tests.a.test_b" name="test_bad"><failure/></testcase>
<testcase classname="tests.a.test_b.TestC" name="test_left_out"><skipped/></testcase>
</testsuite></testsuites>"""


@pytest.fixture
def found(tmp_path: Path) -> dict[str, Counter[str]]:
    results = tmp_path / "results.xml"
    results.write_text(JUNIT, encoding="utf-8")
    return evidence.outcomes(results)


@pytest.mark.parametrize(
    ("tests", "holds"),
    [
        (["tests/a/test_b.py::test_good"], True),
        (["tests/a/test_b.py::test_good", "tests/a/test_b.py::test_bad"], False),
        (["tests/a/test_b.py::test_good", "tests/a/test_b.py::TestC::test_left_out"], False),
        (["tests/a/test_b.py::test_good", "tests/a/test_b.py::test_not_run"], False),
        (["tests/a/test_b.py"], False),
    ],
    ids=["all passed", "one failed", "one skipped", "one not run", "a file with a failure"],
)
def test_a_requirement_holds_only_if_each_of_its_tests_ran_and_passed(
    tests: list[str], holds: bool, found: dict[str, Counter[str]]
) -> None:
    [verdict] = evidence.judge([requirement(*tests)], found)
    assert verdict.holds is holds


def test_without_results_nothing_holds(tmp_path: Path) -> None:
    [verdict] = evidence.judge([requirement("tests/a/test_b.py")], evidence.outcomes(tmp_path / "results.xml"))
    assert not verdict.holds
