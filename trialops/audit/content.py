"""An event's content in one canonical form, and its digest in a chain: for sealing, verifying and exports alike."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from psycopg import sql

GENESIS = "trialops audit chain of {}"
PAGE = 5000

FIELDS = (
    "id", "recorded_at", "transaction", "action", "model", "row", "study_pk", "site_pk", "subject_pk", "user_pk",
    "user_name", "roles", "database_role", "origin", "request_id", "reason", "old", "new",
)  # fmt: skip
"""Everything an event says, in this order in every export."""

Content = Mapping[str, Any]


def content_of(row: Sequence[Any]) -> dict[str, Any]:
    """The values of FIELDS, as read from the database, as plain JSON values."""
    content = dict(zip(FIELDS, row, strict=True))
    content["recorded_at"] = moment(content["recorded_at"])
    content["subject_pk"] = None if content["subject_pk"] is None else str(content["subject_pk"])
    for name in ("old", "new"):  # PostgreSQL's JSON arrives as text
        content[name] = None if content[name] is None else json.loads(content[name])
    return content


def moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def canonical(content: Content) -> str:
    """One text for one content: keys in order, no spaces."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def genesis(chain: int) -> str:
    """What stands in the place of the digest before a chain's first link."""
    return hashlib.sha256(GENESIS.format(chain).encode()).hexdigest()


def link_digest(previous: str, chain: int, sequence: int, content: Content) -> str:
    """The digest of a link: of the one before it, its place, and what the event says."""
    return hashlib.sha256(f"{previous}\n{chain}\n{sequence}\n{canonical(content)}".encode()).hexdigest()


def event_columns() -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier("e", name) for name in FIELDS)


def stream(query: sql.Composable, parameters: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
    """The rows of a query, page by page, by a cursor in the server; inside a transaction."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(query.as_string(), parameters)
        while page := cursor.fetchmany(PAGE):
            yield from page
