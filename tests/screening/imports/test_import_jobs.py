"""A confirmed import is stored by a worker in the name of who confirmed it, once and as it was seen, or refused."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from screening.imports.preview import preview_of
from screening.models import Import, ImportState, Observation, Subject
from screening.services import record_fact
from screening.services.import_jobs import imports_under_way, queue_import, work_on_import
from screening.services.importing import (
    KEPT_FOR,
    PreviewChangedError,
    commit_import,
    discard_import,
    purge_imports,
    store_import,
)
from sites.models import Membership, Site
from tests.people import NOW, member, signed_in, text
from tests.screening.study import open_reference_site
from trialops.accounts.models import User
from trialops.audit.context import acting
from trialops.audit.models import Event
from trialops.jobs import MOST_ATTEMPTS, Telling

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_stands_still")]
TODAY = date(2026, 11, 23)
FACTS = "subject,fact,value,unit,on\nnew-1,hemoglobin,13.1,g/dL,2026-11-20\nnew-2,ecog,1,,2026-11-20\n"
TAKEN = "subject,fact,value,unit,on\nJAX-0001,hemoglobin,12.9,g/dL,2026-11-20\n"


@pytest.fixture
def site() -> Site:
    return open_reference_site()


@pytest.fixture
def by(site: Site) -> User:
    return member(Membership.Role.COORDINATOR, site=site, username="casey")


@pytest.fixture
def browser(by: User) -> Client:
    return signed_in(by)


def handed_in(site: Site, by: User, data: str = FACTS) -> Import:
    return store_import(site=site, data=data.encode(), screened_on=TODAY, by=by, now=NOW)


def confirmed(pending: Import, by: User, *, corrections: Any = (), reason: str = "") -> Import:
    shown = preview_of(pending).digest
    return queue_import(pending=pending, shown=shown, corrections=corrections, reason=reason, by=by, now=NOW)


def worked_on(job: Import) -> Import:
    work_on_import(pk=job.pk, now=NOW)
    job.refresh_from_db()
    return job


def address(job: Import, more: str = "") -> str:
    return f"/studies/{job.site.study.registry_id}/sites/{job.site.code}/imports/{job.pk}/{more}"


def test_nothing_is_stored_before_a_worker_comes_and_everything_after(site: Site, by: User) -> None:
    job = confirmed(handed_in(site, by), by)
    assert (job.state, job.confirmed_by, list(imports_under_way())) == (ImportState.QUEUED, by, [job])
    assert not Subject.objects.exists()
    done = worked_on(job)
    assert (done.state, done.subjects_added, done.facts_added, done.decided_by) == (ImportState.COMMITTED, 2, 2, by)
    assert Subject.objects.count() == 2
    assert not imports_under_way().exists()


def test_the_trail_names_the_person_who_confirmed_and_the_task(site: Site, by: User) -> None:
    job = confirmed(handed_in(site, by), by)
    latest = Event.objects.latest("id").pk
    with acting(origin="task screening.tasks.work_on_import", who={"name": "the clock", "roles": ["scheduled task"]}):
        worked_on(job)
    events = Event.objects.filter(pk__gt=latest)
    assert {event.model for event in events} >= {"screening.Import", "screening.Subject", "screening.Observation"}
    assert {(event.user_name, event.user_pk, event.roles[0]) for event in events} == {
        ("casey", by.pk, f"coordinator {site.study.registry_id} JAX")
    }
    assert {event.origin for event in events} == {"task screening.tasks.work_on_import"}
    assert set(Observation.objects.values_list("recorded_by", flat=True)) == {by.pk}


def test_confirmed_twice_it_is_queued_once_and_worked_on_twice_it_is_stored_once(site: Site, by: User) -> None:
    pending = handed_in(site, by)
    shown = preview_of(pending).digest
    for _ in range(2):
        queue_import(pending=pending, shown=shown, corrections=[], reason="", by=by, now=NOW)
    for _ in range(2):
        worked_on(pending)
    assert confirmed(pending, by).pk == pending.pk
    assert Subject.objects.count() == 2
    assert Event.objects.filter(model="screening.Import", new__state="queued").count() == 1


def test_what_was_recorded_meanwhile_refuses_it_and_it_can_be_confirmed_again(
    site: Site, by: User, browser: Client
) -> None:
    worked_on(confirmed(handed_in(site, by), by))
    job = handed_in(site, by, TAKEN.replace("hemoglobin,12.9,g/dL", "lvef,60,%"))
    confirmed(job, by)
    raw = {"fact": "lvef", "value": 55, "unit": "%", "on": "2026-11-20"}
    record_fact(subject=Subject.objects.get(number=1), kind=Observation, raw=raw, by=by, now=NOW)
    refused = worked_on(job)
    assert refused.state == ImportState.REFUSED
    page = text(browser.get(address(job)))
    assert "Nothing was stored. Something had been recorded since the preview was confirmed." in page
    (correction,) = preview_of(job).corrections
    confirmed(job, by, corrections=[correction.key], reason="The later reading.")
    assert worked_on(job).facts_corrected == 1


def test_a_correction_is_made_with_the_reason_that_was_given_when_it_was_confirmed(site: Site, by: User) -> None:
    worked_on(confirmed(handed_in(site, by), by))
    job = handed_in(site, by, TAKEN)
    (correction,) = preview_of(job).corrections
    with pytest.raises(ValidationError, match="Say why"):
        confirmed(job, by, corrections=[correction.key])
    worked_on(confirmed(job, by, corrections=[correction.key], reason="The laboratory corrected it."))
    assert Observation.objects.get(value="12.9").reason == "The laboratory corrected it."


def test_another_preview_than_the_one_shown_is_not_queued(site: Site, by: User) -> None:
    with pytest.raises(PreviewChangedError):
        queue_import(pending=handed_in(site, by), shown="0" * 64, corrections=[], reason="", by=by, now=NOW)
    assert not imports_under_way().exists()


@pytest.mark.parametrize("how", ["role ended", "account retired", "role became a monitor's"])
def test_whoever_may_no_longer_enter_records_when_the_worker_comes_is_refused(site: Site, by: User, how: str) -> None:
    job = confirmed(handed_in(site, by), by)
    roles = Membership.objects.filter(user=by)
    if how == "role ended":
        roles.update(ends_on=TODAY - timedelta(days=1))
    elif how == "account retired":
        User.objects.filter(pk=by.pk).update(is_active=False)
    else:
        roles.update(role=Membership.Role.MONITOR)
    refused = worked_on(job)
    assert (refused.state, refused.why) == (ImportState.REFUSED, f"{by} may not enter records at JAX any more.")
    assert not Subject.objects.exists()


def test_one_that_never_ends_is_given_up_and_says_so(site: Site, by: User) -> None:
    job = confirmed(handed_in(site, by), by)
    Import.objects.filter(pk=job.pk).update(state=ImportState.COMMITTING, attempt=MOST_ATTEMPTS - 1)
    assert worked_on(job).state == ImportState.COMMITTED
    job = confirmed(handed_in(site, by), by)
    Import.objects.filter(pk=job.pk).update(state=ImportState.COMMITTING, attempt=MOST_ATTEMPTS)
    refused = worked_on(job)
    assert refused.state == ImportState.REFUSED
    assert "begun 5 times and never ended" in refused.why


def test_one_under_way_is_neither_discarded_nor_committed_otherwise_nor_purged(site: Site, by: User) -> None:
    job = confirmed(handed_in(site, by), by)
    with pytest.raises(ValidationError, match="queued already"):
        discard_import(pending=job, by=by, now=NOW)
    with pytest.raises(ValidationError, match="queued already"):
        commit_import(pending=job, shown=job.shown, corrections=[], reason="", by=by, now=NOW)
    assert purge_imports(now=NOW + 2 * KEPT_FOR) == 0
    assert worked_on(job).state == ImportState.COMMITTED


def test_the_page_waits_follows_and_tells_the_end_however_often_it_is_loaded(
    site: Site, by: User, browser: Client
) -> None:
    job = confirmed(handed_in(site, by), by)
    assert "Waiting for a worker" in text(browser.get(address(job)))
    Import.objects.filter(pk=job.pk).update(state=ImportState.COMMITTING)
    assert "Beginning" in text(browser.get(address(job)))
    Telling(job)(1, 2)
    for _ in range(2):
        page = text(browser.get(address(job)))
        assert "1 of 2 subjects" in page
        assert 'value="50"' in page
        assert "Store it" not in page
    fragment = browser.get(address(job, "progress/"))
    assert "1 of 2 subjects" in text(fragment)
    assert "HX-Refresh" not in fragment.headers
    worked_on(job)
    ended = browser.get(address(job, "progress/"))
    assert ended.headers["HX-Refresh"] == "true"
    assert "hx-get" not in text(ended)
    page = text(browser.get(address(job)))
    assert "Stored: 2 facts." in page
    assert "htmx" not in page


def test_why_it_was_refused_is_told_in_the_language_of_who_reads_it(site: Site, by: User, browser: Client) -> None:
    job = confirmed(handed_in(site, by), by)
    Import.objects.filter(pk=job.pk).update(state=ImportState.COMMITTING, attempt=MOST_ATTEMPTS)
    worked_on(job)
    User.objects.filter(pk=by.pk).update(language="es")
    assert "begun 5 times" not in text(browser.get(address(job)))
