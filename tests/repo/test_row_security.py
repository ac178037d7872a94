"""Row-level security over all models: each is classed, each classed table has its policies, and they hold alone."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.db import ProgrammingError, connection, transaction
from django.db.models import Model, QuerySet
from django.utils import timezone

from screening.models import Observation, Subject
from sites.access import Access, access_of
from sites.models import Membership, Site, Study
from sites.scopes import person_scope
from tests.factories import MembershipFactory
from tests.repo.test_authorisation_table import TABLE, ask, filled, told, whole
from tests.repo.world import Place, World, make_world
from trialops.accounts.models import User
from trialops.row_security import classed, policies, reasons
from trialops.scope import SETTINGS, Scope, scoped

OURS = ("trialops", "sites", "screening", "dashboards")
OF_A_SITE = frozenset({"sites"})
ALL_WAYS = frozenset(SETTINGS)
PEOPLE = ("manager", "pi", "pi_elsewhere", "coordinator", "sponsor")
CANARIES = ("FAR-0001", "Investigator of FAR", "staff-of-FAR", "board of FAR", "FAR A hospital")
"""Names that stand in rows of the other study's site."""


@pytest.fixture
def world(db: None, settings: Any) -> World:
    settings.DEMO = True
    return make_world()


def tables() -> list[type[Model]]:
    return [apps.get_model(label) for label in classed()]


def test_every_model_is_classed_once_and_every_reason_is_said() -> None:
    ours = {model._meta.label for model in apps.get_models() if model.__module__.split(".")[0] in OURS}
    assert ours == set(classed()) | set(reasons()), "Class these in the row_security module of their app."
    assert not set(classed()) & set(reasons())
    assert all(reasons().values())


def test_no_table_of_a_library_hangs_on_a_row_of_a_site() -> None:
    guarded = set(tables())
    others = [model for model in apps.get_models(include_auto_created=True) if model._meta.label not in classed()]
    for model in others:
        if model._meta.label not in reasons():
            assert not {field.related_model for field in model._meta.fields} & guarded, model._meta.label


def test_every_classed_table_has_its_policies_forced(db: None) -> None:
    with connection.cursor() as cursor:
        for model in tables():
            cursor.execute(
                "SELECT relrowsecurity, relforcerowsecurity, pg_get_userbyid(relowner), "
                "ARRAY(SELECT polname::text FROM pg_policy WHERE polrelid = c.oid ORDER BY 1) "
                "FROM pg_class AS c WHERE oid = to_regclass(%s)",
                [model._meta.db_table],
            )
            on, forced, owner, names = cursor.fetchone()
            assert (on, forced) == (True, True), model._meta.label
            assert owner != settings.DATABASE_APP_ROLE
            assert names == sorted(name for name, _ in policies(model, classed()[model._meta.label]))


def test_the_role_of_the_app_is_bound_by_them(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False, False)


def of_place(model: type[Model], place: Place, *, by: frozenset[str] = ALL_WAYS) -> Iterator[QuerySet[Model]]:
    """The rows of a model that belong to a place, by the ways of its class (those to a person belong to none)."""
    for path, setting in classed()[model._meta.label].read:
        if setting in by and "_pk" not in path:
            key = place.site.pk if setting in OF_A_SITE else place.site.study_id
            yield model._default_manager.filter(**{path: key})


def test_nobody_sees_a_row_of_another_study_whatever_is_asked_for(world: World) -> None:
    """Everything is asked for, as by a query that forgets all limits: each person, each table, foreign rows 0."""
    there = {model: sum(rows.count() for rows in of_place(model, world.elsewhere)) for model in tables()}
    assert sum(number > 0 for number in there.values()) > 15
    seen = cells = 0
    for user in people(world).values():
        with scoped(scope_of(user)):
            for model in tables():
                for rows in of_place(model, world.elsewhere):
                    cells += 1
                    seen += rows.count()
    assert seen == 0
    assert cells > 100
    print(f"{cells} cells, foreign rows {seen}")


def test_the_staff_of_one_site_see_no_subject_of_another_of_the_study(world: World) -> None:
    held = {model for model in tables() if any(rows.exists() for rows in of_place(model, world.here, by=OF_A_SITE))}
    assert len(held) > 8
    with scoped(scope_of(people(world)["pi_elsewhere"])):
        for model in held:
            assert not any(rows.exists() for rows in of_place(model, world.here, by=OF_A_SITE)), model._meta.label


