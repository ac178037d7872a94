"""The overview: its table sorted, filtered and remembered, its figures refreshed, a status changed in its row."""

import re
from datetime import date, datetime
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from dashboards.site_table import COLUMNS
from dashboards.work_list import due_reminders
from screening.models import SubjectStateChange
from sites.models import Membership, Site
from sites.services import verify_site_status
from tests.dashboards.people import person, site_status
from tests.factories import SiteFactory
from tests.people import NOW, member, signed_in, text
from tests.screening.reminders.rows import a_reminder
from tests.screening.study import open_reference_site
from trialops.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_stands_still")]
Role = Membership.Role
STUDY = "/studies/NCT03464916/"


@pytest.fixture
def jax() -> Site:
    return open_reference_site("JAX")


@pytest.fixture
def user(jax: Site) -> User:
    return member(Role.STUDY_MANAGER, study=jax.study)


@pytest.fixture
def manager(user: User) -> Client:
    return signed_in(user)


def codes(client: Client, query: str = "") -> list[str]:
    return re.findall(r'id="row-(\w+)"', text(client.get(STUDY + query)))


def etag_on(page: str) -> str:
    found = re.search(r"If-None-Match&quot;: &quot;|\"If-None-Match\": \"\\u0022(\w+)\\u0022\"", page)
    assert found is not None
    return f'"{found[1]}"'


def test_the_table_is_sorted_by_what_the_address_says(manager: Client, jax: Site) -> None:
    for _ in range(2):
        person(Site.objects.get(code="RST"), "in_screening")
    person(jax, "in_screening")
    assert codes(manager) == ["JAX", "RST"]
    assert codes(manager, "?sort=screened") == ["RST", "JAX"]
    assert 'aria-sort="descending"' in text(manager.get(f"{STUDY}?sort=screened"))


def test_every_column_can_be_sorted_by_and_odd_ones_fall_back(manager: Client, jax: Site) -> None:
    SiteFactory(study=jax.study, code="NEW", target=None)
    sorts = set(re.findall(r'id="sort-(\w+)"', text(manager.get(STUDY))))
    assert sorts == set(COLUMNS)
    for sort in sorts:
        assert sorted(codes(manager, f"?sort={sort}")) == ["JAX", "NEW", "RST"]
    for odd in ("sort=id;drop", "status=nowhere", "q=" + "x" * 500, "sort[]=x", "page=-1", "page=9999999999999999999",
                "change=ZZZ", "changed=9999999999999999999", "changed=x", "changed=%C2%B2"):  # fmt: skip
        assert manager.get(f"{STUDY}?{odd}").status_code == 200


def test_sites_are_found_by_name_and_status(manager: Client, jax: Site) -> None:
    SiteFactory(study=jax.study, code="NEW", facility="Sea Clinic")
    verify_site_status(site=jax, verified_on=NOW.date(), by=User.objects.get(username="set-up"))
    assert codes(manager, "?q=sea+clinic") == ["NEW"]
    assert codes(manager, "?q=&status=recruiting") == ["JAX", "RST"]
    assert codes(manager, "?status=stale") == ["NEW", "RST"]
    assert "No site is as chosen above." in text(manager.get(f"{STUDY}?q=nowhere"))


def test_the_choice_is_remembered_for_the_session_and_cleared_by_an_empty_one(manager: Client, user: User) -> None:
    assert codes(manager, "?q=RST&sort=screened") == ["RST"]
    assert codes(manager) == ["RST"]
    assert codes(signed_in(user)) == ["JAX", "RST"]
    assert codes(manager, "?sort=site&status=&q=") == ["JAX", "RST"]
    assert codes(manager) == ["JAX", "RST"]


def test_a_thousand_sites_are_shown_a_hundred_at_a_time(manager: Client, jax: Site) -> None:
    Site.objects.bulk_create(
        Site(study=jax.study, code=f"X{n:03d}", facility="Clinic", time_zone="UTC") for n in range(998)
    )
    page = text(manager.get(STUDY))
    assert len(re.findall(r'id="row-', page)) == 100
    assert "page 1 of 10" in page
    assert codes(manager, "?page=10")[-1] == "X997"


def test_reminders_and_reviews_of_a_site_are_counted_for_those_who_see_its_subjects(manager: Client, jax: Site) -> None:
    subject = person(jax, "in_screening")
    today = NOW.date()
    a_reminder(subject, state="missed", missed_at=NOW, window_from=date(2026, 11, 1), window_to=date(2026, 11, 2))
    a_reminder(subject, rule="another", window_from=today, window_to=today)
    page = text(manager.get(STUDY))
    assert "1 late" in page
    listed = due_reminders(jax, today=today)
    assert len(listed.late) == 1
    assert f">{len(listed.due)} due" in page
    sponsor = text(signed_in(member(Role.SPONSOR, study=jax.study)).get(STUDY))
    assert "Reminders" not in sponsor
    assert "Reviews waiting" not in sponsor


