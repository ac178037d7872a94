"""The tables of the test database, emptied after tests that commit."""

from trialops.db import as_owner

KEPT = ("django_migrations", "django_content_type", "auth_permission", "auth_group", "auth_group_permissions")
"""What a migration has written and no test changes for good."""


def empty_all_tables() -> None:
    with as_owner() as owner, owner.cursor() as cursor:
        tables = [table for table in owner.introspection.table_names(cursor) if table not in KEPT]
        cursor.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")
