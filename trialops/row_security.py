"""Row-level security: which rows belong to one site or subject, and the policies that the database holds them by.

Each app that stores such rows says so in its module `row_security`: ROWS (model to Rows) and NOT_OF_ONE_SITE (model to
why not). `manage.py migrate` makes the policies from it, as it renews the grants. A model in neither fails a test.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import apps
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models import ForeignKey, Model

IS_SYSTEM = "(SELECT current_setting('trialops.scope', true)) = 'system'"
"""Asked first in every policy and computed once a query: bulk work pays for nothing that comes after it."""

Ways = tuple[tuple[str, str], ...]
"""(path, setting): a row is reached when the id at the end of the path of foreign keys is in the setting."""


@dataclass(frozen=True)
class Rows:
    """Who reads and writes the rows of a table: by ways to ids that the settings of trialops.scope.Scope name.

    `lock`: by which ways a row may be locked too, not changed. `open_without`: keys whose absence says that the row is
    of no site. `only_triggers_add`: the app's role has no right to add, and triggers add whatever happened. `keys`:
    columns that hold the key of another model's row without being a foreign key, with that model's label.
    """

    read: Ways
    write: Ways
    lock: Ways = ()
    open_without: tuple[str, ...] = ()
    only_triggers_add: bool = False
    keys: Ways = ()


def of_site(path: str, *, open_without: tuple[str, ...] = ()) -> Rows:
    """Rows of a subject or of a site's daily work: read by who sees its subjects, written by who enters them."""
    return Rows(read=((path, "sites"),), write=((path, "writable"),), open_without=open_without)


def of_study(path: str, *, lock: Ways = (), read_too: Ways = ()) -> Rows:
    """Rows about sites that everybody in the study may know; changed by its managers."""
    return Rows(read=((path, "studies"), *read_too), write=((path, "managed"),), lock=lock)


def of_managers(path: str) -> Rows:
    """Rows that only the managers of a study see."""
    return Rows(read=((path, "managed"),), write=((path, "managed"),))


def figures(site: str) -> Rows:
    """Figures of a site that triggers keep: read by who sees its subjects or the study's counts."""
    return Rows(read=((site, "sites"), (f"{site}__study", "counted")), write=((site, "writable"),))


def classed() -> dict[str, Rows]:
    """Every classed model, by its label."""
    return {label: rows for module in _modules() for label, rows in module.ROWS.items()}


def reasons() -> dict[str, str]:
    """Why the other models need no policy, by their label."""
    return {label: why for module in _modules() for label, why in module.NOT_OF_ONE_SITE.items()}


def install(connection: BaseDatabaseWrapper) -> None:
    """Give every table its policies; run as the owner after every migration. What is right already is not touched."""
    with connection.cursor() as cursor:
        for label, rows in classed().items():
            _install(cursor, apps.get_model(label), rows)


def policies(model: type[Model], rows: Rows) -> Iterator[tuple[str, str]]:
    """Name and definition of each policy of a table."""
    unset = [f"{_column(model, name)} IS NULL" for name in rows.open_without]
    opened = [f"({' AND '.join(unset)})"] if unset else []
    read, write, lock = (
        " OR ".join([IS_SYSTEM, *(_reaches(model, *way, keys=dict(rows.keys)) for way in ways), *opened])
        for ways in (rows.read, rows.write, rows.write + rows.lock)
    )
    yield "read", f"FOR SELECT USING ({read})"
    yield "add", f"FOR INSERT WITH CHECK ({'true' if rows.only_triggers_add else write})"
    yield "change", f"FOR UPDATE USING ({lock}) WITH CHECK ({write})"
    yield "remove", f"FOR DELETE USING ({write})"


def _reaches(model: type[Model], path: str, setting: str, alias: str = "", *, keys: dict[str, str]) -> str:
    """SQL: the row's way along foreign keys ends at an id that the setting names."""
    name, _, rest = path.partition("__")
    column = _column(model, name, alias)
    if not rest:
        named = f"(SELECT nullif(current_setting('trialops.{setting}', true), '')::bigint[])"
        return f"{column} = ANY ({named}::bigint[])"
    target = apps.get_model(keys[name]) if name in keys else _target(model, name)
    step = f"{alias or 'way'}_{name}"
    return (
        f'EXISTS (SELECT 1 FROM "{target._meta.db_table}" AS "{step}" '  # noqa: S608  names of this code's own models
        f"WHERE {_column(target, 'pk', step)} = {column} AND {_reaches(target, rest, setting, step, keys=keys)})"
    )


def _target(model: type[Model], name: str) -> type[Model]:
    field = model._meta.get_field(name)
    if not isinstance(field, ForeignKey):
        raise TypeError(f"{model._meta.label}.{name} is no foreign key; a way to a site or study consists of them.")
    target: type[Model] = field.related_model
    return target


def _column(model: type[Model], name: str, alias: str = "") -> str:
    field: Any = model._meta.pk if name == "pk" else model._meta.get_field(name)
    return f'"{alias or model._meta.db_table}"."{field.column}"'


def _install(cursor: CursorWrapper, model: type[Model], rows: Rows) -> None:
    table = model._meta.db_table
    wanted = dict(policies(model, rows))
    digest = hashlib.sha256(repr(sorted(wanted.items())).encode()).hexdigest()
    cursor.execute(
        "SELECT oid, relrowsecurity AND relforcerowsecurity, "
        "ARRAY(SELECT polname::text FROM pg_policy WHERE polrelid = c.oid), "
        "(SELECT count(*) FROM pg_policy AS p WHERE polrelid = c.oid AND obj_description(p.oid, 'pg_policy') = %s) "
        "FROM pg_class AS c WHERE oid = to_regclass(%s)",
        [digest, f'"{table}"'],
    )
    found = cursor.fetchone()
    if found is None or (found[1] and found[3] == len(wanted) == len(found[2])):
        return
    for name in found[2]:
        cursor.execute(f'DROP POLICY "{name}" ON "{table}"')
    for name, definition in wanted.items():
        cursor.execute(f'CREATE POLICY "{name}" ON "{table}" {definition}')
        cursor.execute(f'COMMENT ON POLICY "{name}" ON "{table}" IS \'{digest}\'')
    cursor.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY')


def _modules() -> Iterator[Any]:
    for config in apps.get_app_configs():
        name = f"{config.name}.row_security"
        if config.name != "trialops" and find_spec(name) is not None:
            yield import_module(name)