@pytest.mark.parametrize("day", ["", "2025-03-01", "2025-03-02", "2025-03-05"])
def test_every_figure_of_the_page_is_a_recount_of_the_rows(manager: Client, jax: Site, day: str) -> None:
    for way in (
        ("in_screening",),
        ("in_screening", "screen_failed"),
        ("in_screening", "eligible", "enrolled", "treated"),
    ):
        person(jax, *way)
    until = date.fromisoformat(day) if day else NOW.date()
    ever: dict[str, set[Any]] = {}
    last: dict[Any, str] = {}
    for row in SubjectStateChange.objects.filter(effective_on__lte=until).order_by("effective_on", "id"):
        ever.setdefault(row.state, set()).add(row.subject_id)
        last[row.subject_id] = row.state
    reached = {state: len(persons) for state, persons in ever.items()}
    now = list(last.values())
    expected = [
        reached.get("in_screening", 0), now.count("in_screening"), now.count("eligible"),
        reached.get("screen_failed", 0), reached.get("enrolled", 0), reached.get("treated", 0), 72,
    ]  # fmt: skip
    page = text(manager.get(f"{STUDY}?as_of={day}"))
    assert [int(figure) for figure in re.findall(r"<dd>(?:<a [^>]*>)?(\d+)(?:</a>)?</dd>", page)[:7]] == expected
    if not day:
        api = manager.get("/api/v1/studies/NCT03464916/enrollment/").json()["totals"]
        ever_in, now_in = api["ever"], api["currently"]
        assert [ever_in["in_screening"], now_in["in_screening"], now_in["eligible"]] == expected[:3]
        assert [ever_in["screen_failed"], ever_in["enrolled"], ever_in["treated"]] == expected[3:6]


class TestLive:
    def test_an_unchanged_part_answers_304_without_a_body(self, manager: Client) -> None:
        etag = etag_on(text(manager.get(STUDY)))
        answer = manager.get(f"{STUDY}live/", headers={"If-None-Match": etag})
        assert (answer.status_code, answer.content) == (304, b"")
        later = datetime(2026, 11, 23, 15, 20, tzinfo=NOW.tzinfo)
        with time_machine.travel(later, tick=False):
            assert manager.get(f"{STUDY}live/", headers={"If-None-Match": etag}).status_code == 304

    def test_a_changed_figure_comes_with_a_new_etag(self, manager: Client, jax: Site) -> None:
        etag = etag_on(text(manager.get(STUDY)))
        person(jax, "in_screening")
        answer = manager.get(f"{STUDY}live/", headers={"If-None-Match": etag})
        assert answer.status_code == 200
        assert answer.headers["ETag"] != etag
        assert 'id="live"' in text(answer)
        assert "<html" not in text(answer)

    def test_a_304_is_told_before_anything_is_counted_or_rendered(self, manager: Client) -> None:
        etag = etag_on(text(manager.get(STUDY)))
        with CaptureQueriesContext(connection) as whole:
            manager.get(f"{STUDY}live/")
        with CaptureQueriesContext(connection) as short:
            assert manager.get(f"{STUDY}live/", headers={"If-None-Match": etag}).status_code == 304
        asked = " ".join(query["sql"] for query in short)
        assert "screening_statecount" in " ".join(query["sql"] for query in whole)
        assert "screening_statecount" not in asked
        assert "trial_sites_sitestatuschange" not in asked

    @pytest.mark.parametrize(
        "change",
        [
            lambda jax: person(jax, "in_screening"),
            lambda jax: site_status(jax, "suspended", date(2026, 11, 20)),
            lambda jax: site_status(jax, "recruiting", date(2026, 11, 20), verified_on=date(2026, 11, 21)),
            lambda jax: Site.objects.filter(pk=jax.pk).update(target=7),
            lambda jax: a_reminder(jax.subjects.get(), window_from=NOW.date(), window_to=NOW.date()),
        ],
        ids=["a person", "a status", "a verification", "a target", "a reminder"],
    )
    def test_whatever_the_part_shows_gives_it_a_new_etag(self, manager: Client, jax: Site, change: Any) -> None:
        person(jax, "in_screening")
        etag = etag_on(text(manager.get(STUDY)))
        change(jax)
        assert manager.get(f"{STUDY}live/", headers={"If-None-Match": etag}).status_code == 200

    def test_a_new_day_at_a_site_gives_it_a_new_etag(self, manager: Client, user: User) -> None:
        etag = etag_on(text(manager.get(STUDY)))
        with time_machine.travel(datetime(2026, 11, 24, 15, 20, tzinfo=NOW.tzinfo), tick=False):
            assert signed_in(user).get(f"{STUDY}live/", headers={"If-None-Match": etag}).status_code == 200

    def test_an_etag_is_of_no_use_to_somebody_else(self, manager: Client, jax: Site) -> None:
        etag = etag_on(text(manager.get(STUDY)))
        other = signed_in(member(Role.STUDY_MANAGER, study=jax.study))
        assert other.get(f"{STUDY}live/", headers={"If-None-Match": etag}).status_code == 200

    def test_it_asks_again_with_the_same_choice(self, manager: Client) -> None:
        page = text(manager.get(f"{STUDY}?sort=screened&q=J&page=1"))
        assert f'hx-get="{STUDY}live/?sort=screened&amp;status=&amp;q=J&amp;page=1"' in page

    def test_the_past_is_not_asked_for_again(self, manager: Client) -> None:
        page = text(manager.get(f"{STUDY}?as_of=2025-06-01"))
        assert "hx-get" not in page
        assert "Change status" not in page
        assert "Verify today" not in page


