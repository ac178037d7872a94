"""The two database roles: the owner migrates, the app role reads and writes what it has been granted."""

from collections.abc import Iterator
from contextlib import contextmanager

import dj_database_url
from django.apps import apps
from django.conf import settings
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql


@contextmanager
def as_owner(alias: str = "default") -> Iterator[BaseDatabaseWrapper]:
    """The connection of `alias` signed in as the owner role inside the block, as the app role again after it."""
    connection = connections[alias]
    app_settings = dict(connection.settings_dict)
    owner = dict(app_settings)
    if settings.DATABASE_OWNER_URL:
        parsed = dj_database_url.parse(settings.DATABASE_OWNER_URL)
        owner.update({key: parsed.get(key, "") for key in ("USER", "PASSWORD", "HOST", "PORT")})
    owner["OPTIONS"] = {key: value for key, value in app_settings["OPTIONS"].items() if key not in {"options", "pool"}}
    connection.close()
    connection.settings_dict.clear()
    connection.settings_dict.update(owner)
    try:
        yield connection
    finally:
        connection.close()
        connection.settings_dict.clear()
        connection.settings_dict.update(app_settings)


def grant_to_app_role(connection: BaseDatabaseWrapper) -> None:
    """Give the app role what it needs and no more; run as the owner after every migration.

    The app role may read and write rows, but not alter, truncate or own anything. Models with
    `append_only = True` may be read and added to, never changed or deleted.
    """
    role = sql.Identifier(settings.DATABASE_APP_ROLE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [settings.DATABASE_APP_ROLE])
        if cursor.fetchone() is None:
            cursor.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(role))
        cursor.execute("SELECT pg_has_role(current_user, %s, 'SET'), current_user", [settings.DATABASE_APP_ROLE])
        may_set, owner = cursor.fetchone()
        if not may_set and not settings.DATABASE_OWNER_URL:
            cursor.execute(sql.SQL("GRANT {} TO {}").format(role, sql.Identifier(owner)))
        for statement in (
            "GRANT USAGE ON SCHEMA public TO {}",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}",
            "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}",
            "REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {}",
        ):
            cursor.execute(sql.SQL(statement).format(role))
        for model in apps.get_models():
            if getattr(model, "append_only", False):
                table = sql.Identifier(model._meta.db_table)
                cursor.execute(sql.SQL("REVOKE UPDATE, DELETE ON {} FROM {}").format(table, role))
