"""Verifying the rows: each one as it is now must be what its events, taken in order, make of it."""

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from django.db.models import Model
from psycopg import sql

from trialops.audit.content import stream
from trialops.audit.recording import HIDDEN, key_of
from trialops.audit.registry import Tracked, tracked_models

EVENTS = """
    SELECT row, action, new FROM audit_event WHERE model = %s AND action <> 'read' ORDER BY row COLLATE "C", id
"""
ROWS = 'SELECT {key} AS row, to_jsonb(r) FROM {table} AS r ORDER BY {key} COLLATE "C"'

State = dict[str, Any]


def row_findings() -> Iterator[str]:
    """Rows that were changed, added or deleted without an event, and events of changes that never were."""
    for model, how in tracked_models().items():
        yield from _findings(model, how)


def _findings(model: type[Model], how: Tracked) -> Iterator[str]:
    label = model._meta.label
    told, present = _told(label), _present(model, how)
    events, row = next(told, None), next(present, None)
    while events or row:
        if events and (row is None or events[0].encode() < row[0].encode()):
            if events[1] is not None:
                yield f"{label} {events[0]}: the row is gone, and no event says that it was deleted."
            events = next(told, None)
        elif row and (events is None or row[0].encode() < events[0].encode()):
            yield f"{label} {row[0]}: the row is there, and no event says who added it."
            row = next(present, None)
        elif row and events:
            yield from _difference(label, events, row)
            events, row = next(told, None), next(present, None)


def _difference(label: str, events: tuple[str, State | None], row: tuple[str, State]) -> Iterator[str]:
    key, told = events
    if told is None:
        yield f"{label} {key}: the row is there, although its last event says that it was deleted."
        return
    unlike = [name for name, value in told.items() if value != HIDDEN and name in row[1] and row[1][name] != value]
    if unlike:
        yield f"{label} {key}: {', '.join(sorted(unlike))} is not what the last event left: changed outside the trail."


def _told(label: str) -> Iterator[tuple[str, State | None]]:
    """What the events make of each row; None for one that was deleted."""
    for key, events in groupby(stream(sql.SQL(EVENTS), [label]), key=lambda event: str(event[0])):
        state: State | None = None
        for _, action, new in events:
            state = None if action == "delete" else {**(state or {}), **json.loads(new)}
        yield key, state


def _present(model: type[Model], how: Tracked) -> Iterator[tuple[str, State]]:
    key = key_of(model, how, sql.SQL("r.{}::text").format(sql.Identifier(str(model._meta.pk.column))))
    rows = sql.SQL(ROWS).format(key=key, table=sql.Identifier(model._meta.db_table))
    for row, content in stream(rows):
        yield str(row), json.loads(content)
