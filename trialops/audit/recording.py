"""The database's part: triggers that write the events of every tracked table, installed by each `migrate`.

They run as the owner of the tables, so that the app's role needs no right to write events, and has none. They are
statement-level: one insertion of events for a statement, however many rows it touches.
"""

import hashlib
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import ForeignKey, Model, UUIDField
from psycopg import sql

from trialops.audit.models import Event
from trialops.audit.registry import ITSELF, Tracked, tracked_models

HIDDEN = "(not shown)"
REASONS = ("reason", "why", "comment", "why_disabled", "failure")
"""Columns in which a row says itself why it is there."""

ORIGIN = """
CREATE OR REPLACE FUNCTION public.audit_context() RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(nullif(current_setting('pghistory.context_metadata', true), '')::jsonb, '{}')
$$
"""

NOTE_READING = """
CREATE OR REPLACE PROCEDURE public.audit_note_reading(read_model text, read_row text, subject uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO audit_event (recorded_at, transaction, action, model, row, subject_pk, user_pk, user_name, roles,
                             database_role, origin, request_id, reason)
    SELECT clock_timestamp(), pg_current_xact_id()::text::bigint, 'read', read_model, read_row, subject, {who}, ''
    FROM (SELECT public.audit_context() AS said) AS context
$$
"""

WHO = """
    (said -> 'who' ->> 'user')::bigint, coalesce(said -> 'who' ->> 'name', ''),
    ARRAY(SELECT jsonb_array_elements_text(coalesce(said -> 'who' -> 'roles', '[]'))), session_user,
    coalesce(said ->> 'origin', 'outside the application'), coalesce(said ->> 'request', '')
"""

RECORD = """
CREATE OR REPLACE FUNCTION public.{function}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    said jsonb := public.audit_context();
BEGIN
    IF TG_OP = 'INSERT' THEN
        {insert_added}
    ELSIF TG_OP = 'DELETE' THEN
        {insert_removed}
    ELSE
        {insert_changed}
    END IF;
    RETURN NULL;
END $$
"""

INSERTION = """
        INSERT INTO audit_event (recorded_at, transaction, action, model, row, study_pk, site_pk, subject_pk, user_pk,
                                 user_name, roles, database_role, origin, request_id, reason, old, new)
        SELECT clock_timestamp(), pg_current_xact_id()::text::bigint, {action}, {model}, {key},
               {study}, {site}, {subject}, {who}, coalesce(nullif(said ->> 'reason', ''), {reasons}, ''), {old}, {new}
        FROM {source};
"""

ADDED = "(SELECT to_jsonb(r) - {derived}::text[] AS content FROM added AS r) AS a"
REMOVED = "(SELECT to_jsonb(r) - {derived}::text[] AS content FROM removed AS r) AS o"
CHANGED = """
        (SELECT to_jsonb(r) - {derived}::text[] AS content FROM removed AS r) AS o
        FULL JOIN (SELECT to_jsonb(r) - {derived}::text[] AS content FROM added AS r) AS a
            ON o.content ->> {pk} = a.content ->> {pk}
        CROSS JOIN LATERAL (
            SELECT jsonb_object_agg(key, o_each.value) AS old, jsonb_object_agg(key, a_each.value) AS new
            FROM jsonb_each(coalesce(o.content, a.content)) AS o_each
            JOIN jsonb_each(coalesce(a.content, o.content)) AS a_each USING (key)
            WHERE o_each.value <> a_each.value) AS difference
        WHERE o.content IS NULL OR a.content IS NULL OR difference.old IS NOT NULL
"""
"""Rows are paired by key; one whose key has changed is one deleted and one added."""

PRESENT = """
        (SELECT to_jsonb(r) - {derived}::text[] AS content FROM {table} AS r) AS a
        CROSS JOIN (SELECT '{{"origin": "migrate", "reason": "there when recording began"}}'::jsonb AS said) AS context
        WHERE NOT EXISTS (SELECT 1 FROM audit_event AS e WHERE e.model = {model} AND e.row = {key})
"""
"""What is in a table before its triggers are: made by the first migration itself, or older than the trail."""

