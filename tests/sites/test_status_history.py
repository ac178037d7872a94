"""Site status: the transition table in code and in the database, corrections, and what was known when."""

from datetime import date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from sites.models import Site, SiteStatusChange, Study
from sites.queries import status_in_force
from sites.services import change_site_status, correct_site_status, declare_study_status, verify_site_status
from sites.statuses import TRANSITIONS, SiteStatus
from tests.factories import SiteFactory, UserFactory
from trialops.accounts.models import User

pytestmark = pytest.mark.django_db
S = SiteStatus
NOW = datetime(2026, 11, 23, 15, tzinfo=timezone.get_fixed_timezone(0))


@pytest.fixture
def site() -> Site:
    return SiteFactory(code="JAX", time_zone="America/New_York")


@pytest.fixture
def manager() -> User:
    return UserFactory()


def change(site: Site, status: SiteStatus, day: str, by: User, reason: str = "because") -> SiteStatusChange:
    return change_site_status(
        site=site, status=status, effective_on=date.fromisoformat(day), by=by, now=NOW, reason=reason
    )


def test_the_status_in_force_is_the_last_one_effective_by_the_day(site: Site, manager: User) -> None:
    change(site, S.RECRUITING, "2026-01-10", manager)
    change(site, S.SUSPENDED, "2026-12-01", manager)
    in_force = status_in_force(site, day=date(2026, 11, 30))
    assert in_force is not None
    assert (in_force.status, in_force.since) == (S.RECRUITING, date(2026, 1, 10))
    later = status_in_force(site, day=date(2026, 12, 1))
    assert later is not None
    assert later.status is S.SUSPENDED
    assert status_in_force(site, day=date(2026, 1, 9)) is None


@pytest.mark.parametrize("earlier", list(S))
@pytest.mark.parametrize("later", list(S))
def test_code_and_database_agree_on_every_pair_of_statuses(
    site: Site, manager: User, earlier: SiteStatus, later: SiteStatus
) -> None:
    change(site, earlier, "2026-01-10", manager)
    legal = later in TRANSITIONS[earlier]
    if legal:
        change(site, later, "2026-02-10", manager)
    else:
        with pytest.raises(ValidationError):
            change(site, later, "2026-02-10", manager)
    if earlier is not later and not legal:
        with pytest.raises(IntegrityError, match="may not follow"), transaction.atomic():
            SiteStatusChange.objects.create(
                site=site, status=later, effective_on=date(2026, 2, 10), reason="raw", recorded_by=manager
            )


def test_a_backdated_entry_must_lead_to_the_one_after_it(site: Site, manager: User) -> None:
    change(site, S.RECRUITING, "2026-01-10", manager)
    change(site, S.ACTIVE_NOT_RECRUITING, "2026-06-01", manager)
    with pytest.raises(ValidationError, match="becomes closed for enrollment on 2026-06-01"):
        change(site, S.COMPLETED, "2026-03-01", manager)


@pytest.mark.parametrize("status", [S.SUSPENDED, S.ACTIVE_NOT_RECRUITING, S.TERMINATED])
def test_a_reason_is_required_for_halting_and_ending(site: Site, manager: User, status: SiteStatus) -> None:
    change(site, S.RECRUITING, "2026-01-10", manager)
    with pytest.raises(ValidationError) as refused:
        change(site, status, "2026-02-01", manager, reason="  ")
    assert "reason" in refused.value.message_dict
    with pytest.raises(IntegrityError), transaction.atomic():
        SiteStatusChange.objects.create(site=site, status=status, effective_on=date(2026, 2, 1), recorded_by=manager)


def test_a_correction_replaces_an_entry_and_keeps_it(site: Site, manager: User) -> None:
    change(site, S.RECRUITING, "2026-01-10", manager)
    wrong = change(site, S.ACTIVE_NOT_RECRUITING, "2026-06-01", manager)
    known_before = timezone.now()
    correct_site_status(
        change=wrong, status=S.ACTIVE_NOT_RECRUITING, effective_on=date(2026, 7, 1), by=manager, reason="typo"
    )
    in_force = status_in_force(site, day=date(2026, 6, 15))
    assert in_force is not None
    assert in_force.status is S.RECRUITING
    assert SiteStatusChange.objects.filter(site=site).count() == 3
    with pytest.raises(ValidationError, match="already been corrected"):
        correct_site_status(change=wrong, status=S.SUSPENDED, effective_on=date(2026, 7, 1), by=manager, reason="again")
    assert status_in_force(site, day=date(2026, 6, 15), known_at=known_before - timedelta(days=1)) is None


def test_a_correction_must_leave_a_possible_history(site: Site, manager: User) -> None:
    change(site, S.RECRUITING, "2026-01-10", manager)
    closed = change(site, S.ACTIVE_NOT_RECRUITING, "2026-06-01", manager)
    with pytest.raises(ValidationError, match="not yet recruiting on 2026-06-01 may not follow recruiting"):
        correct_site_status(
            change=closed, status=S.NOT_YET_RECRUITING, effective_on=date(2026, 6, 1), by=manager, reason="x"
        )
    correct_site_status(change=closed, status=S.RECRUITING, effective_on=date(2026, 6, 1), by=manager, reason="undone")
    in_force = status_in_force(site, day=date(2026, 7, 1))
    assert in_force is not None
    assert (in_force.status, in_force.since) == (S.RECRUITING, date(2026, 1, 10))


def test_history_cannot_be_changed_or_deleted(site: Site, manager: User) -> None:
    row = change(site, S.RECRUITING, "2026-01-10", manager)
    table = SiteStatusChange._meta.db_table
    for statement in (f"UPDATE {table} SET reason = 'x'", f"DELETE FROM {table}", f"TRUNCATE {table}"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    row.refresh_from_db()
    assert row.reason == "because"


def test_a_halted_study_keeps_its_sites_closed(site: Site, manager: User) -> None:
    change(site, S.RECRUITING, "2026-01-10", manager)
    with pytest.raises(ValidationError, match=r"Close these sites first: JAX \(recruiting\)"):
        declare_study_status(study=site.study, status=S.SUSPENDED, by=manager)
    change(site, S.SUSPENDED, "2026-02-10", manager)
    declare_study_status(study=site.study, status=S.SUSPENDED, by=manager)
    with pytest.raises(ValidationError, match="The study as a whole is suspended"):
        change(site, S.RECRUITING, "2026-03-10", manager)


def test_every_change_gives_a_new_data_version(site: Site, manager: User) -> None:
    def version() -> int:
        return Study.objects.get(pk=site.study_id).data_version

    before = version()
    change(site, S.RECRUITING, "2026-01-10", manager)
    after_change = version()
    verify_site_status(site=site, verified_on=date(2026, 11, 23), by=manager)
    assert before < after_change < version()


def test_the_app_role_owns_nothing() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tableowner = current_user")
        assert cursor.fetchone() == (0,)
        cursor.execute(
            "SELECT rolsuper, rolcreatedb, rolcreaterole, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        )
        assert cursor.fetchone() == (False, False, False, False)
