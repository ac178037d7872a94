"""The history pages: what changed in words, who, when, why and from where."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from screening.models import AbsentValue, Observation, Subject, Therapy, Toxicity
from sites.models import Site
from tests.dashboards.people import person
from tests.factories import MembershipFactory, SiteFactory
from tests.screening.reminders.rows import a_reminder
from trialops.accounts.models import User
from trialops.audit.models import Event

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_stands_still")]


@pytest.fixture
def site() -> Site:
    made: Site = SiteFactory(study__registry_id="NCT70000001", code="JAX", time_zone="America/New_York")
    return made


@pytest.fixture
def subject(site: Site) -> Subject:
    return person(site, "in_screening")


@pytest.fixture
def coordinator(site: Site) -> User:
    user: User = MembershipFactory(site=site, role="coordinator", user__username="casey").user
    return user


@pytest.fixture
def browser(client: Client, coordinator: User) -> Client:
    client.force_login(coordinator)
    return client


def text_of(client: Client, path: str) -> str:
    answer: Any = client.get(path)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_a_change_is_told_with_old_and_new_who_and_from_where(browser: Client, subject: Subject) -> None:
    browser.post(f"/subjects/{subject.pk}/first-dose/", {"planned_first_dose": "2026-12-15"})
    browser.post(f"/subjects/{subject.pk}/first-dose/", {"planned_first_dose": "2026-12-16"})
    page = text_of(browser, f"/subjects/{subject.pk}/history/")
    assert "planned first dose: <s>15 Dec 2026</s> → 16 Dec 2026" in page
    assert "casey" in page
    assert "coordinator NCT70000001 JAX" in page
    assert "POST subjects/&lt;uuid:subject_id&gt;/first-dose/" in page
    assert " EST<" in page
    assert " UTC<" in page


def test_whoever_opens_a_page_about_a_subject_is_in_its_history(browser: Client, subject: Subject) -> None:
    browser.get(f"/subjects/{subject.pk}/")
    event = Event.objects.get(action="read")
    assert (event.subject_pk, event.user_name, event.roles) == (subject.pk, "casey", ["coordinator NCT70000001 JAX"])
    assert event.origin == "GET subjects/<uuid:subject_id>/"
    assert "page read" in text_of(browser, f"/subjects/{subject.pk}/history/?kind=read&person=casey")
    assert "Nothing is recorded that fits" in text_of(browser, f"/subjects/{subject.pk}/history/?person=nobody")


def test_a_page_that_is_refused_is_no_reading(browser: Client) -> None:
    elsewhere = person(SiteFactory(), "in_screening")
    assert browser.get(f"/subjects/{elsewhere.pk}/").status_code == 404
    assert not Event.objects.filter(action="read").exists()


def test_a_corrected_fact_has_both_versions_and_the_reason(browser: Client, subject: Subject) -> None:
    path = f"/subjects/{subject.pk}/facts/observation/new/"
    browser.post(path, {"fact": "ecog", "value": "0", "on": "2026-11-20"})
    row = subject.observation_rows.get()
    browser.post(
        f"/subjects/{subject.pk}/facts/observation/{row.pk}/correct/",
        {"fact": "ecog", "value": "1", "on": "2026-11-20", "reason": "typed wrongly"},
    )
    newer = subject.observation_rows.get(supersedes=row)
    for pk in (row.pk, newer.pk):
        page = text_of(browser, f"/subjects/{subject.pk}/facts/observation/{pk}/history/")
        assert page.count("observation</span> added") == 2
        assert "typed wrongly" in page


def test_each_fact_on_the_pages_leads_to_its_history(client: Client, subject: Subject, site: Site) -> None:
    by = MembershipFactory(site=site, study=site.study, role="monitor").user
    rows: dict[str, Any] = {"source": "typed", "subject": subject, "recorded_by": subject.created_by}
    facts = {
        "observation": Observation.objects.create(fact="ecog", value="1", on="2026-01-02", day="2026-01-02", **rows),
        "therapy": Therapy.objects.create(kind="regimen", drugs=["lenalidomide"], **rows),
        "toxicity": Toxicity.objects.create(term="rash", grade=2, **rows),
        "answer": AbsentValue.objects.create(fact="lvef", why="not_done", day="2026-01-02", **rows),
    }
    client.force_login(by)
    seen = text_of(client, f"/subjects/{subject.pk}/")
    client.force_login(MembershipFactory(site=site, study=site.study).user)
    entered = text_of(client, f"/subjects/{subject.pk}/entry/")
    for kind, row in facts.items():
        address = f"/subjects/{subject.pk}/facts/{kind}/{row.pk}/history/"
        assert f'href="{address}"' in seen, kind
        if kind != "observation":  # the subject's protocol does not ask for it
            assert f'href="{address}"' in entered, kind
        assert "added" in text_of(client, address)


def test_older_events_are_on_the_next_page(browser: Client, subject: Subject, site: Site) -> None:
    for n in range(60):
        Site.objects.filter(pk=site.pk).update(city=f"City {n}")
    newest = text_of(browser, "/studies/NCT70000001/sites/JAX/history/")
    assert "City 59" in newest
    assert "City 0<" not in newest
    before = newest.split("before=")[1].split('"')[0]
    assert "City 0<" in text_of(browser, f"/studies/NCT70000001/sites/JAX/history/?before={before}")
    assert text_of(browser, "/studies/NCT70000001/sites/JAX/history/?before=x&kind=x") is not None


def test_a_manager_reads_a_studys_history_and_is_led_to_its_export(client: Client, site: Site) -> None:
    manager = MembershipFactory(study=site.study, site=None, role="study_manager").user
    client.force_login(manager)
    assert "study manager NCT70000001" not in text_of(client, "/studies/NCT70000001/history/")
    page = text_of(client, "/studies/NCT70000001/history/")
    assert "study</span> added" in page
    assert 'href="/studies/NCT70000001/audit/"' in page


def test_the_admins_history_of_a_row_is_the_trail(client: Client, site: Site) -> None:
    manager = MembershipFactory(study=site.study, site=None, role="study_manager", user__is_staff=True).user
    manager.groups.add(Group.objects.get(name="Study managers"))
    client.force_login(manager)
    Site.objects.filter(pk=site.pk).update(city="Rochester")
    page = text_of(client, f"/admin/trial_sites/site/{site.pk}/history/")
    assert "city: – → Rochester" in page or "city: Rochester" in page
    assert "outside the application" in page


def test_a_reminders_page_is_a_reading_of_its_subject(browser: Client, subject: Subject) -> None:
    reminder = a_reminder(subject)
    assert browser.get(f"/reminders/{reminder.pk}/").status_code == 200
    assert Event.objects.get(action="read").subject_pk == subject.pk
