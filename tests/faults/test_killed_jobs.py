"""Workers killed in the middle of an import and of an export: nothing half stored, and another one does it."""

import itertools
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache.backends.db import DatabaseCache
from django.db import connection, connections
from django.utils import timezone

from screening.imports.preview import preview_of
from screening.models import ExportState, ImportState, Observation, Subject, TrailExport
from screening.services.import_jobs import queue_import
from screening.services.importing import store_import
from screening.services.trail_exports import ask_for_export
from sites.models import Membership, RegistryCopy, Site
from sites.queries import site_today
from tests.faults.processes import Processes, wait_until
from tests.people import member
from tests.screening.study import open_reference_site
from trialops.accounts.models import User
from trialops.audit.export import exported
from trialops.audit.models import Event

pytestmark = pytest.mark.faults
SUBJECTS = 200
EVENTS = 60_000


@pytest.fixture
def cache_of_workers(committed_db: None) -> Iterator[DatabaseCache]:
    """Where worker processes tell how far they are: in the tests' database, on the connection that stands apart."""
    apart = connections["apart"]
    before = apart.settings_dict["NAME"]
    apart.settings_dict["NAME"] = connection.settings_dict["NAME"]
    yield DatabaseCache("trialops_cache", {})
    apart.close()
    apart.settings_dict["NAME"] = before


def test_a_worker_killed_in_the_middle_of_an_import_leaves_nothing_and_another_one_stores_it_once(
    processes_apart: Processes, cache_of_workers: DatabaseCache
) -> None:
    def subjects_told_of() -> int:
        return int((cache_of_workers.get(f"progress:screening.import:{job.pk}") or (0, None))[0])

    site, now = open_reference_site(), timezone.now()
    by = member(Membership.Role.COORDINATOR, site=site, username="casey")
    day = site_today(site, now) - timedelta(days=1)
    lines = "".join(f"new-{number},hemoglobin,13.1,g/dL,{day}\n" for number in range(SUBJECTS))
    data = f"subject,fact,value,unit,on\n{lines}".encode()
    job = store_import(site=site, data=data, screened_on=day, by=by, now=now)
    queue_import(pending=job, shown=preview_of(job).digest, corrections=[], reason="", by=by, now=now)
    processes_apart.beat()
    for _ in range(2):
        worker = processes_apart.worker()
        wait_until(lambda: subjects_told_of() > SUBJECTS // 10, seconds=90, processes=processes_apart)
        worker.kill()
        job.refresh_from_db()
        assert job.state == ImportState.COMMITTING, "killed too late to prove anything"
        assert not Subject.objects.exists()
        cache_of_workers.clear()
    processes_apart.worker()
    wait_until(lambda: state_of(job) == ImportState.COMMITTED, seconds=90, processes=processes_apart)

    assert job.attempt >= 3
    assert sorted(Subject.objects.values_list("number", flat=True)) == list(range(1, SUBJECTS + 1))
    assert Observation.objects.count() == SUBJECTS
    assert set(Event.objects.filter(model="screening.Subject").values_list("user_name", flat=True)) == {"casey"}


def test_a_worker_killed_in_the_middle_of_an_export_is_followed_by_one_that_goes_on(
    processes_apart: Processes,
) -> None:
    site = open_reference_site()
    by = member(Membership.Role.STUDY_MANAGER, study=site.study)
    a_long_trail(site, by)
    export = ask_for_export(study=site.study, form="csv", first=None, last=None, by=by)
    processes_apart.beat()
    worker = processes_apart.worker()
    wait_until(lambda: written(export) > 0, seconds=90, processes=processes_apart)
    worker.kill()
    assert state_of(export) == ExportState.RUNNING, "killed too late to prove anything"
    processes_apart.worker()
    wait_until(lambda: state_of(export) == ExportState.DONE, seconds=90, processes=processes_apart)

    whole = "".join(itertools.islice(exported(site.study_id, form="csv"), export.total + 1)).encode()
    assert b"".join(export.content()) == whole
    assert export.written == export.total >= EVENTS


def a_long_trail(site: Site, by: User) -> None:
    """So many rows that the trail records, added a thousand at a time."""
    copy = {"study": site.study, "document": {}, "digest": "0" * 64, "recorded_by": by}
    RegistryCopy.objects.bulk_create([RegistryCopy(**copy) for _ in range(EVENTS)], batch_size=1000)


def state_of(job: Any) -> str:
    job.refresh_from_db()
    return str(job.state)


def written(export: TrailExport) -> int:
    export.refresh_from_db()
    return export.written
