"""What a study manager cannot do in the admin: beyond the own studies, for themselves, or after their time."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from sites.models import Investigator, InvestigatorTerm, Membership, Site
from sites.roles import ensure_groups
from tests.factories import MembershipFactory, SiteFactory, UserFactory
from trialops.accounts.models import User

pytestmark = pytest.mark.django_db


def manager_of(site: Site, *, ends_on: date | None = None) -> User:
    user = UserFactory(is_staff=True)
    user.groups.add(ensure_groups())
    MembershipFactory(user=user, study=site.study, site=None, role=Membership.Role.STUDY_MANAGER, ends_on=ends_on)
    return user


@pytest.fixture
def site() -> Site:
    return SiteFactory(code="JAX")


@pytest.fixture
def elsewhere() -> Site:
    return SiteFactory(code="BBB")


def as_manager(client: Client, site: Site, *, ends_on: date | None = None) -> User:
    user = manager_of(site, ends_on=ends_on)
    client.force_login(user)
    return user


def test_the_admin_closes_with_the_last_membership(client: Client, site: Site) -> None:
    as_manager(client, site, ends_on=timezone.now().date() - timedelta(days=1))
    for path in ("/admin/", "/admin/accounts/user/", "/admin/accounts/user/add/"):
        assert client.get(path).status_code in {302, 403, 404}, path


def test_newcomers_are_seen_by_who_added_them_only(client: Client, site: Site, elsewhere: Site) -> None:
    as_manager(client, site)
    typed = {
        "username": "newcomer",
        "email": "n@example.org",
        "password1": "a long phrase",
        "password2": "a long phrase",
    }
    client.post("/admin/accounts/user/add/", typed)
    newcomer = User.objects.get(username="newcomer")
    assert client.get(f"/admin/accounts/user/{newcomer.pk}/change/").status_code == 200
    other = Client()
    as_manager(other, elsewhere)
    assert "newcomer" not in other.get("/admin/accounts/user/").content.decode()
    assert other.get(f"/admin/accounts/user/{newcomer.pk}/change/").status_code == 302
    other.post(f"/admin/accounts/user/{newcomer.pk}/password/", {"password1": "x" * 20, "password2": "x" * 20})
    newcomer.refresh_from_db()
    assert newcomer.check_password("a long phrase")


def test_an_investigator_shared_with_another_study_is_not_changed(client: Client, site: Site, elsewhere: Site) -> None:
    shared = Investigator.objects.create(name="Shared")
    for where in (site, elsewhere):
        InvestigatorTerm.objects.create(site=where, investigator=shared, role="sub", starts_on=date(2026, 1, 1))
    as_manager(client, elsewhere)
    client.post(f"/admin/trial_sites/investigator/{shared.pk}/change/", {"name": "Hacked"})
    shared.refresh_from_db()
    assert shared.name == "Shared"


def test_nobody_makes_themselves_a_principal_investigator(client: Client, site: Site) -> None:
    manager = as_manager(client, site)
    typed = {
        "user": manager.pk, "study": site.study_id, "site": site.pk, "role": "principal_investigator",
        "starts_on": "2026-01-01", "reason": "Needed.",
    }  # fmt: skip
    client.post("/admin/trial_sites/membership/add/", typed)
    assert not Membership.objects.filter(user=manager, role="principal_investigator").exists()


@pytest.mark.parametrize(
    "query",
    [
        "trial_sites/membership/?role__regex=(", "trial_sites/site/?city__regex=((((", "accounts/user/?memberships=1",
        "accounts/user/?username__iregex=[", "trial_sites/membership/?starts_on__year=99999999999",
        "trial_sites/investigator/?terms=1", "trial_sites/apitoken/?digest__startswith=a",
    ],
)  # fmt: skip
def test_look_ups_beyond_the_filters_shown_are_refused(client: Client, site: Site, query: str) -> None:
    as_manager(client, site)
    assert client.get(f"/admin/{query}").status_code == 400


@pytest.mark.parametrize(
    "query",
    ["trial_sites/membership/?role__exact=sponsor", "accounts/user/?is_active__exact=1", "trial_sites/site/?q=JAX"],
)
def test_the_filters_shown_work(client: Client, site: Site, query: str) -> None:
    as_manager(client, site)
    assert client.get(f"/admin/{query}").status_code == 200


def test_what_stands_in_a_history_is_not_deleted(client: Client, site: Site) -> None:
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    member = MembershipFactory(site=site)
    for path in (
        f"accounts/user/{member.user_id}",
        f"trial_sites/membership/{member.pk}",
        f"trial_sites/site/{site.pk}",
    ):
        assert client.post(f"/admin/{path}/delete/", {"post": "yes"}).status_code == 403
