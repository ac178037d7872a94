"""Changing, correcting and verifying a site's status on the pages."""

from datetime import date

import pytest

from screening.services import create_subject
from sites.models import ApiToken, Membership, Site, SiteStatusChange, SiteStatusVerification
from sites.queries import status_in_force
from sites.roles import ensure_groups
from sites.services import change_site_status
from sites.statuses import SiteStatus
from tests.factories import UserFactory
from tests.people import NOW, member, signed_in, text
from tests.screening.study import open_reference_site
from trialops.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_stands_still")]
Role = Membership.Role
STATUS = "/studies/NCT03464916/sites/JAX/status/"


@pytest.fixture
def site() -> Site:
    return open_reference_site("JAX")


@pytest.fixture
def manager(site: Site) -> User:
    return member(Role.STUDY_MANAGER, study=site.study)


@pytest.fixture
def staff(site: Site) -> User:
    """A study manager who may use the set-up pages."""
    user = member(Role.STUDY_MANAGER, study=site.study, is_staff=True)
    user.groups.add(ensure_groups())
    return user


def test_the_page_offers_what_may_follow_and_says_what_it_causes(site: Site, manager: User) -> None:
    create_subject(site=site, by=manager, now=NOW)
    page = text(signed_in(manager).get(STATUS))
    for status in ("closed for enrollment", "suspended", "completed", "terminated", "enrolling by invitation"):
        assert status in page
    assert 'value="withdrawn"' not in page
    assert "New screening stops. 1 subject in screening stays." in page
    assert 'value="2026-11-23"' in page


def test_a_change_is_stored_with_reason_and_author_and_counts_as_verification(site: Site, manager: User) -> None:
    response = signed_in(manager).post(
        STATUS, {"status": "active_not_recruiting", "effective_on": "2026-11-20", "reason": "target reached"}
    )
    assert response.status_code == 302
    status = status_in_force(site, day=date(2026, 11, 23))
    assert status is not None
    assert (status.status, status.since, status.reason) == (
        SiteStatus.ACTIVE_NOT_RECRUITING, date(2026, 11, 20), "target reached",
    )  # fmt: skip
    assert status.recorded_by == str(manager)
    assert not status.stale


@pytest.mark.parametrize(
    ("typed", "field", "message"),
    [
        ({"status": "suspended", "reason": " "}, "reason", "A reason is required"),
        ({"status": "withdrawn"}, "status", "cannot follow"),
        ({"status": "recruiting"}, "status", "cannot follow"),
        ({"status": ""}, "status", "Choose a status"),
        ({"effective_on": "2026-02-30"}, "effective_on", "Not a date"),
        ({"effective_on": "tomorrow"}, "effective_on", "Not a date"),
        ({"effective_on": "9999-12-31"}, "effective_on", "Accepted are days from"),
        ({"effective_on": "2024-05-01"}, "effective_on", "may not follow"),
        ({"effective_on": ""}, "effective_on", "required"),
    ],
)
def test_a_refused_change_says_why_at_its_field_and_keeps_what_was_typed(
    typed: dict[str, str], field: str, message: str, site: Site, manager: User
) -> None:
    sent = {"status": "completed", "effective_on": "2026-11-22", "reason": "typed with care"} | typed
    if field == "effective_on" and "2024" in sent["effective_on"]:
        sent |= {"status": "completed"}
    before = SiteStatusChange.objects.count()
    response = signed_in(manager).post(STATUS, sent)
    assert response.status_code == 400
    assert SiteStatusChange.objects.count() == before
    page = text(response)
    errors = page[page.index(f'id="id_{field}_error"') :]
    assert message in errors[: errors.index("</ul>")]
    if "Not a date" in message:
        assert f"“{sent['effective_on']}”" in page
        assert f'<input type="text" name="effective_on" value="{sent["effective_on"]}"' in page
    if sent["reason"].strip():
        assert "typed with care" in page
    if sent["status"] == "completed":
        assert 'value="completed" required checked' in page


