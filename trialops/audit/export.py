"""The export for inspectors: a chain's events as CSV or JSON, row by row, and reading such a file back.

Both forms carry an event's full content with its place and digest, and read back to exactly the same.
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import IO, Any

from django.db import connection, transaction
from psycopg import sql

from trialops.audit.content import FIELDS, content_of, event_columns, genesis, link_digest, stream
from trialops.csv_text import Echo, escaped, unescaped

PLACE = ("chain", "sequence", "digest")
HEADER = (*PLACE, *FIELDS)
NUMBERS = frozenset({"chain", "sequence", "id", "transaction", "study_pk", "site_pk", "user_pk"})
JSON_CELLS = frozenset({"roles", "old", "new"})

BETWEEN = """
    FROM audit_link AS l JOIN audit_event AS e ON e.id = l.event_id
    WHERE l.chain = %s AND (%s::date IS NULL OR e.recorded_at >= %s::date::timestamp AT TIME ZONE 'UTC')
        AND (%s::date IS NULL OR e.recorded_at < (%s::date + 1)::timestamp AT TIME ZONE 'UTC')
"""
EXPORT = "SELECT l.chain, l.sequence, l.digest, {columns}" + BETWEEN + " ORDER BY l.sequence"
EXTENT = "SELECT count(*), coalesce(max(l.sequence), 0)" + BETWEEN
NEXT = (
    "SELECT l.chain, l.sequence, l.digest, {columns}" + BETWEEN + " AND l.sequence > %s AND l.sequence <= %s "
    "ORDER BY l.sequence LIMIT %s"
)

Row = Mapping[str, Any]


class UnreadableExportError(Exception):
    """A file that is no export; its text says where and why."""


def exported(chain: int, *, form: str, first: date | None = None, last: date | None = None) -> Iterator[str]:
    """The chain's events between two days (UTC), as the lines of a file."""
    return FORMS[form].text(rows_of(chain, first=first, last=last))


def extent_of(chain: int, *, first: date | None = None, last: date | None = None) -> tuple[int, int]:
    """How many events there are between two days, and the last link that holds one (0 if there is none)."""
    with connection.cursor() as cursor:
        cursor.execute(EXTENT, [chain, first, first, last, last])
        count, until = cursor.fetchone()
    return count, until


def rows_after(
    chain: int, link: int, *, until: int, most: int, first: date | None = None, last: date | None = None
) -> list[Row]:
    """The next events after a link and up to another one: the next piece of an export."""
    query = sql.SQL(NEXT).format(columns=event_columns())
    with connection.cursor() as cursor:
        cursor.execute(query.as_string(), [chain, first, first, last, last, link, until, most])
        return [_row(row) for row in cursor.fetchall()]


def rows_of(chain: int, *, first: date | None = None, last: date | None = None) -> Iterator[Row]:
    """The same as rows: HEADER to plain values."""
    query = sql.SQL(EXPORT).format(columns=event_columns())
    with transaction.atomic():
        for row in stream(query, [chain, first, first, last, last]):
            yield _row(row)


def _row(row: Sequence[Any]) -> Row:
    return {**dict(zip(PLACE, row, strict=False)), **content_of(row[len(PLACE) :])}


def read(file: IO[str], form: str) -> Iterator[Row]:
    """The rows of an exported file. Raises UnreadableExportError with the line."""
    return READERS[form](file)


@dataclass(frozen=True)
class Form:
    """How a file is written: what stands before the first event, between two and after the last one."""

    content_type: str
    event: Callable[[Row], str]
    head: str = ""
    between: str = ""
    tail: str = ""

    def text(self, rows: Iterable[Row], *, begins: bool = True, ends: bool = True) -> Iterator[str]:
        """A file, or a piece of one that neither `begins` nor `ends` with it, as pieces of text."""
        if begins:
            yield self.head
        before = "" if begins else self.between
        for row in rows:
            yield before + self.event(row)
            before = self.between
        if ends:
            yield self.tail


def _csv_line(cells: Iterable[str]) -> str:
    return str(csv.writer(Echo()).writerow(cells))