class TestStatusInRow:
    def test_the_form_says_what_each_choice_causes(self, manager: Client, jax: Site) -> None:
        for _ in range(3):
            person(jax, "in_screening")
        page = text(manager.get(f"{STUDY}?change=JAX"))
        assert "Confirm the change" in page
        assert "New screening stops. 3 subjects in screening stay." in page
        assert "hx-get" not in page  # nothing replaces the form while it is filled in

    def test_nobody_else_gets_the_form(self, jax: Site) -> None:
        sponsor = signed_in(member(Role.SPONSOR, study=jax.study))
        assert "Confirm the change" not in text(sponsor.get(f"{STUDY}?change=JAX"))

    def changed(self, manager: Client) -> Any:
        asked = {"back": "study", "status": "suspended", "effective_on": "2026-11-23", "reason": "supply"}
        return manager.post(f"{STUDY}sites/JAX/status/", asked)

    def test_a_change_leads_back_to_the_table_and_can_be_undone_by_a_correcting_entry(
        self, manager: Client, user: User, jax: Site
    ) -> None:
        answer = self.changed(manager)
        page = text(manager.get(answer.headers["Location"]))
        entry = jax.status_changes.get(status="suspended")
        assert answer.headers["Location"] == f"{STUDY}?changed={entry.pk}"
        assert "JAX: suspended from" in page
        undo = f"{STUDY}sites/JAX/status/{entry.pk}/undo/"
        assert undo in page
        with time_machine.travel(max(entry.recorded_at, NOW), tick=False):  # the database has a clock of its own
            after = text(signed_in(user).post(undo, follow=True))
        assert "Undone; both entries stay in the history." in after
        assert "JAX is recruiting today" in after
        correction = jax.status_changes.get(supersedes=entry)
        assert (correction.status, correction.reason) == ("recruiting", "Undone.")
        assert "Undo<" not in text(manager.get(f"{STUDY}?changed={entry.pk}"))

    def test_only_ones_own_entry_is_offered_to_be_undone(self, manager: Client, jax: Site) -> None:
        site_status(jax, "suspended", date(2026, 3, 1))
        entry = jax.status_changes.get(status="suspended")
        assert "Undo<" not in text(manager.get(f"{STUDY}?changed={entry.pk}"))
        said = text(manager.post(f"{STUDY}sites/JAX/status/{entry.pk}/undo/", follow=True))
        assert "Only who made an entry can undo it" in said

    def test_a_mistake_is_shown_on_the_page_of_the_status(self, manager: Client) -> None:
        answer = manager.post(f"{STUDY}sites/JAX/status/", {"back": "study", "status": "suspended"})
        assert answer.status_code == 400


@override_settings(CELERY_BROKER_URL="redis://127.0.0.1:9/0", REDIS_URL="redis://127.0.0.1:9/0")
def test_with_redis_down_the_dashboard_works_and_a_status_is_changed(manager: Client, jax: Site) -> None:
    for address in ("", "live/", "pictures/", "sites/JAX/", "compare/"):
        assert manager.get(STUDY + address).status_code == 200, address
    asked = {"back": "study", "status": "suspended", "effective_on": "2026-11-23", "reason": "supply"}
    assert manager.post(f"{STUDY}sites/JAX/status/", asked).status_code == 302
    assert "suspended" in text(manager.get(STUDY))
