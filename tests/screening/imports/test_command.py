"""`manage.py import_records` with every format: tables and bundles as a whole, records one by one."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from screening.models import Import, Observation, Source, Subject
from sites.models import Membership, Site
from tests.people import member
from tests.screening.imports.bundles import SYNTHEA
from tests.screening.study import open_reference_site

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_stands_still")]
TABLE = "subject,fact,value,unit,on\nnew-1,hemoglobin,13.1,g/dL,2026-11-20\nnew-2,ecog,1,,2026-11-20\n"
RECORD = {"subject": None, "observations": [{"fact": "ecog", "value": 1, "on": "2026-11-20"}]}


@pytest.fixture
def site() -> Site:
    site = open_reference_site()
    member(Membership.Role.STUDY_MANAGER, study=site.study)
    return site


class Run:
    """One run of the command: its lines, its errors and its status."""

    def __init__(self, *arguments: Any) -> None:
        out, err = StringIO(), StringIO()
        self.status = 0
        try:
            call_command("import_records", *map(str, arguments), stdout=out, stderr=err)
        except SystemExit as ended:
            self.status = int(str(ended.code))
        self.out, self.err = out.getvalue(), err.getvalue()


def written(folder: Path, name: str, data: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def test_a_table_is_stored_as_a_whole(site: Site, tmp_path: Path) -> None:
    run = Run(written(tmp_path, "facts.csv", TABLE), "--site", "JAX")
    assert (run.status, Subject.objects.count(), Import.objects.get().state) == (0, 2, "committed")
    assert "2 stored, 0 refused." in run.out


def test_a_table_with_a_mistake_stores_nothing_and_says_where(site: Site, tmp_path: Path) -> None:
    run = Run(written(tmp_path, "facts.csv", TABLE + "new-3,ecog,9,,2026-11-20\n"), "--site", "JAX")
    assert (run.status, Subject.objects.count()) == (1, 0)
    assert "row 4: value" in run.err


@pytest.mark.parametrize(("name", "data"), [("facts.csv", TABLE), ("records.json", json.dumps(RECORD))])
def test_a_dry_run_stores_nothing(site: Site, tmp_path: Path, name: str, data: str) -> None:
    run = Run(written(tmp_path, name, data), "--site", "JAX", "--dry-run")
    assert (run.status, Subject.objects.count(), Import.objects.count()) == (0, 0, 0)
    assert "dry run" in run.out


def test_corrections_are_taken_only_when_asked_for_with_a_reason(site: Site, tmp_path: Path) -> None:
    Run(written(tmp_path, "facts.csv", TABLE), "--site", "JAX")
    other = written(tmp_path, "other.csv", "subject,fact,value,unit,on\nJAX-0001,hemoglobin,12,g/dL,2026-11-20\n")
    assert "left as it is" in Run(other, "--site", "JAX").out
    assert Run(other, "--site", "JAX", "--take-corrections").status == 1
    assert Run(other, "--site", "JAX", "--take-corrections", "--reason", "corrected report").status == 0
    assert Observation.objects.get(value="12").reason == "corrected report"


def test_a_bundle_needs_to_be_told_whose_it_is(site: Site, tmp_path: Path) -> None:
    path = written(tmp_path, "bundle.json", SYNTHEA)
    assert "say which subject it is with --patient" in Run(path, "--site", "JAX").err
    run = Run(path, "--site", "JAX", "--patient", "new")
    assert run.status == 0
    assert set(Observation.objects.values_list("source", flat=True)) == {Source.FHIR}
    assert "resources of this kind are not read" in run.out


def test_a_table_needs_its_site(site: Site, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="--site"):
        Run(written(tmp_path, "facts.csv", TABLE))


def test_a_file_that_is_not_there_is_refused_in_one_line(site: Site, tmp_path: Path) -> None:
    run = Run(tmp_path / "none.csv", "--site", "JAX")
    assert (run.status, len(run.err.splitlines())) == (1, 1)
