"""Who sees which sites, by role, site and day."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from sites.access import Access
from sites.models import Investigator, InvestigatorTerm, Membership, Site
from tests.factories import MembershipFactory, SiteFactory, StudyFactory, UserFactory
from trialops.accounts.models import User

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 23)
Role = Membership.Role


@pytest.fixture
def sites() -> tuple[Site, Site, Site]:
    """Two sites of one study and one of another."""
    study = StudyFactory()
    return SiteFactory(study=study, code="JAX"), SiteFactory(study=study, code="RST"), SiteFactory(code="OTH")


def access(user: User) -> Access:
    return Access(user=user, today=TODAY)


@pytest.mark.parametrize("role", [Role.PRINCIPAL_INVESTIGATOR, Role.SUB_INVESTIGATOR, Role.COORDINATOR])
def test_site_staff_see_their_own_site_only(sites: tuple[Site, Site, Site], role: Role) -> None:
    jax, rst, _ = sites
    staff = access(MembershipFactory(site=jax, role=role).user)
    assert set(staff.sites) == set(staff.counted_sites) == {jax}
    assert set(staff.studies) == {jax.study}
    assert not staff.counted_studies.exists()
    assert (staff.may_screen_at(jax), staff.may_screen_at(rst), staff.manages(jax.study)) == (True, False, False)


def test_a_study_manager_sees_every_site_of_the_study(sites: tuple[Site, Site, Site]) -> None:
    jax, rst, other = sites
    manager = access(MembershipFactory(site=None, study=jax.study, role=Role.STUDY_MANAGER).user)
    assert set(manager.sites) == {jax, rst}
    assert manager.manages(jax.study)
    assert not manager.manages(other.study)


@pytest.mark.parametrize("whole", [False, True])
def test_a_monitor_sees_the_sites_assigned_and_enters_nothing(sites: tuple[Site, Site, Site], whole: bool) -> None:
    jax, rst, _ = sites
    monitor = access(MembershipFactory(study=jax.study, site=None if whole else jax, role=Role.MONITOR).user)
    assert set(monitor.sites) == set(monitor.counted_sites) == ({jax, rst} if whole else {jax})
    assert not monitor.counted_studies.exists()
    assert not (monitor.may_screen_at(jax))
    assert not (monitor.may_judge_at(jax))
    assert not (monitor.may_sign_at(jax))


def test_only_the_principal_investigator_signs_and_both_investigators_judge(sites: tuple[Site, Site, Site]) -> None:
    jax, rst, _ = sites
    principal = access(MembershipFactory(site=jax, role=Role.PRINCIPAL_INVESTIGATOR).user)
    sub = access(MembershipFactory(site=jax, role=Role.SUB_INVESTIGATOR).user)
    assert [(one.may_sign_at(jax), one.may_judge_at(jax)) for one in (principal, sub)] == [(True, True), (False, True)]
    assert not (principal.may_sign_at(rst))
    assert not (sub.may_judge_at(rst))


def test_a_sponsor_counts_every_site_and_sees_no_subjects(sites: tuple[Site, Site, Site]) -> None:
    jax, rst, _ = sites
    sponsor = access(MembershipFactory(site=None, study=jax.study, role=Role.SPONSOR).user)
    assert set(sponsor.counted_sites) == {jax, rst}
    assert not sponsor.sites.exists()


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "holds"),
    [
        (TODAY, None, True),
        (date(2026, 11, 24), None, False),
        (date(2026, 1, 1), TODAY, True),
        (date(2026, 1, 1), date(2026, 11, 22), False),
    ],
)
def test_a_membership_holds_from_its_first_to_its_last_day(
    sites: tuple[Site, Site, Site], starts_on: date, ends_on: date | None, holds: bool
) -> None:
    jax, _, _ = sites
    member = MembershipFactory(site=jax, starts_on=starts_on, ends_on=ends_on)
    assert access(member.user).sites.exists() is holds


def test_the_same_role_is_held_once_at_a_time(sites: tuple[Site, Site, Site]) -> None:
    jax, rst, _ = sites
    first = MembershipFactory(site=jax, starts_on=date(2026, 1, 1), ends_on=date(2026, 6, 30))
    with pytest.raises(IntegrityError), transaction.atomic():
        MembershipFactory(user=first.user, site=jax, starts_on=date(2026, 6, 30))
    MembershipFactory(user=first.user, site=jax, starts_on=date(2026, 7, 1))
    MembershipFactory(user=first.user, site=rst, starts_on=date(2026, 2, 1))


def test_an_inactive_person_sees_nothing(sites: tuple[Site, Site, Site]) -> None:
    member = MembershipFactory(site=sites[0], user=UserFactory(is_active=False))
    assert not access(member.user).studies.exists()


def test_a_role_of_somebody_else_at_the_same_time_is_no_obstacle(sites: tuple[Site, Site, Site]) -> None:
    jax, _, _ = sites
    first = MembershipFactory(site=jax)
    Membership(user=UserFactory(), study=jax.study, site=jax, role=first.role, starts_on=TODAY).full_clean()
    again = Membership(user=first.user, study=jax.study, site=jax, role=first.role, starts_on=TODAY)
    with pytest.raises(ValidationError, match="has the role here in this time already"):
        again.full_clean()
    InvestigatorTerm(
        site=jax, investigator=Investigator.objects.create(name="A"), role="principal", starts_on=TODAY
    ).save()
    InvestigatorTerm(
        site=sites[1], investigator=Investigator.objects.create(name="B"), role="principal", starts_on=TODAY
    ).full_clean()