def test_a_final_status_offers_nothing_but_its_correction(site: Site, manager: User) -> None:
    change_site_status(site=site, status=SiteStatus.COMPLETED, effective_on=NOW.date(), by=manager, now=NOW)
    page = text(signed_in(manager).get(STATUS))
    assert "This status is final" in page
    assert "correct/" in page


def test_a_corrected_entry_stays_visible_with_who_and_why(site: Site, manager: User) -> None:
    entry = site.status_changes.get()
    client = signed_in(manager)
    response = client.post(
        f"{STATUS}{entry.pk}/correct/", {"status": "recruiting", "effective_on": "2025-02-01", "reason": "wrong day"}
    )
    assert response.status_code == 302
    page = text(client.get(STATUS))
    assert 'class="struck"' in page
    assert "wrong day" in page
    assert "2 Jan 2025" in page
    assert "1 Feb 2025" in page


def test_a_correction_without_reason_or_of_a_corrected_entry_is_refused(site: Site, manager: User) -> None:
    entry = site.status_changes.get()
    client = signed_in(manager)
    typed = {"status": "recruiting", "effective_on": "2025-02-01", "reason": ""}
    assert client.post(f"{STATUS}{entry.pk}/correct/", typed).status_code == 400
    assert client.post(f"{STATUS}{entry.pk}/correct/", typed | {"reason": "x"}).status_code == 302
    again = client.post(f"{STATUS}{entry.pk}/correct/", typed | {"reason": "y"})
    assert again.status_code == 400
    assert "already been corrected" in text(again)


def test_one_click_verifies_the_status_as_of_today(site: Site, manager: User) -> None:
    response = signed_in(manager).post(f"{STATUS}verify/", {"back": "site"}, follow=True)
    assert SiteStatusVerification.objects.filter(site=site, verified_on=NOW.date()).exists()
    assert "verified as of today" in text(response)
    assert signed_in(manager).get(f"{STATUS}verify/").status_code == 405


@pytest.mark.parametrize("address", [STATUS, f"{STATUS}verify/"])
def test_only_study_managers_change_or_verify(address: str, site: Site) -> None:
    for role in (Role.PRINCIPAL_INVESTIGATOR, Role.COORDINATOR):
        assert signed_in(member(role, site=site)).post(address, {"status": "completed"}).status_code == 403
    assert signed_in(member(Role.SPONSOR, study=site.study)).post(address).status_code == 404
    rst = Site.objects.get(study=site.study, code="RST")
    assert signed_in(member(Role.COORDINATOR, site=rst)).post(address).status_code == 404


def test_the_list_of_the_set_up_pages_marks_corrected_entries(site: Site, staff: User) -> None:
    entry = site.status_changes.get()
    client = signed_in(staff)
    typed = {"status": "recruiting", "effective_on": "2025-02-01", "reason": "wrong day"}
    client.post(f"{STATUS}{entry.pk}/correct/", typed)
    page = text(client.get("/admin/trial_sites/sitestatuschange/"))
    assert f"<s>recruiting</s><br>corrected by {staff}" in page
    assert page.count("corrected by") == 1


def test_a_token_without_expiry_says_never_and_its_revocation_leads_back_to_the_list(site: Site, staff: User) -> None:
    token, _secret = ApiToken.objects.create(user=UserFactory(), study=site.study, name="registry", expiry=None)
    client = signed_in(staff)
    tokens = "/admin/trial_sites/apitoken/"
    assert "never" in text(client.get(tokens))
    assert "never" in text(client.get(f"{tokens}{token.pk}/change/"))
    response = client.post(f"{tokens}{token.pk}/delete/", {"post": "yes"})
    assert response.headers["Location"] == tokens
    assert not ApiToken.objects.exists()


def test_a_status_can_be_announced_for_a_later_day(site: Site, manager: User) -> None:
    signed_in(manager).post(STATUS, {"status": "suspended", "effective_on": "2026-12-24", "reason": "stock"})
    page = text(signed_in(manager).get(STATUS))
    assert "Already entered:" in page
    assert "24 Dec 2026" in page
