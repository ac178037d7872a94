"""An upgrade under load, with a migration: the running version on the new schema, then both side by side, then one.

The version of tomorrow is a copy of the code with one column and one index more. Nobody who writes may notice.
"""

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.faults.processes import ROOT
from tests.faults.stage import Stage
from tests.faults.web import PATIENCE, Figures, Load, held_to_its_word, more, readiness, under_load, writing
from trialops.embedded.ports import free_port

LEFT_BEHIND = (".git", ".venv", ".tools", "var", "docs", "benchmarks", "node_modules", "__pycache__", ".*_cache")
SUBJECTS = "screening/models/subjects.py"
COLUMN = "    created_at = models.DateTimeField(db_default=Now(), editable=False)\n"
INDEXES = "        indexes = ["
MIGRATION = """
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("screening", "0001_initial")]
    operations = [
        migrations.AddField("subject", "of_tomorrow", models.TextField(null=True, blank=True)),
        AddIndexConcurrently("subject", models.Index(fields=["created_at"], name="subject_of_tomorrow")),
    ]
"""
TRIES = 5
"""A migration that meets somebody's lock gives way and is run again, as docs/operations.md says."""


def side_by_side(stage: Stage, *, writes: int) -> Figures:
    """So many writes are waited for in each phase; a failed one in any of them breaks the promise."""
    folder = Path(stage.env["TRIALOPS_STATE_DIR"]).parent
    today, tomorrow = _copy_to(folder / "installed"), _of_tomorrow(folder / "tomorrow")
    with under_load(stage, code=today) as (old, web):
        port = free_port()
        stage.processes.web(port, code=tomorrow)
        stage.wait(lambda: _migrations(port).startswith("1 not applied"), seconds=PATIENCE, what="too new to be ready")
        more(stage, old, writes)
        began = time.monotonic()
        gave_way = _migrate(stage, tomorrow)
        migrated = time.monotonic() - began
        on_new_schema = more(stage, old, writes)
        stage.wait(lambda: _migrations(port) == "ok", seconds=PATIENCE, what="the new version ready")
        new = Load(port, old.path, old.token)
        with writing(stage, new):
            more(stage, new, writes)
            more(stage, old, writes)
            _copy_to(today, of=tomorrow)
            web.leader.send_signal(signal.SIGHUP)
            stage.tick(2)
            more(stage, old, writes)
            more(stage, new, writes)
    figures = {
        "writes of old code on the new schema, seconds": round(on_new_schema, 1),
        "migration, seconds": round(migrated, 1), "gave way": gave_way,
        "failed requests of the old": old.failures, "of the new": new.failures, **held_to_its_word(stage, old, new),
    }  # fmt: skip
    assert old.failures == new.failures == 0, figures
    return figures


def _copy_to(place: Path, *, of: Path = ROOT) -> Path:
    shutil.copytree(of, place, ignore=shutil.ignore_patterns(*LEFT_BEHIND), dirs_exist_ok=True)
    return place


def _of_tomorrow(place: Path) -> Path:
    """A copy with a column, an index and the migration that brings them."""
    subjects = _copy_to(place) / SUBJECTS
    text = subjects.read_text()
    assert text.count(COLUMN) == 1
    text = text.replace(COLUMN, f"{COLUMN}    of_tomorrow = models.TextField(null=True, blank=True)\n")
    before, found, after = text.partition(INDEXES)
    assert found
    index = 'models.Index(fields=["created_at"], name="subject_of_tomorrow"), '
    subjects.write_text(before + found + index + after)
    (place / "screening" / "migrations" / "0002_of_tomorrow.py").write_text(MIGRATION)
    return place


def _migrate(stage: Stage, code: Path) -> int:
    """Migrate as an operator does; how often it gave way to those who write."""
    for gave_way in range(TRIES):
        done = subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
            cwd=code, env=stage.env, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode == 0:
            return gave_way
        assert "this migration gave way" in done.stderr, done.stderr
    raise AssertionError(f"the migration gave way {TRIES} times")


def _migrations(port: int) -> str:
    """What a server tells of its schema; nothing while it starts."""
    try:
        return readiness(port)["migrations"]
    except OSError:
        return ""
