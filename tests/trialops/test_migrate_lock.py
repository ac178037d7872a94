"""A migration gives way to whoever works with the table, and says so."""

from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection


def test_a_migration_gives_up_waiting_for_a_lock_and_leaves_the_table_alone(
    committed_db: None, process_env: dict[str, str], settings: Any
) -> None:
    settings.MIGRATION_LOCK_TIMEOUT = "200 ms"
    with psycopg.connect(process_env["DATABASE_OWNER_URL"]) as reader:
        reader.execute("SELECT count(*) FROM django_session")  # and a long think, with the transaction open
        with pytest.raises(CommandError, match=r"longer than 200 ms.*Run migrate again"):
            call_command("migrate", "sessions", "zero", verbosity=0)
    assert "django_session" in connection.introspection.table_names()