def test_a_sponsor_sees_no_row_of_a_subject_and_the_figures_of_all_sites(world: World) -> None:
    with scoped(scope_of(people(world)["sponsor"])):
        assert not Subject.objects.exists()
        assert not Observation.objects.exists()
        assert Site.objects.count() == 2
    answer = ask(world, "sponsor", "GET", f"/api/v1/studies/{world.here.site.study.registry_id}/enrollment/")
    assert sum(site["ever"]["in_screening"] for site in answer.json()["sites"]) > 1  # type: ignore[attr-defined]


def test_without_a_scope_there_are_no_rows(world: World) -> None:
    for model in tables():
        with scoped(None):
            of_no_site = {f"{name}__isnull": True for name in classed()[model._meta.label].open_without}
            rows = model._default_manager.exclude(**of_no_site)
            assert not rows.exists(), model._meta.label


def test_a_connection_that_says_nothing_moves_nothing(committed_db: None, process_env: dict[str, str]) -> None:
    """Not through Django at all: the app's own sign-in, and plain SQL."""
    world = make_world()
    subject = world.here.subject.pk
    with psycopg.connect(process_env["DATABASE_URL"]) as plain:
        plain.execute(f"SET ROLE {settings.DATABASE_APP_ROLE}")
        for table in ("screening_subject", "screening_observation", "trial_sites_site", "trial_sites_membership"):
            assert plain.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
        assert plain.execute("UPDATE screening_subject SET sex = 'male'").rowcount == 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            plain.execute(
                "INSERT INTO screening_toxicity (subject_id, source, retracted, reason, recorded_by_id, term) "
                "SELECT %s, 'typed', false, '', id, 'x' FROM accounts_user LIMIT 1",
                [subject],
            )


class Everything(Access):
    """Access with all limits of the querysets taken away."""

    studies = property(lambda self: Study.objects.all())  # type: ignore[assignment]
    managed_studies = studies
    counted_studies = studies
    sites = property(lambda self: Site.objects.all())  # type: ignore[assignment]
    counted_sites = sites
    manages = may_screen_at = may_sign_at = may_judge_at = lambda self, where: True  # type: ignore[assignment]


def test_with_the_limits_of_the_querysets_removed_no_foreign_row_is_on_any_page(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pages of the other study and its site, asked for by people who have nothing there."""
    for name in ("studies", "managed_studies", "counted_studies", "sites", "counted_sites"):
        monkeypatch.setattr(Access, name, Everything.__dict__[name])
    for name in ("manages", "may_screen_at", "may_sign_at", "may_judge_at"):
        monkeypatch.setattr(Access, name, Everything.__dict__[name])
    pages = opened = 0
    for route in (route for route in TABLE if "<" in route and "GET" in TABLE[route]):
        path = filled(route, world.elsewhere.values())
        for role in PEOPLE:
            answer = ask(world, role, "GET", path)
            pages, opened = pages + 1, opened + (told(answer, "GET") == "ok")
            found = [canary for canary in CANARIES if canary in whole(answer)]
            assert not found, (route, role)
    assert opened > 0, "The limits are still there: this test shows nothing."
    print(f"{pages} pages asked for, {opened} opened, foreign rows 0")


def test_a_monitor_changes_nothing_in_the_database_either(world: World) -> None:
    site, subject = world.here.site, world.here.subject
    monitor = MembershipFactory(study=site.study, site=site, role=Membership.Role.MONITOR).user
    with scoped(scope_of(monitor)):
        assert Subject.objects.filter(pk=subject.pk).exists()
        assert Subject.objects.filter(pk=subject.pk).update(sex="male") == 0
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            Observation.objects.create(
                subject=subject, fact="ecog", value="1", on="2025-02-03", day="2025-02-03", source="typed",
                recorded_by=monitor,
            )  # fmt: skip


def people(world: World) -> dict[str, User]:
    """The people of the study asked for, by the names of the table."""
    found = {}
    for role in PEOPLE:
        session = world.askers[role][0].session
        found[role] = User.objects.get(pk=session["_auth_user_id"])
    return found


def scope_of(user: User) -> Scope:
    return person_scope(access_of(user, timezone.now().date()))
