"""The application's own role can add to the trail only through the triggers, and take nothing away."""

import pytest
from django.db import DatabaseError, connection, transaction

from tests.factories import SiteFactory
from trialops.audit.models import Event, Link
from trialops.audit.registry import tracked_models
from trialops.audit.sealing import seal_events

TABLES = ("audit_event", "audit_link", "audit_sealing")

ON_EACH_TABLE = (
    "UPDATE {table} SET id = id + 1",
    "DELETE FROM {table}",
    "TRUNCATE {table} CASCADE",
    "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "ALTER TABLE {table} DISABLE TRIGGER USER",
    "ALTER TABLE {table} OWNER TO trialops_app",
    "DROP TABLE {table} CASCADE",
    "CREATE RULE nothing AS ON INSERT TO {table} DO INSTEAD NOTHING",
)
ANYWHERE = (
    "INSERT INTO audit_event (SELECT * FROM audit_event)",
    "SET session_replication_role = replica",
    "SET LOCAL session_replication_role = replica",
    "SELECT set_config('session_replication_role', 'replica', true)",
    "SET ROLE trialops_owner",
    "SET ROLE postgres",
    "SET SESSION AUTHORIZATION postgres",
    "CREATE OR REPLACE FUNCTION public.audit_context() RETURNS jsonb LANGUAGE sql AS $$ SELECT '{}'::jsonb $$",
    "DROP FUNCTION public.audit_trial_sites_site() CASCADE",
)
ON_A_TRACKED_TABLE = (
    "ALTER TABLE {table} DISABLE TRIGGER audit_insert",
    "DROP TRIGGER audit_update ON {table}",
    "TRUNCATE {table} CASCADE",
)
ATTEMPTS = [
    *(attempt.format(table=table) for attempt in ON_EACH_TABLE for table in TABLES),
    *ANYWHERE,
    *(attempt.format(table=model._meta.db_table) for attempt in ON_A_TRACKED_TABLE for model in tracked_models()),
]


def outcome_of(attempt: str) -> str:
    """Why the database refuses: a want of rights, or something that would say nothing about them."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(attempt)
    except DatabaseError as error:
        return type(error.__cause__).__name__
    return "not refused"


@pytest.mark.django_db
def test_the_apps_role_is_refused_everything_but_reading_and_linking() -> None:
    SiteFactory()
    seal_events()
    before = list(Event.objects.values_list()), list(Link.objects.values_list())
    assert len(ATTEMPTS) > 100
    outcomes = {attempt: outcome_of(attempt) for attempt in ATTEMPTS}
    assert {attempt: said for attempt, said in outcomes.items() if said != "InsufficientPrivilege"} == {}
    assert (list(Event.objects.values_list()), list(Link.objects.values_list())) == before


@pytest.mark.django_db
def test_the_apps_role_cannot_set_the_whole_server_to_fire_no_triggers() -> None:
    """ALTER SYSTEM is refused inside any transaction, whoever asks: so the right itself is asked about."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_parameter_privilege(current_user, 'session_replication_role', 'ALTER SYSTEM')")
        assert cursor.fetchone() == (False,)


@pytest.mark.django_db
def test_a_forged_search_path_or_temporary_table_catches_no_event() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE audit_event (LIKE public.audit_event)")
        cursor.execute("SET LOCAL search_path = pg_temp, public")
        site = SiteFactory()
        cursor.execute(
            "SELECT count(*) FROM public.audit_event WHERE model = 'trial_sites.Site' AND row = %s", [str(site.pk)]
        )
        assert cursor.fetchone() == (1,)
        cursor.execute("SET LOCAL search_path = public")
