"""Every model is tracked or named with the reason why not; every tracked table has its triggers."""

import pytest
from django.apps import apps
from django.db import connection

from trialops.audit.registry import TRACKED, UNTRACKED, tracked_models

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
