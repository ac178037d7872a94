"""The pages that only read: who sees what, figures as counted, odd input harmless."""

import re
import uuid
from datetime import date
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from sites.models import Membership, Site
from sites.services import change_site_status
from sites.statuses import SiteStatus
from tests.dashboards.people import person
from tests.factories import SiteFactory, UserFactory
from tests.people import NOW, member, signed_in, text
from tests.screening.study import open_reference_site
from trialops.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_stands_still")]
Role = Membership.Role
STUDY = "/studies/NCT03464916/"


@pytest.fixture
def jax() -> Site:
    return open_reference_site("JAX")


@pytest.fixture
def rst(jax: Site) -> Site:
    return Site.objects.get(study=jax.study, code="RST")


@pytest.mark.parametrize("address", ["/", "/studies/", STUDY, f"{STUDY}sites/JAX/", "/demo/mail/", "/admin/"])
def test_every_page_asks_strangers_to_sign_in(address: str, jax: Site) -> None:
    response = Client().get(address, follow=True)
    assert "Sign in" in text(response)
    assert "Mayo" not in text(response)


def test_the_overview_shows_status_investigator_contact_and_figures(jax: Site) -> None:
    for way in (("in_screening",), ("in_screening", "screen_failed"), ("in_screening", "eligible", "enrolled")):
        person(jax, *way)
    page = text(signed_in(member(Role.STUDY_MANAGER, study=jax.study)).get(STUDY))
    for shown in ("recruiting", "Sikander Ailawadhi, M.D.", "855-776-0015", "stale", "Change status", "72"):
        assert shown in page
    assert re.search(r"<dd><a [^>]+>3</a></dd>", page)  # screened
    assert re.search(r'<span class="strong"><a [^>]+>1</a></span> <span class="muted">/ 20', page)


def test_a_site_closed_by_the_manager_is_shown_as_closed_for_enrollment(jax: Site) -> None:
    manager = member(Role.STUDY_MANAGER, study=jax.study)
    change_site_status(
        site=jax, status=SiteStatus.ACTIVE_NOT_RECRUITING, effective_on=NOW.date(), by=manager, now=NOW, reason="full"
    )
    page = text(signed_in(manager).get(f"{STUDY}sites/JAX/"))
    assert "JAX is closed for enrollment" in page
    assert "Screen a new subject" not in page


def test_a_future_status_is_announced_on_overview_and_site(jax: Site) -> None:
    manager = member(Role.STUDY_MANAGER, study=jax.study)
    change_site_status(
        site=jax,
        status=SiteStatus.SUSPENDED,
        effective_on=date(2026, 12, 24),
        by=manager,
        now=NOW,
        reason="x",
    )
    for address in (STUDY, f"{STUDY}sites/JAX/"):
        page = text(signed_in(manager).get(address))
        assert "24 Dec 2026" in page
        assert "suspended" in page


def test_a_site_without_any_status_names_the_first_one_as_the_next_step(jax: Site) -> None:
    new = SiteFactory(study=jax.study, code="NEW", target=None, city="", state="")
    manager = signed_in(member(Role.STUDY_MANAGER, study=jax.study))
    page = text(manager.get(f"{STUDY}sites/NEW/"))
    assert page.count("Record the first status") == 2
    assert "Change status" not in page
    assert "Planned" not in page
    assert '<span class="strong">0</span> <span class="line2">no target set' in page
    assert "Record the first status" in text(manager.get(f"{STUDY}sites/NEW/status/"))
    assert "Record the first status" in text(manager.get(STUDY))
    staff = text(signed_in(member(Role.COORDINATOR, site=new)).get(f"{STUDY}sites/NEW/"))
    assert "A study manager records the first status." in staff


@pytest.mark.parametrize("role", [Role.PRINCIPAL_INVESTIGATOR, Role.COORDINATOR])
def test_site_staff_see_their_own_site_and_its_figures_only(role: Membership.Role, jax: Site, rst: Site) -> None:
    for _ in range(7):
        person(rst, "in_screening")
    client = signed_in(member(role, site=jax))
    page = text(client.get(STUDY))
    assert "JAX" in page
    assert "RST" not in page
    assert "Rochester" not in page
    assert ">7</a></dd>" not in page
    assert "<dd>7</dd>" not in page
    assert client.get(f"{STUDY}sites/RST/").status_code == 404


def test_a_sponsor_sees_the_figures_of_all_sites_and_no_way_to_a_subject(jax: Site, rst: Site) -> None:
    subject = person(jax, "in_screening")
    client = signed_in(member(Role.SPONSOR, study=jax.study))
    page = text(client.get(STUDY))
    assert "JAX" in page
    assert "RST" in page
    assert "/subjects/" not in page
    assert f"{STUDY}sites/JAX/" not in page
    assert client.get(f"{STUDY}sites/JAX/").status_code == 404
    assert client.get(f"/subjects/{subject.pk}/").status_code == 404


def test_what_is_not_yours_answers_byte_for_byte_like_what_is_absent(jax: Site, rst: Site) -> None:
    subject = person(jax, "in_screening")
    client = signed_in(member(Role.PRINCIPAL_INVESTIGATOR, site=rst))
    foreign = client.get(f"/subjects/{subject.pk}/")
    absent = client.get(f"/subjects/{uuid.uuid4()}/")
    assert (foreign.status_code, absent.status_code) == (404, 404)
    assert foreign.content == absent.content
    assert client.get(f"{STUDY}sites/JAX/").content == client.get(f"{STUDY}sites/XXX/").content
    assert client.get("/studies/NCT99999999/").content == absent.content