def _csv_event(row: Row) -> str:
    return _csv_line(escaped(_cell(name, row[name])) for name in HEADER)


def _cell(name: str, value: Any) -> str:
    if name in JSON_CELLS:
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value)


def _json_event(row: Row) -> str:
    return json.dumps({name: row[name] for name in HEADER}, ensure_ascii=False)


def _from_csv(file: IO[str]) -> Iterator[Row]:
    before = csv.field_size_limit(2**31 - 1)  # of the whole process: put back, for the imports rely on it
    reader = csv.reader(file, strict=True)
    try:
        if tuple(next(reader, ())) != HEADER:
            raise UnreadableExportError(f"line 1: the columns are not {', '.join(HEADER)}")
        for cells in reader:
            yield {name: _value(name, unescaped(cell)) for name, cell in zip(HEADER, cells, strict=True)}
    except (ValueError, csv.Error) as error:
        raise UnreadableExportError(f"line {reader.line_num}: {error}") from error
    finally:
        csv.field_size_limit(before)


def _value(name: str, cell: str) -> Any:
    if name in JSON_CELLS:
        return json.loads(cell)
    if name in NUMBERS:
        return int(cell) if cell else None
    return None if name == "subject_pk" and not cell else cell


def _from_json(file: IO[str]) -> Iterator[Row]:
    """Line by line, so that a file of any length can be read."""
    for number, line in enumerate(file, start=1):
        text = line.strip().removesuffix(",")
        if text in {"[", "]", "[]", ""}:
            continue
        try:
            row = json.loads(text)
        except ValueError as error:
            raise UnreadableExportError(f"line {number}: {error}") from error
        if not isinstance(row, dict) or set(row) != set(HEADER):
            raise UnreadableExportError(f"line {number}: an event has {', '.join(HEADER)}")
        yield row


FORMS = {
    "csv": Form("text/csv; charset=utf-8", _csv_event, head=_csv_line(HEADER)),
    "json": Form("application/json", _json_event, head="[\n", between=",\n", tail="\n]\n"),  # an event a line
}
READERS: dict[str, Callable[[IO[str]], Iterator[Row]]] = {"csv": _from_csv, "json": _from_json}


@dataclass
class Compared:
    """What comparing a file with the trail has found."""

    rows: int = 0
    differences: int = 0


def compare(rows: Iterable[Row], compared: Compared) -> Iterator[str]:
    """Hold each row of a file against the trail, and its chain together; yields each difference in words.

    The file may hold a part of one chain: whatever the trail has between the file's first and last row must be in it.
    """
    rows = iter(rows)
    if (row := next(rows, None)) is None:
        return
    chain, place = row["chain"], row["sequence"]
    previous = genesis(chain) if place == 1 else None
    with transaction.atomic():
        kept = stream(sql.SQL(KEPT).format(columns=event_columns()), [chain, place])
        while row is not None:
            compared.rows += 1
            for said in _differences(row, next(kept, None), previous):
                compared.differences += 1
                yield f"chain {row['chain']}, link {row['sequence']}: {said}"
            previous, row = row["digest"], next(rows, None)


KEPT = """
    SELECT l.chain, l.sequence, l.digest, {columns} FROM audit_link AS l JOIN audit_event AS e ON e.id = l.event_id
    WHERE l.chain = %s AND l.sequence >= %s ORDER BY l.sequence
"""


def _differences(row: Row, kept: tuple[Any, ...] | None, previous: str | None) -> Iterator[str]:
    content = {name: row[name] for name in FIELDS}
    if previous is not None and link_digest(previous, row["chain"], row["sequence"], content) != row["digest"]:
        yield "its digest does not follow from what it says and from the row before it"
    if kept is None:
        yield "the trail has no such link"
        return
    there = {**dict(zip(PLACE, kept, strict=False)), **content_of(kept[len(PLACE) :])}
    unlike = [name for name in HEADER if row[name] != there[name]]
    if unlike:
        yield f"{', '.join(unlike)} not as in the trail"
