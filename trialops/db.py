"""The two database roles: the owner migrates, the app role reads and writes what it has been granted."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import ProgrammingError, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models import Model
from psycopg import errors, sql

from trialops.database_url import postgresql
from trialops.scope import scoped


class CacheApart:
    """Django's database cache works on a connection of its own: a count of failures outlives what fails."""

    def db_for_read(self, model: type[Model], **hints: object) -> str | None:
        return "apart" if model._meta.app_label == "django_cache" else None

    db_for_write = db_for_read

    def allow_migrate(self, db: str, app_label: str, **hints: object) -> bool | None:
        """The owner makes everything on the default connection."""
        return db != "apart"


@contextmanager
def as_owner(alias: str = "default", *, lock_timeout: str = "") -> Iterator[BaseDatabaseWrapper]:
    """The connection of `alias` signed in as the owner role inside the block, as the app role again after it.

    The owner works on all rows: row-level security is forced upon it too, and migrations concern every site. With a
    `lock_timeout` ("5s") no statement waits longer for a lock that somebody else holds.
    """
    connection = connections[alias]
    app_settings = dict(connection.settings_dict)
    owner = dict(app_settings)
    if settings.DATABASE_OWNER_URL:
        parsed = postgresql("DATABASE_OWNER_URL", settings.DATABASE_OWNER_URL)
        owner.update({key: parsed.get(key, "") for key in ("USER", "PASSWORD", "HOST", "PORT")})
    kept = {key: value for key, value in app_settings["OPTIONS"].items() if key not in {"options", "pool"}}
    patience = f" -c lock_timeout={lock_timeout.replace(' ', '')}" if lock_timeout else ""
    owner["OPTIONS"] = {**kept, "options": f"-c trialops.scope=system{patience}"}
    connection.close()
    connection.settings_dict.clear()
    connection.settings_dict.update(owner)
    try:
        with scoped(None):  # the setting above holds for the whole session
            yield connection
    finally:
        connection.close()
        connection.settings_dict.clear()
        connection.settings_dict.update(app_settings)


@contextmanager
def one_snapshot() -> Iterator[None]:
    """All reads inside see the same moment, so that no count and no data version is of another one."""
    if connection.in_atomic_block:  # the caller's transaction decides
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def grant_to_app_role(connection: BaseDatabaseWrapper) -> None:
    """Give the app role what it needs and no more; run as the owner after every migration.

    The app role may read and write rows, but not alter, truncate or own anything. Models with
    `append_only = True` may be read and added to, never changed or deleted, and only read if they also say
    `written_by_triggers = True`; of models with `only_these_change`
    the app role may change those columns, and delete rows only if it says `may_be_deleted = True`.
    """
    role = sql.Identifier(settings.DATABASE_APP_ROLE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [settings.DATABASE_APP_ROLE])
        if cursor.fetchone() is None:
            _create_role(cursor, role)
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
            table = sql.Identifier(model._meta.db_table)
            if getattr(model, "append_only", False):
                cursor.execute(sql.SQL("REVOKE UPDATE, DELETE ON {} FROM {}").format(table, role))
            if getattr(model, "written_by_triggers", False):
                cursor.execute(sql.SQL("REVOKE INSERT ON {} FROM {}").format(table, role))
            if columns := getattr(model, "only_these_change", ()):
                listed = sql.SQL(", ").join(sql.Identifier(name) for name in columns)
                taken = sql.SQL("UPDATE" if getattr(model, "may_be_deleted", False) else "UPDATE, DELETE")
                cursor.execute(sql.SQL("REVOKE {} ON {} FROM {}").format(taken, table, role))
                cursor.execute(sql.SQL("GRANT UPDATE ({}) ON {} TO {}").format(listed, table, role))


def refuse_ignored_triggers(connection: BaseDatabaseWrapper) -> None:
    """Take away pgtrigger's own way around a trigger: a setting that any role could make for itself.

    Every installed trigger asks this function, which comes anew with each migration that installs one.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION public._pgtrigger_should_ignore(trigger_name NAME) RETURNS BOOLEAN "
            "LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN FALSE; END $$"
        )


def _create_role(cursor: CursorWrapper, role: sql.Identifier) -> None:
    try:
        cursor.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(role))
    except ProgrammingError as error:
        if not isinstance(error.__cause__, errors.InsufficientPrivilege):
            raise
        raise ImproperlyConfigured(
            f"The role that runs the application, “{settings.DATABASE_APP_ROLE}”, does not exist, and this sign-in may "
            "not create it. Create it as a superuser, or name the one that exists in DATABASE_APP_ROLE."
        ) from error