def test_one_site_is_where_its_staff_land_and_one_study_where_its_manager_does(jax: Site) -> None:
    staff = signed_in(member(Role.COORDINATOR, site=jax)).get("/")
    manager = signed_in(member(Role.STUDY_MANAGER, study=jax.study)).get("/")
    nobody = signed_in(UserFactory()).get("/", follow=True)
    assert (staff.headers["Location"], manager.headers["Location"]) == (f"{STUDY}sites/JAX/", STUDY)
    assert "You have no study yet." in text(nobody)


def test_coordinators_of_two_sites_land_on_the_study(jax: Site, rst: Site) -> None:
    user = member(Role.COORDINATOR, site=jax)
    Membership.objects.create(user=user, study=rst.study, site=rst, role=Role.COORDINATOR, starts_on=NOW.date())
    assert signed_in(user).get("/").headers["Location"] == STUDY


def test_subjects_are_filtered_and_sorted_by_what_the_address_says(jax: Site) -> None:
    person(jax, "in_screening")
    person(jax, "in_screening", "screen_failed")
    client = signed_in(member(Role.STUDY_MANAGER, study=jax.study))
    page = text(client.get(f"{STUDY}sites/JAX/?state=screen_failed&sort=activity")).split('id="subjects"')[1]
    assert "JAX-0002" in page
    assert "JAX-0001" not in page
    assert 'aria-sort="descending"' in page


@pytest.mark.parametrize(
    "query",
    [
        "page=99999999999999999999", "page=-1", "page=x", "sort=id;drop", "sort=-number", "state=nowhere", "state=%ff",
        "sort=site__study__sponsor", "page=1&page=2", "%F0%9F%92%A5=1", "state[]=x",
    ],
)  # fmt: skip
def test_an_odd_query_falls_back_to_the_default(query: str, jax: Site) -> None:
    person(jax, "in_screening")
    response = signed_in(member(Role.STUDY_MANAGER, study=jax.study)).get(f"{STUDY}sites/JAX/?{query}")
    assert response.status_code == 200
    assert "JAX-0001" in text(response)


@pytest.mark.parametrize("address", [f"{STUDY}sites/J%00AX/", f"{STUDY}sites/JAX/?page=%00", "/studies/%00/"])
def test_a_nul_character_is_a_bad_request(address: str, jax: Site) -> None:
    response = signed_in(member(Role.STUDY_MANAGER, study=jax.study)).get(address)
    assert response.status_code == 400
    assert "NUL" in text(response)


def test_the_number_of_queries_of_the_overview_does_not_grow_with_sites(
    jax: Site, django_assert_max_num_queries: Any
) -> None:
    client = signed_in(member(Role.STUDY_MANAGER, study=jax.study))
    for number in range(10):
        person(SiteFactory(study=jax.study, code=f"X{number}"), "in_screening")
    with django_assert_max_num_queries(33):
        client.get(STUDY)


def test_the_number_of_queries_of_a_site_does_not_grow_with_its_subjects(
    jax: Site, django_assert_max_num_queries: Any
) -> None:
    client = signed_in(member(Role.STUDY_MANAGER, study=jax.study))
    for _ in range(60):
        person(jax, "in_screening")
    with django_assert_max_num_queries(39):
        page = text(client.get(f"{STUDY}sites/JAX/"))
    assert "page 1 of 2" in page


class TestDemoMail:
    @pytest.fixture
    def mails(self, settings: Any, tmp_path: Path) -> Path:
        settings.DEMO, settings.DEMO_MAIL_DIR = True, tmp_path
        mail = EmailMessage()
        mail["Subject"], mail["To"], mail["Date"] = (
            "First pregnancy test",
            "pi@example.org",
            "Mon, 23 Nov 2026 08:00:00 -0500",
        )
        mail.set_content("Due <soon>.")
        (tmp_path / "a.eml").write_bytes(bytes(mail))
        return tmp_path

    def test_lists_the_mails_for_a_study_manager(self, mails: Path, jax: Site) -> None:
        page = text(signed_in(member(Role.STUDY_MANAGER, study=jax.study)).get("/demo/mail/"))
        for shown in ("First pregnancy test", "pi@example.org", "Due &lt;soon&gt;.", "23 Nov 2026, 13:00 UTC"):
            assert shown in page

    @pytest.mark.parametrize(
        "broken",
        [b"", b"\x00\xff\xfe", b"Subject: =?utf-8?b?!!!?=\nDate: nonsense\nTo: <<<\n\nx",
         b"Content-Type: text/plain; charset=no-such\n\nx", b"Content-Type: multipart/mixed\n\n--",
         b"Date: Mon, 99 Nov 99999 99:99:99 +9999\n\n"],
    )  # fmt: skip
    def test_a_broken_mail_does_not_break_the_page(self, broken: bytes, mails: Path, jax: Site) -> None:
        (mails / "broken.eml").write_bytes(broken)
        response = signed_in(member(Role.STUDY_MANAGER, study=jax.study)).get("/demo/mail/")
        assert response.status_code == 200
        assert "First pregnancy test" in text(response)

    def test_there_is_no_such_page_for_others_or_outside_a_demo(self, mails: Path, settings: Any, jax: Site) -> None:
        manager: User = member(Role.STUDY_MANAGER, study=jax.study)
        assert signed_in(member(Role.COORDINATOR, site=jax)).get("/demo/mail/").status_code == 404
        settings.DEMO = False
        assert signed_in(manager).get("/demo/mail/").status_code == 404
