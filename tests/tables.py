"""The rows of the test database: those that a module's tests share, and none after tests that commit."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import transaction

from trialops.db import as_owner

Made = TypeVar("Made")

KEPT = ("django_migrations", "django_content_type", "auth_permission", "auth_group", "auth_group_permissions")
"""What a migration has written and no test changes for good."""


@contextmanager
def made_for_a_module(django_db_blocker: Any, make: Callable[[], Made]) -> Iterator[Made]:
    """What `make` writes, in one transaction around the tests of a module, whose own become savepoints in it."""
    with django_db_blocker.unblock(), transaction.atomic():
        made = make()
        with django_db_blocker.block():
            yield made
        transaction.set_rollback(True)


def empty_all_tables() -> None:
    with as_owner() as owner, owner.cursor() as cursor:
        tables = [table for table in owner.introspection.table_names(cursor) if table not in KEPT]
        cursor.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")