RECORDED = "SELECT relname FROM pg_trigger JOIN pg_class AS c ON c.oid = tgrelid WHERE tgname = 'audit_insert'"

TRIGGERS = {
    "insert": "AFTER INSERT ON {table} REFERENCING NEW TABLE AS added",
    "update": "AFTER UPDATE ON {table} REFERENCING OLD TABLE AS removed NEW TABLE AS added",
    "delete": "AFTER DELETE ON {table} REFERENCING OLD TABLE AS removed",
}


def install_recording(connection: BaseDatabaseWrapper) -> None:
    """Have every change of the tracked tables recorded; run as the owner after every migration."""
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        if Event._meta.db_table not in tables:
            return
        cursor.execute(ORIGIN)
        cursor.execute(NOTE_READING.replace("{who}", WHO))
        role = sql.Identifier(settings.DATABASE_APP_ROLE)
        reading = sql.SQL("PROCEDURE public.audit_note_reading(text, text, uuid)")
        cursor.execute(sql.SQL("REVOKE ALL ON {} FROM PUBLIC").format(reading))
        cursor.execute(sql.SQL("GRANT EXECUTE ON {} TO {}").format(reading, role))
        cursor.execute(RECORDED)
        recorded = {name for (name,) in cursor.fetchall()}
        for model, how in tracked_models().items():
            if (table := model._meta.db_table) in tables:
                for statement in statements(model, how):
                    cursor.execute(statement)
                if table not in recorded:
                    cursor.execute(_beginning(model, how))


def statements(model: type[Model], how: Tracked) -> list[sql.Composed]:
    """The function and the triggers that record one model."""
    table = model._meta.db_table
    function = sql.Identifier(f"audit_{table}")
    bodies = {
        "insert_added": _insertion(model, how, ADDED, "a.content", action="'insert'", new="a.content"),
        "insert_removed": _insertion(model, how, REMOVED, "o.content", action="'delete'", old="o.content"),
        "insert_changed": _changed(model, how),
    }
    made = [sql.SQL(RECORD).format(function=function, **bodies)]
    made.append(sql.SQL("REVOKE ALL ON FUNCTION public.{}() FROM PUBLIC").format(function))
    for name, when in TRIGGERS.items():
        event = sql.SQL(when).format(table=sql.Identifier(table))
        statement = "CREATE OR REPLACE TRIGGER {} {} FOR EACH STATEMENT EXECUTE FUNCTION public.{}()"
        made.append(sql.SQL(statement).format(sql.Identifier(f"audit_{name}"), event, function))
    return made


def _beginning(model: type[Model], how: Tracked) -> sql.Composed:
    """An event for each row that is there when the recording of its table begins."""
    name = sql.SQL("(a.content ->> {})").format(sql.Literal(_key(model)))
    present = sql.SQL(PRESENT).format(
        table=sql.Identifier(model._meta.db_table),
        model=sql.Literal(model._meta.label),
        key=key_of(model, how, name),
        derived=sql.Literal(list(how.derived)),
    )
    return _insertion(model, how, present, "a.content", action="'insert'", new="a.content")


def _changed(model: type[Model], how: Tracked) -> sql.Composed:
    present = "coalesce(a.content, o.content)"
    action = "CASE WHEN o.content IS NULL THEN 'insert' WHEN a.content IS NULL THEN 'delete' ELSE 'update' END"
    old = "CASE WHEN a.content IS NULL THEN o.content WHEN o.content IS NOT NULL THEN difference.old END"
    new = "CASE WHEN o.content IS NULL THEN a.content WHEN a.content IS NOT NULL THEN difference.new END"
    return _insertion(model, how, CHANGED, present, action=action, old=old, new=new)


