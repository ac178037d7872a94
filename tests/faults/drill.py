"""The restore drill: a backup under load, a fire, an empty cluster elsewhere; what is lost, and how long it takes.

The clock of the recovery begins with the fire and ends with the first write that the new system acknowledges.
"""

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.faults.processes import ROOT, celery_processes
from tests.faults.stage import Stage, made_due, make_due, make_sites
from tests.faults.web import Figures, Load, more, under_load
from trialops.backups.sealed import new_key
from trialops.embedded import postgres, servers
from trialops.embedded.postgres_home import data_directory

SITES = 20
WRITES_AFTER = 20
SWEEPS_IN_QUARANTINE = 5


def restored(stage: Stage, *, subjects: int, due: int) -> Figures:
    """`due` reminders are told between the backup and the fire, and as many come due after the restore."""
    folder = Path(stage.env["TRIALOPS_STATE_DIR"]).parent
    stage.env.update({"BACKUP_KEY": new_key(), "BACKUP_DIR": str(folder / "backups")})
    where, manager = _filled(stage, subjects=subjects)
    before_the_fire = _due_at(make_sites(10), due)
    with under_load(stage, where=where) as (load, _web):
        more(stage, load, 5)
        sealed = stage.asked(_sealed)
        promised = set(load.acknowledged)
        began = time.monotonic()
        _manage(stage, "backup")
        backup = time.monotonic() - began
        _all_told(stage, due)
        more(stage, load, WRITES_AFTER)
        between = time.monotonic() - began
    (file,) = (folder / "backups").iterdir()
    told = stage.mail.count
    fire = time.monotonic()
    with _another_cluster(stage, folder):
        said = _manage(stage, "restore", str(file))
        restore = time.monotonic() - fire
        with under_load(stage, where=where) as (afterwards, _web):
            recovery = time.monotonic() - fire
            found = stage.asked(lambda: _found(load, promised))
            resent = _quarantined_and_released(stage, before_the_fire, manager, due=due, told=told)
        checked = [_manage(stage, *words.split()) for words in ("verify_counts", "verify_audit --no-rows")]
    assert "the audit trail is whole" in said, said
    assert found["acknowledged before the backup, missing"] == 0, found
    assert afterwards.failures == 0, afterwards.answers
    return {
        "subjects": subjects, "events sealed": sealed, "rows": _rows_in(said),
        "backup, MB": round(file.stat().st_size / 2**20, 1),
        "backup, seconds": round(backup, 1), "seconds between backup and fire": round(between, 1), **found,
        "restore, seconds": round(restore, 1), "fire to the first write, seconds": round(recovery, 1), **resent,
        "verified": [line.splitlines()[-1] for line in checked if line],
    }  # fmt: skip


def _all_told(stage: Stage, due: int) -> None:
    """The workers begin, which did not run until now: the backup does not know what they send."""
    stage.processes.beat()
    stage.workers = [stage.processes.worker()]
    stage.wait(lambda: stage.mail.count == due, seconds=300, what="all told before the fire")


def _filled(stage: Stage, *, subjects: int) -> tuple[tuple[str, str], str]:
    """A large study; where subjects are added to it and by which token, and who manages it."""
    import psycopg

    from benchmarks.load.data import fill_for_load
    from sites.models import Membership, Study
    from sites.tokens import issue_token
    from tests.people import member

    state = stage.running.supervisor.state
    superuser = postgres.url(state, _port(stage), postgres.SUPERUSER)
    with psycopg.connect(superuser) as connection:
        filled = fill_for_load(connection, sites=SITES, subjects=subjects, audit_rows=subjects)
    study = Study.objects.get(registry_id=filled.registry_id)
    by = member(Membership.Role.STUDY_MANAGER, study=study)
    _, token = issue_token(study=study, name="load", resources=["staff"], by=by, personal=True)
    return (f"/api/v1/studies/{filled.registry_id}/sites/{filled.codes[0]}/subjects/", token), by.username


