"""Runs over a pool whose workers are killed in the middle: what was committed counts once, and the rest is done."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from screening import services
from screening.criteria import json_text, parse_protocol, parse_record
from screening.models import Assessment, ProtocolVersion, RescoringRun, RunState, Subject
from screening.queries import protocol_of
from screening.rescoring import cancel_run, start_after_publication, start_what_if
from screening.rescoring.results import changes_of, tally_of
from screening.rescoring.runs import divide, progress_of
from sites.models import Site
from sites.queries import site_today
from tests.factories import UserFactory
from tests.faults.processes import Processes, wait_until
from tests.screening.amendments import all_consent, newest
from tests.screening.records import eligible_record, with_fact
from tests.screening.study import open_reference_site

pytestmark = pytest.mark.faults
SUBJECTS = 120
IN_PART = 2
KILLS = 3


def a_pool() -> tuple[Site, Any]:
    """Subjects who were all eligible, each with an ejection fraction of 44 %."""
    site, by, now = open_reference_site(), UserFactory(), timezone.now()
    record = parse_record(with_fact(eligible_record(today=site_today(site, now) - timedelta(days=1)), "lvef", 44))
    for _ in range(SUBJECTS):
        services.import_record(site=site, record=record, by=by, now=now)
    return site, by


def stricter(site: Site, by: Any, *, published: bool) -> ProtocolVersion:
    """A version under which none of them is eligible."""
    raw = json_text.loads(protocol_of(site.study.protocol_versions.get()).text)
    raw["version"] = "2"
    next(item for item in raw["criteria"] if item["id"] == "E15")["condition"]["compare"]["below"] = 46
    protocol = parse_protocol(json_text.dumps(raw))
    today = site_today(site, timezone.now())
    if published:
        return newest(site.study, protocol, by=by, now=timezone.now(), effective_on=today)
    return ProtocolVersion.objects.create(
        study=site.study, label="2", effective_on=today, document=protocol.text, digest=protocol.digest
    )


def test_workers_killed_in_the_middle_of_a_run_lose_nothing_and_count_nothing_twice(
    processes_apart: Processes,
) -> None:
    site, by = a_pool()
    version = stricter(site, by, published=True)
    all_consent(version, on=site_today(site, timezone.now()), by=by, now=timezone.now())
    before = Assessment.objects.count()
    run = start_after_publication(version=version, by=by, now=timezone.now())
    assert run is not None
    divide(run, subjects_in_part=IN_PART)
    processes_apart.beat()
    for kill in range(1, KILLS + 1):
        worker = processes_apart.worker()
        goal = kill * SUBJECTS // (KILLS + 2)
        wait_until(lambda: progress_of(run).done >= goal, seconds=90, processes=processes_apart)  # noqa: B023
        worker.kill()
        assert progress_of(run).done < SUBJECTS, "killed too late to prove anything"
    processes_apart.worker()
    wait_until(lambda: ended(run), seconds=90, processes=processes_apart)

    assert run.parts.filter(attempt__gt=1).exists(), "no kill fell into a part"
    assert (run.state, progress_of(run).changed) == (RunState.DONE, SUBJECTS)
    stored = Assessment.objects.order_by("id")[before:]
    assert len(stored) == SUBJECTS
    assert {(each.verdict, each.protocol_version_id) for each in stored} == {("ineligible", version.pk)}
    assert len({each.subject_id for each in stored}) == SUBJECTS
    assert set(Subject.objects.values_list("state", flat=True)) == {"in_screening"}


def test_a_what_if_survives_a_killed_worker_and_a_cancel_takes_effect_within_two_seconds(
    processes_apart: Processes,
) -> None:
    site, by = a_pool()
    draft, in_force = stricter(site, by, published=False), site.study.protocol_versions.get(label="1")
    run = start_what_if(version=draft, against=in_force, by=by, now=timezone.now())
    divide(run, subjects_in_part=1)
    processes_apart.beat()
    worker = processes_apart.worker()
    wait_until(lambda: progress_of(run).done >= 10, seconds=90, processes=processes_apart)
    worker.kill()
    assert progress_of(run).done < SUBJECTS, "killed too late to prove anything"
    processes_apart.worker()
    wait_until(lambda: ended(run), seconds=90, processes=processes_apart)
    assert tally_of(run).subjects == SUBJECTS
    assert len({subject for subject, _, _ in changes_of(run)}) == SUBJECTS

    second = start_what_if(version=draft, against=in_force, by=by, now=timezone.now())
    divide(second, subjects_in_part=1)
    wait_until(lambda: progress_of(second).done >= 10, seconds=90, processes=processes_apart)
    cancel_run(run=second, by=by, now=timezone.now())
    done = progress_of(second).done
    time.sleep(2)
    assert progress_of(second).done == done < SUBJECTS


def ended(run: RescoringRun) -> bool:
    run.refresh_from_db()
    return not run.is_unfinished
