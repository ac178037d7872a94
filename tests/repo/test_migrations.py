"""From the first release on, a migration that the running version cannot live with is refused (docs/adr/0024)."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django_migration_linter import MigrationLinter

from tests.faults.processes import ROOT

pytestmark = pytest.mark.usefixtures("outside_any_transaction")
OURS = ["accounts", "audit", "trial_sites", "screening"]
LOCKS = ["CREATE_INDEX", "CREATE_INDEX_EXCLUSIVE", "DROP_INDEX", "REINDEX"]
"""Only warnings to the linter; here a table in use must not wait for an index."""
LATER = """
import django.db.models.functions
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = {atomic}
    dependencies = [("trial_sites", "0001_initial")]
    operations = [{operation}]
"""
HARMLESS = {
    "a column that may be empty": "migrations.AddField('site', 'nickname', models.TextField(null=True))",
    "a column that the database fills": (
        "migrations.AddField('site', 'added', models.DateTimeField(db_default=django.db.models.functions.Now()))"
    ),
    "an index made beside the traffic": (
        "AddIndexConcurrently('site', models.Index(fields=['facility'], name='by_facility'))"
    ),
    "a table": "migrations.CreateModel('Ward', [('id', models.BigAutoField(primary_key=True))])",
}
BREAKING = {
    "a column that old code leaves empty": "migrations.AddField('site', 'nickname', models.TextField(default='-'))",
    "a column renamed": "migrations.RenameField('site', 'facility', 'hospital')",
    "a column taken away": "migrations.RemoveField('site', 'facility')",
    "a column of another kind": "migrations.AlterField('site', 'facility', models.CharField(max_length=9))",
    "a column that must no longer be empty": "migrations.AlterField('site', 'target', models.IntegerField())",
    "a table renamed": "migrations.RenameModel('site', 'hospital')",
    "a table taken away": "migrations.DeleteModel('callattempt')",
    "a rule that old rows and code may break": (
        "migrations.AlterField('site', 'facility', models.CharField(max_length=200, unique=True))"
    ),
    "an index that locks its table": (
        "migrations.AddIndex('site', models.Index(fields=['facility'], name='by_facility'))"
    ),
}


def linted(**options: Any) -> MigrationLinter:
    linter = MigrationLinter(
        str(ROOT), include_apps=OURS, ignore_initial_migrations=True, no_cache=True, warnings_as_errors_tests=LOCKS,
        **options,
    )  # fmt: skip
    linter.lint_all_migrations()
    return linter


@pytest.fixture
def outside_any_transaction(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """As an index beside the traffic is made; nothing here writes to the database."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture
def later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[Any]:
    """The migrations of `sites` with a second one, which the function writes."""
    package = tmp_path / "migrations_of_later"
    package.mkdir()
    for name in ("__init__", "0001_initial"):
        (package / f"{name}.py").write_text((ROOT / "sites" / "migrations" / f"{name}.py").read_text())
    monkeypatch.syspath_prepend(str(tmp_path))
    settings.MIGRATION_MODULES = {**django_settings.MIGRATION_MODULES, "trial_sites": package.name}

    def write(operation: str) -> None:
        text = LATER.format(operation=operation, atomic="Concurrently" not in operation)
        (package / "0002_later.py").write_text(text)
        importlib.invalidate_caches()

    yield write
    for name in [name for name in sys.modules if name.startswith(package.name)]:
        del sys.modules[name]


def test_no_migration_of_ours_breaks_the_version_that_runs(capsys: pytest.CaptureFixture[str]) -> None:
    linter = linted()
    assert linter.nb_total - linter.nb_ignored == linter.nb_valid, capsys.readouterr().out
    seen = {app for app, _name in linter.migration_loader.disk_migrations}
    assert set(OURS) <= seen


@pytest.mark.parametrize("what", HARMLESS)
def test_what_old_code_can_live_with_is_accepted(what: str, later: Any, capsys: pytest.CaptureFixture[str]) -> None:
    later(HARMLESS[what])
    linter = linted()
    assert (linter.nb_valid, linter.nb_erroneous) == (1, 0), capsys.readouterr().out


@pytest.mark.parametrize("what", BREAKING)
def test_what_old_code_cannot_live_with_is_refused(what: str, later: Any, capsys: pytest.CaptureFixture[str]) -> None:
    later(BREAKING[what])
    linter = linted()
    assert linter.has_errors, capsys.readouterr().out