def _insertion(
    model: type[Model], how: Tracked, source: str | sql.Composed, row: str, *, action: str, old: str = "", new: str = ""
) -> sql.Composed:
    columns = {field.column for field in model._meta.concrete_fields}
    pk = sql.Literal(_key(model))
    named = _named(model, how, row)
    reasons = [f"nullif({row} ->> '{name}', '')" for name in REASONS if name in columns]
    return sql.SQL(INSERTION).format(
        action=sql.SQL(action),
        model=sql.Literal(model._meta.label),
        key=key_of(model, how, sql.SQL("({} ->> {})").format(sql.SQL(row), pk)),
        **{name: named(name) for name in ("study", "site", "subject")},
        who=sql.SQL(WHO),
        reasons=sql.SQL(", ".join(reasons) or "NULL"),
        old=_masked(old, how),
        new=_masked(new, how),
        source=source
        if isinstance(source, sql.Composed)
        else sql.SQL(source).format(derived=sql.Literal(list(how.derived)), pk=pk),
    )


def key_of(model: type[Model], how: Tracked, key: sql.Composable) -> sql.Composable:
    """What names a row in its events: its primary key as text, or the SHA-256 of one that is a secret."""
    if _key(model) in how.hidden:
        return sql.SQL("encode(sha256({}::bytea), 'hex')").format(key)
    return key


def row_name(row: Model) -> str:
    """What names a row in its events, from the row itself."""
    key = str(row.pk)
    hidden = _key(type(row)) in tracked_models()[type(row)].hidden
    return hashlib.sha256(key.encode()).hexdigest() if hidden else key


def _masked(content: str, how: Tracked) -> sql.Composable:
    """The values, with a mark in the place of each that is a secret."""
    if not content:
        return sql.SQL("NULL")
    shown: sql.Composable = sql.SQL(f"({content})")
    for column in how.hidden:
        shown = sql.SQL("jsonb_set({}, ARRAY[{}], to_jsonb({}::text), false)").format(shown, column, HIDDEN)
    return shown


def _named(model: type[Model], how: Tracked, row: str) -> Callable[[str], sql.Composable]:
    """How the key of the subject, site or study that a row names is found: in it, or in the row it hangs on."""

    def key(name: str) -> sql.Composable:
        cast = "uuid" if name == "subject" else "bigint"
        if ITSELF.get(model._meta.label) == name:
            return sql.SQL("({} ->> {})::{}").format(sql.SQL(row), _key(model), sql.SQL(cast))
        if column := _column(model, name):
            return sql.SQL("({} ->> {})::{}").format(sql.SQL(row), column, sql.SQL(cast))
        if how.through:
            return _found(model, how.through.split("__"), name, row) or sql.SQL(f"NULL::{cast}")
        return sql.SQL("NULL::{}").format(sql.SQL(cast))

    return key


def _found(model: type[Model], path: list[str], name: str, row: str) -> sql.Composable | None:
    """The key as found by following foreign keys from the row; None if what stands at their end names none."""
    first = _link(model, path[0])
    joins, last = sql.Composed([]), first.related_model
    for number, step in enumerate(path[1:]):
        link = _link(last, step)
        joins += sql.SQL(" JOIN {} AS {} ON {} = {}").format(
            sql.Identifier(link.related_model._meta.db_table),
            sql.Identifier(f"p{number + 1}"),
            sql.Identifier(f"p{number + 1}", _key(link.related_model)),
            sql.Identifier(f"p{number}", str(link.column)),
        )
        last = link.related_model
    if not (column := _column(last, name)):
        return None
    return sql.SQL("(SELECT {} FROM {} AS p0{} WHERE {} = ({} ->> {})::{})").format(
        sql.Identifier(f"p{len(path) - 1}", column),
        sql.Identifier(first.related_model._meta.db_table),
        joins,
        sql.Identifier("p0", _key(first.related_model)),
        sql.SQL(row),
        str(first.column),
        sql.SQL("uuid" if isinstance(first.related_model._meta.pk, UUIDField) else "bigint"),
    )


def _column(model: type[Model], name: str) -> str:
    """The column of the foreign key of this name; empty if there is none."""
    found = (field for field in model._meta.concrete_fields if field.name == name and field.is_relation)
    return next((str(field.column) for field in found), "")


def _key(model: type[Model]) -> str:
    return str(model._meta.pk.column)


def _link(model: type[Model], name: str) -> "ForeignKey[Any, Any]":
    field = model._meta.get_field(name)
    if not isinstance(field, ForeignKey):
        raise TypeError(f"{model._meta.label}.{name} is no foreign key.")
    return field
