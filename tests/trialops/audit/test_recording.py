"""What the triggers write: each kind of change, who, old and new values, and why."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client

from sites.models import Site, Study
from tests.factories import MembershipFactory, SiteFactory, StudyFactory, UserFactory
from trialops.accounts.models import User
from trialops.audit.context import acting, because, typed_command
from trialops.audit.models import Event
from trialops.audit.recording import HIDDEN
from trialops.celery import app

pytestmark = pytest.mark.django_db


def events_of(row: Any) -> list[Event]:
    return list(Event.objects.filter(model=row._meta.label, row=str(row.pk)))


def test_an_added_row_is_recorded_with_all_its_values() -> None:
    site = SiteFactory(code="JAX")
    [event] = events_of(site)
    assert (event.action, event.old, event.site_pk, event.study_pk) == ("insert", None, site.pk, site.study_id)
    assert event.new is not None
    assert event.new["code"] == "JAX"
    assert set(event.new) == {field.column for field in Site._meta.concrete_fields}


def test_a_changed_row_is_recorded_with_the_old_and_new_values_of_what_changed() -> None:
    site = SiteFactory(city="Jacksonville")
    site.city = "Rochester"
    site.save()
    assert [(e.action, e.old, e.new) for e in events_of(site)][1:] == [
        ("update", {"city": "Jacksonville"}, {"city": "Rochester"})
    ]


def test_a_save_that_changes_nothing_is_no_event() -> None:
    site = SiteFactory()
    site.save()
    assert len(events_of(site)) == 1


def test_one_statement_over_many_rows_is_one_event_for_each() -> None:
    study = StudyFactory()
    Site.objects.bulk_create(Site(study=study, code=f"S{n}", facility="A hospital", time_zone="UTC") for n in range(30))
    Site.objects.filter(study=study).update(city="Rochester")
    assert Event.objects.filter(model="trial_sites.Site", study_pk=study.pk, action="insert").count() == 30
    assert Event.objects.filter(model="trial_sites.Site", study_pk=study.pk, action="update").count() == 30


def test_a_deleted_row_and_what_goes_with_it_are_recorded_with_their_last_values() -> None:
    membership = MembershipFactory()
    user = membership.user
    key = user.pk
    user.delete()
    deleted = Event.objects.filter(action="delete")
    assert {(e.model, e.row) for e in deleted} >= {
        ("accounts.User", str(key)),
        ("trial_sites.Membership", str(membership.pk)),
    }
    assert deleted.get(model="trial_sites.Membership").old == {**(events_of(membership)[0].new or {})}


def test_a_changed_key_is_recorded_as_one_row_deleted_and_one_added() -> None:
    study = StudyFactory()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE trial_sites_study SET id = id + 1000000 WHERE id = %s", [study.pk])
    assert [e.action for e in events_of(study)] == ["insert", "delete"]
    assert Event.objects.filter(model="trial_sites.Study", row=str(study.pk + 1000000)).get().action == "insert"


def test_of_a_secret_only_the_change_is_recorded() -> None:
    user = UserFactory()
    user.set_password("another-password-for-tests")
    user.save()
    added, changed = events_of(user)
    assert (added.new or {})["password"] == HIDDEN
    assert (changed.old, changed.new) == ({"password": HIDDEN}, {"password": HIDDEN})


def test_what_follows_from_other_rows_is_no_event_of_its_own() -> None:
    study = StudyFactory()
    Study.objects.filter(pk=study.pk).update(data_version=7)
    [event] = events_of(study)
    assert "data_version" not in (event.new or {})


def test_a_change_without_context_is_recorded_by_its_database_role() -> None:
    [event] = events_of(StudyFactory())
    assert (event.origin, event.database_role, event.user_pk) == ("outside the application", "trialops_app", None)


def test_the_reason_is_the_one_said_else_the_rows_own_else_none() -> None:
    with because("the sponsor asked"):
        said = StudyFactory()
    silent = StudyFactory()
    assert [e.reason for e in events_of(said) + events_of(silent)] == ["the sponsor asked", ""]


def test_what_was_said_inside_a_block_ends_with_it() -> None:
    with acting(origin="command outer"):
        with acting(origin="command inner", reason="inner"):
            pass
        [event] = events_of(StudyFactory())
    assert (event.origin, event.reason) == ("command outer", "")


def test_a_request_is_recorded_with_person_roles_and_route(client: Client) -> None:
    member = MembershipFactory(site__code="JAX", site__study__registry_id="NCT70000001", role="coordinator")
    client.force_login(member.user)
    client.post("/reminders/preferences/", {"mail": "urgent"})
    event = Event.objects.get(model="screening.ReminderPreference", action="insert")
    assert (event.user_pk, event.user_name) == (member.user.pk, member.user.username)
    assert event.roles == ["coordinator NCT70000001 JAX"]
    assert event.origin == "POST reminders/preferences/"
    assert event.request_id


def test_signing_in_is_recorded_as_the_persons_own_act(client: Client) -> None:
    user = UserFactory()
    client.post("/sign-in/", {"username": user.username, "password": "a-password-for-tests"})
    event = events_of(user)[-1]
    assert set(event.new or {}) == {"last_login"}
    assert event.user_pk == user.pk


def test_groups_of_a_person_are_recorded() -> None:
    user = UserFactory()
    user.groups.add(Group.objects.get(name="Study managers"))
    event = Event.objects.get(model="accounts.User_groups")
    assert event.new is not None
    assert event.new["user_id"] == user.pk
    assert User.objects.filter(pk=user.pk, groups__name="Study managers").exists()


def test_a_typed_command_is_recorded_by_name_and_system_user() -> None:
    with typed_command(["manage.py", "load_study"]):
        [event] = events_of(StudyFactory())
    assert event.origin == "command load_study"
    assert event.user_name.endswith(" (system)")
    assert event.roles == ["system user"]


def test_a_command_of_the_framework_bears_no_context() -> None:
    with typed_command(["manage.py", "migrate"]):
        [event] = events_of(StudyFactory())
    assert event.origin == "outside the application"


def test_a_task_is_recorded_under_its_name() -> None:
    make_study()
    event = Event.objects.get(model="trial_sites.Study", action="insert")
    assert (event.origin, event.user_name, event.roles) == (
        "task tests.trialops.audit.test_recording.make_study", "the clock", ["scheduled task"],
    )  # fmt: skip


@app.task
def make_study() -> None:
    StudyFactory()
