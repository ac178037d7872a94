"""Every model is tracked or named with the reason why not; every tracked table has its triggers."""

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.db import connection, transaction

from tests.trialops.audit.intruder import intruder
from trialops.audit.models import Event
from trialops.audit.recording import install_recording
from trialops.audit.registry import TRACKED, UNTRACKED, tracked_models
from trialops.audit.rows import row_findings
from trialops.db import as_owner

INSTALLED = {model._meta.label for model in apps.get_models(include_auto_created=True)}
LABELS = {config.label for config in apps.get_app_configs()}


def test_every_model_is_tracked_or_left_out_with_a_reason() -> None:
    assert not INSTALLED - set(TRACKED) - set(UNTRACKED), "Add these to trialops/audit/registry.py."


def test_no_model_is_both_and_every_reason_is_said() -> None:
    assert not set(TRACKED) & set(UNTRACKED)
    assert all(reason.strip() for reason in UNTRACKED.values())


def test_the_lists_name_no_model_that_an_installed_app_does_not_have() -> None:
    listed = {label for label in {*TRACKED, *UNTRACKED} if label.partition(".")[0] in LABELS}
    assert not listed - INSTALLED


def test_hidden_and_derived_columns_and_paths_exist() -> None:
    for model, how in tracked_models().items():
        columns = {field.column for field in model._meta.concrete_fields}
        assert set(how.hidden) | set(how.derived) <= columns, model
        assert not how.through or model._default_manager.filter(**{f"{how.through}__isnull": True}) is not None


@pytest.mark.django_db
def test_every_tracked_table_has_its_three_triggers() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text, array_agg(tgname::text ORDER BY tgname) FROM pg_trigger "
            "WHERE tgname IN ('audit_insert', 'audit_update', 'audit_delete') AND tgenabled = 'O' GROUP BY 1"
        )
        installed = dict(cursor.fetchall())
    expected = ["audit_delete", "audit_insert", "audit_update"]
    assert installed == {model._meta.db_table: expected for model in tracked_models()}


def findings() -> list[str]:
    with transaction.atomic():  # a cursor in the server needs one
        return list(row_findings())


@pytest.mark.usefixtures("committed_db")
def test_what_was_there_before_recording_began_has_an_event_that_says_so() -> None:
    with intruder() as superuser:
        superuser.does("DELETE FROM audit_event")
        superuser.does("DROP TRIGGER audit_insert ON auth_group")
        superuser.does("DROP TRIGGER audit_insert ON auth_group_permissions")
        superuser.does("DROP TRIGGER audit_insert ON screening_installation")
    with as_owner() as owner:
        install_recording(owner)
    group = Group.objects.get(name="Study managers")
    Event.objects.get(model="auth.Group", row=str(group.pk), action="insert", origin="migrate")
    assert not findings()
