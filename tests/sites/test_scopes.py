"""The scope of a request, of a transaction and of a single statement, on connections that many share."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.http import StreamingHttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone

from screening.models import Subject
from sites.access import access_of
from sites.middleware import ScopeMiddleware
from sites.models import Membership, Site
from sites.scopes import counting, person_scope
from tests.dashboards.people import person
from tests.factories import MembershipFactory, SiteFactory, StudyFactory
from trialops.accounts.models import User
from trialops.scope import NOBODY, SYSTEM, Scope, present_scope, scoped, switch_scope, system_scope

Role = Membership.Role


def scope_of(user: User) -> Scope:
    return person_scope(access_of(user, timezone.now().date()))


def setting(name: str = "scope") -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s, true)", [f"trialops.{name}"])
        return cursor.fetchone()[0] or ""


@pytest.fixture
def two_sites(committed_db: None) -> list[tuple[Site, User]]:
    """Two studies with a site, a subject and a coordinator each; committed."""
    found = []
    for code in ("ONE", "TWO"):
        site = SiteFactory(study=StudyFactory(), code=code)
        person(site, "in_screening")
        found.append((site, MembershipFactory(site=site, role=Role.COORDINATOR).user))
    return found


def test_a_statement_outside_a_transaction_has_its_scope_and_leaves_nothing(two_sites: list[tuple[Site, User]]) -> None:
    (site, user), _ = two_sites
    with scoped(scope_of(user)):
        assert [subject.site_id for subject in Subject.objects.all()] == [site.pk]
        assert setting("sites") == f"{{{site.pk}}}"
    with scoped(None):
        assert (setting(), setting("sites")) == ("", "")
        assert Subject.objects.count() == 0


def test_a_transaction_leaves_nothing_to_the_next_on_the_same_connection(two_sites: list[tuple[Site, User]]) -> None:
    (_, user), _ = two_sites
    with scoped(scope_of(user)), transaction.atomic():
        assert Subject.objects.count() == 1
        pid = connection.connection.info.backend_pid
    with scoped(None), transaction.atomic():
        assert setting() == ""
        assert Subject.objects.count() == 0
        assert connection.connection.info.backend_pid == pid


def test_an_error_in_the_middle_leaves_nothing_either(two_sites: list[tuple[Site, User]]) -> None:
    def count_and_fail() -> None:
        with transaction.atomic():
            raise ZeroDivisionError(Subject.objects.count())

    with scoped(SYSTEM), pytest.raises(ZeroDivisionError, match="2"):
        count_and_fail()
    with scoped(NOBODY):
        assert Subject.objects.count() == 0


def test_two_hundred_mixed_clients_on_pooled_connections_see_no_foreign_row(
    two_sites: list[tuple[Site, User]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """More clients than connections: each connection serves many, in any order; each sees its own row alone."""
    options = {**connection.settings_dict["OPTIONS"], "pool": {"min_size": 2, "max_size": 4, "timeout": 30}}
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)
    monkeypatch.setitem(connection.settings_dict, "CONN_HEALTH_CHECKS", False)
    scopes = [(site.pk, scope_of(user)) for site, user in two_sites]
    connection.close()
    backends: set[int] = set()

    def client(number: int) -> tuple[int, int]:
        """(foreign rows, own rows) over some statements, inside a transaction and outside."""
        chance = random.Random(number)
        own, scope = scopes[number % 2]
        seen: list[int] = []
        try:
            for _ in range(3):
                with scoped(scope):
                    if chance.random() < 0.5:
                        with transaction.atomic():
                            seen += [subject.site_id for subject in Subject.objects.all()]
                    else:
                        seen += [subject.site_id for subject in Subject.objects.all()]
                    backends.add(connection.connection.info.backend_pid)
                connection.close()
                with scoped(None):
                    seen += [subject.site_id for subject in Subject.objects.all()]
        finally:
            connection.close()
        return sum(site != own for site in seen), seen.count(own)

    try:
        with ThreadPoolExecutor(16) as pool:
            results = list(pool.map(client, range(200)))
    finally:
        connection.close_pool()
    assert sum(foreign for foreign, _ in results) == 0
    assert {own for _, own in results} == {3}
    assert 1 <= len(backends) <= 4


def test_a_scope_inside_another_is_undone_at_its_end_and_after_a_rollback(db: None) -> None:
    def look_and_fail() -> None:
        with transaction.atomic():
            with system_scope():
                seen = setting()
            raise ZeroDivisionError(seen)

    with scoped(NOBODY):
        assert setting() == "person"
        with system_scope():
            assert setting() == "system"
        assert setting() == "person"
        with pytest.raises(ZeroDivisionError, match="system"):
            look_and_fail()
        assert setting() == "person"


def test_a_query_that_comes_between_changes_no_scope_of_the_one_that_waits(db: None) -> None:
    """As when the audit trail asks for a person's roles just before it writes."""
    person(SiteFactory(), "in_screening")
    asked = []

    def ask_between(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        if not asked:
            asked.append(sql)
            with system_scope():
                assert Subject.objects.count() == 1
        return execute(sql, *args)

    with scoped(NOBODY), connection.execute_wrapper(ask_between):
        assert Subject.objects.count() == 0
    assert asked


def test_isolation_can_still_be_chosen_at_the_beginning_of_a_transaction(two_sites: list[tuple[Site, User]]) -> None:
    with system_scope(), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        assert Subject.objects.count() == 2


def test_rows_fetched_piece_by_piece_are_those_of_the_scope(two_sites: list[tuple[Site, User]]) -> None:
    (site, user), _ = two_sites
    with scoped(scope_of(user)):
        assert [subject.site_id for subject in Subject.objects.iterator(chunk_size=1)] == [site.pk]


def test_an_answer_sent_piece_by_piece_keeps_its_scope(two_sites: list[tuple[Site, User]]) -> None:
    (site, user), _ = two_sites

    def pieces() -> Iterator[str]:
        yield f"{Subject.objects.count()},"
        yield str(Subject.objects.get().site_id)

    request = RequestFactory().get("/")
    request.user = user
    answer: Any = ScopeMiddleware(lambda _: StreamingHttpResponse(pieces()))(request)
    with scoped(NOBODY):
        assert answer.getvalue().decode() == f"1,{site.pk}"


def test_a_scope_is_switched_inside_a_request_only() -> None:
    with scoped(None), pytest.raises(RuntimeError):
        switch_scope(SYSTEM)


def test_a_count_reaches_the_sites_that_may_be_counted_and_ends(db: None) -> None:
    here, elsewhere = SiteFactory(), SiteFactory()
    for site in (here, elsewhere):
        person(site, "in_screening")
    sponsor = MembershipFactory(site=None, study=here.study, role=Role.SPONSOR).user
    with scoped(scope_of(sponsor)):
        with counting([here, elsewhere]):
            assert [subject.site_id for subject in Subject.objects.all()] == [here.pk]
        assert not Subject.objects.exists()


def test_the_end_of_a_role_takes_effect_on_the_next_request(db: None) -> None:
    member = MembershipFactory(site=SiteFactory(), role=Role.COORDINATOR)
    subject = person(member.site, "in_screening")
    client = Client()
    client.force_login(member.user)
    page = f"/subjects/{subject.pk}/"
    assert client.get(page).status_code == 200
    Membership.objects.filter(pk=member.pk).update(ends_on=timezone.now().date() - timedelta(days=1))
    assert client.get(page).status_code == 404


def test_a_retired_account_is_signed_out_on_the_next_request(db: None) -> None:
    member = MembershipFactory(site=SiteFactory(), role=Role.COORDINATOR)
    client = Client()
    client.force_login(member.user)
    assert client.get("/studies/").status_code == 200
    User.objects.filter(pk=member.user.pk).update(is_active=False)
    assert client.get("/studies/").headers["Location"].startswith("/sign-in/")


def test_tests_and_tasks_begin_in_the_scope_of_the_system() -> None:
    assert present_scope() == SYSTEM


def test_a_role_that_has_not_begun_opens_nothing(db: None) -> None:
    member = MembershipFactory(site=SiteFactory(), role=Role.COORDINATOR, starts_on=date(2099, 1, 1))
    assert scope_of(member.user) == Scope(person=member.user.pk)