def _due_at(subjects: list[Any], due: int) -> list[str]:
    """So many more reminders that are due; their ids."""
    from django.utils import timezone

    known = set(made_due().values_list("pk", flat=True))
    make_due(subjects, due, due_at=lambda _: timezone.now() - timedelta(minutes=1))
    return [str(pk) for pk in made_due().exclude(pk__in=known).values_list("pk", flat=True)]


@contextmanager
def _another_cluster(stage: Stage, folder: Path) -> Iterator[None]:
    """The first cluster is gone with its files; an empty one with the same secrets takes its place in `stage`."""
    from django.db import connections

    for group in reversed(stage.processes.started):
        group.kill()
    stage.processes.started.clear()
    connections.close_all()
    old = stage.running.supervisor.state
    stage.running.supervisor.stop_one(servers.POSTGRES)
    shutil.rmtree(data_directory(old))
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    shutil.copy(old.directory / "secrets.json", elsewhere)
    new = servers.start_servers(elsewhere, want={servers.POSTGRES}, durable=False, say=lambda _: None)
    stage.env.update(new.environment)
    for connection in connections.all():
        connection.settings_dict["PORT"] = _port(stage)
    try:
        with celery_processes(stage.env, folder) as stage.processes:
            yield
    finally:
        connections.close_all()
        new.stop()


def _quarantined_and_released(stage: Stage, told_before: list[str], manager: str, *, due: int, told: int) -> Figures:
    """The old reminders and new ones are held, until somebody says that the new ones alone have been told to nobody."""
    fresh = _due_at(make_sites(10, prefix="N"), due)
    stage.processes.beat()
    stage.workers = [stage.processes.worker()]
    for _ in range(SWEEPS_IN_QUARANTINE):
        before = stage.asked(_last_sweep)
        stage.wait(lambda: _last_sweep() != before, seconds=120, what="a sweep in quarantine")  # noqa: B023
    in_quarantine = stage.mail.count - told
    said = _manage(stage, "quarantine", "release", "--by", manager, "--reason", "The drill.", "--send", *fresh)
    stage.wait(lambda: stage.mail.count >= told + due, seconds=300, what="the new ones told")
    stage.tick(3)
    again = len(stage.mail.message_ids) - len(set(stage.mail.message_ids))
    figures = {
        "told between backup and fire": len(told_before), "sent in quarantine": in_quarantine,
        "told again": again + stage.mail.count - told - due, "sent after the release": stage.mail.count - told,
    }  # fmt: skip
    assert f"{due} reminders are sent, {len(told_before)} count as told before" in said, said
    assert figures["sent in quarantine"] == figures["told again"] == 0, figures
    return figures


def _last_sweep() -> Any:
    from screening.reminders.heartbeats import SWEEP, last_beat

    return last_beat(SWEEP)


def _found(load: Load, promised: set[str]) -> Figures:
    """What the restored database has of what the lost one had acknowledged."""
    from screening.models import Subject

    everything = set(load.acknowledged)
    stored = {str(pk) for pk in Subject.objects.filter(pk__in=everything).values_list("pk", flat=True)}
    return {
        "acknowledged before the backup": len(promised),
        "acknowledged before the backup, missing": len(promised - stored),
        "acknowledged during or after it": len(everything - promised),
        "lost with the fire": len(everything - stored),
    }


def _sealed() -> int:
    """Every event so far in its chain, with the heads kept outside the database."""
    from django.utils import timezone

    from trialops.audit.services import seal

    return seal(now=timezone.now() + timedelta(minutes=5), everything=True).events


def _manage(stage: Stage, *arguments: str) -> str:
    """A command of the product, as an operator types it; what it printed."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env=stage.env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _rows_in(said: str) -> int:
    found = re.search(r"Restored (\d+) rows", said)
    assert found, said
    return int(found[1])


def _port(stage: Stage) -> int:
    return int(urlsplit(stage.env["DATABASE_URL"]).port or 0)
