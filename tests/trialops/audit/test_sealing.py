"""Events find their place in a chain once each, however many write and seal at the same time."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction

from sites.models import Site
from tests.factories import SiteFactory, StudyFactory, UserFactory
from trialops.audit.chains import chain_findings, chain_numbers
from trialops.audit.models import INSTALLATION, Event, Link
from trialops.audit.sealing import seal_events
from trialops.audit.services import seal
from trialops.audit.tasks import close_audit_day, seal_audit
from trialops.scope import system_scope

NOW = datetime(2026, 11, 25, 4, tzinfo=UTC)


def whole() -> bool:
    return not [finding for chain in chain_numbers() for finding in chain_findings(chain)]


@pytest.mark.django_db
def test_the_task_seals_as_a_worker_runs_it_and_the_nightly_one_keeps_heads(settings: Any, tmp_path: Path) -> None:
    """In the context that a task's changes are recorded with, through which its own statements pass too."""
    settings.AUDIT_SIGNING_KEY, settings.AUDIT_HEADS_DIR = tmp_path / "signing.key", tmp_path / "heads"
    SiteFactory()
    assert seal_audit() > 0
    close_audit_day()
    assert any((tmp_path / "heads").iterdir())
    assert whole()


@pytest.mark.django_db
def test_each_event_is_sealed_once_in_its_studys_chain() -> None:
    site, other, user = SiteFactory(), SiteFactory(), UserFactory()
    seal_events()
    chains = dict(Link.objects.values_list("event__model", "chain").filter(event__row=str(user.pk)))
    assert chains["accounts.User"] == INSTALLATION
    for one in (site, other):
        assert Link.objects.get(event__model="trial_sites.Site", event__row=str(one.pk)).chain == one.study_id
    assert Link.objects.count() == Event.objects.count()
    assert whole()


@pytest.mark.django_db
def test_sealing_again_seals_nothing_twice() -> None:
    SiteFactory()
    seal_events()
    links = Link.objects.count()
    assert seal_events().events == 0
    assert seal_events(everything=True).events == 0
    assert Link.objects.count() == links


@pytest.mark.django_db
def test_the_signed_head_of_a_chain_that_grew_is_kept_outside(heads: Path) -> None:
    study = StudyFactory()
    seal(now=NOW)
    line = json.loads((heads / f"{study.pk}.jsonl").read_text())
    last = Link.objects.filter(chain=study.pk).latest("sequence")
    assert (line["sequence"], line["digest"]) == (last.sequence, last.digest)
    assert line["at"] == "2026-11-25T04:00:00.000000+00:00"


@pytest.mark.usefixtures("committed_db")
def test_an_event_that_commits_late_is_sealed_by_the_next_sealing() -> None:
    study = StudyFactory()
    begun, go_on = Barrier(2), Barrier(2)

    @system_scope()
    def slow_writer() -> None:
        with transaction.atomic():
            SiteFactory(study=study, code="SLOW")
            begun.wait(timeout=30)
            go_on.wait(timeout=30)
        connection.close()

    with ThreadPoolExecutor(1) as threads:
        writer = threads.submit(slow_writer)
        begun.wait(timeout=30)
        UserFactory()
        UserFactory()
        seal_events()  # what was added after the slow writer's row is sealed before it
        assert not Link.objects.filter(event__new__code="SLOW").exists()
        go_on.wait(timeout=30)
        writer.result()
    seal_events()
    assert Link.objects.filter(event__new__code="SLOW").exists()
    assert Link.objects.count() == Event.objects.count()
    assert whole()


@pytest.mark.usefixtures("committed_db")
def test_fifty_writers_and_three_sealers_at_once_leave_whole_chains() -> None:
    study = StudyFactory()

    @system_scope()
    def write(number: int) -> None:
        Site.objects.create(study=study, code=f"W{number}", facility="A hospital", time_zone="UTC")
        Site.objects.filter(study=study, code=f"W{number}").update(city="Rochester")
        connection.close()

    @system_scope()
    def seal_some(_: int) -> None:
        for _ in range(5):
            seal_events()
        connection.close()

    with ThreadPoolExecutor(8) as writers, ThreadPoolExecutor(3) as sealers:
        written = [writers.submit(write, number) for number in range(50)]
        sealed = [sealers.submit(seal_some, number) for number in range(3)]
        for done in written + sealed:
            done.result()
    seal_events()
    assert Link.objects.filter(chain=study.pk, event__model="trial_sites.Site").count() == 100
    assert Link.objects.count() == Event.objects.count()
    assert whole()
