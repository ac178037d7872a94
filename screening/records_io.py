"""Subject records out of a file: one record, a list of records, or JSON Lines, each with its position."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from screening.criteria import CATALOGUE, RecordError, SubjectRecord, json_text, parse_record
from screening.criteria.catalogue import Catalogue
from screening.criteria.record_parsing import RECORD_FIELDS

LARGEST_VALUE = 256 * 1024 * 1024  # bytes of one line, or of a file that is one JSON value
BLANK = b" \t\r\n"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

Line = tuple[int, bytes]


@dataclass(frozen=True)
class ParsedRecord:
    """One record of a file: where it stands (`record 3`, `line 3`, empty for the whole file), and it or its errors.

    `errors` are one line each: `observations[1].unit: 'mg' is not a unit of hemoglobin ...`.
    """

    position: str
    record: SubjectRecord | None
    errors: tuple[str, ...] = ()


@dataclass(frozen=True)
class RawRecord:
    """One JSON value of a file, not yet looked at."""

    position: str
    value: object


Found = RawRecord | ParsedRecord  # a ParsedRecord here is one that is not even JSON


def read_records(
    path: str, stdin: BinaryIO | None = None, *, catalogue: Catalogue = CATALOGUE
) -> Iterator[ParsedRecord]:
    """The records of a file, or of standard input for `-`, in order; what cannot be read comes with its errors.

    `catalogue` holds the facts that they may have.

    JSON Lines are read line by line, so a file may be larger than memory. Nothing is raised for bad content.
    """
    try:
        if path == "-":
            yield from _checked(_records(stdin or sys.stdin.buffer), catalogue)
        else:
            with Path(path).open("rb") as file:
                yield from _checked(_records(file), catalogue)
    except OSError as error:
        yield _unreadable("", error.strerror or str(error))
    except ValueError as error:  # a path that no file can have
        yield _unreadable("", str(error))


def _unreadable(position: str, why: str) -> ParsedRecord:
    return ParsedRecord(position, None, (why,))


def _checked(found: Iterable[Found], catalogue: Catalogue) -> Iterator[ParsedRecord]:
    for one in found:
        if isinstance(one, ParsedRecord):
            yield one
            continue
        try:
            yield ParsedRecord(one.position, parse_record(one.value, catalogue))
        except RecordError as error:
            yield ParsedRecord(one.position, None, tuple(map(str, error.problems)))


def _records(file: BinaryIO) -> Iterator[Found]:
    lines = _lines(file)
    first = next(lines, None)
    if first is None:
        yield _unreadable("", "empty; expected a record, a list of records, or JSON Lines")
    elif _is_record(first[1]):
        second = next(lines, None)
        if second is None:
            yield _parsed("record 1", first[1])
        else:
            yield from _json_lines(chain((first, second), lines))
    else:
        yield from _whole(first, lines)


def _lines(file: BinaryIO) -> Iterator[Line]:
    """The lines that are not blank, with their numbers; an overlong one comes in pieces under one number."""
    number, goes_on = 0, False
    while piece := file.readline(LARGEST_VALUE):
        number += not goes_on
        goes_on = not piece.endswith(b"\n")
        text = piece.removeprefix(BYTE_ORDER_MARK) if number == 1 else piece
        if text.strip(BLANK):
            yield number, text


def _is_record(line: bytes) -> bool:
    """A line that is a JSON object by itself and has some field of a record, or none at all."""
    if not line.strip(BLANK).startswith(b"{"):
        return False
    try:
        value = json_text.loads(line.decode())
    except json_text.JsonError as error:
        return error.is_whole
    except UnicodeDecodeError:
        return False
    return isinstance(value, dict) and (not value or any(name in RECORD_FIELDS for name in value))


def _json_lines(lines: Iterable[Line]) -> Iterator[Found]:
    for number, line in lines:
        yield _parsed(f"line {number}", line)


def _whole(first: Line, lines: Iterator[Line]) -> Iterator[Found]:
    """A file that is one JSON value, or else JSON Lines whose first line is broken."""
    read, size = [first], len(first[1])
    for line in lines:
        read.append(line)
        size += len(line[1])
        if size > LARGEST_VALUE:
            yield _unreadable("", f"larger than {LARGEST_VALUE // 1024**2} MiB; write one record a line (JSON Lines)")
            return
    if first[1].strip(BLANK).startswith(b"["):
        yield from _list(read)
        return
    try:
        value = json_text.loads(_text(read))
    except (json_text.JsonError, UnicodeDecodeError) as error:
        if first[1].strip(BLANK).startswith(b"{") and any(_is_record(line) for _number, line in read[1:]):
            yield from _json_lines(read)
        else:
            yield _unreadable("", _why(error))
        return
    yield RawRecord("record 1", value)


def _list(read: list[Line]) -> Iterator[Found]:
    """A file that is one list: each record by itself, so that a bad one or a file cut short costs no other."""
    try:
        text = _text(read)
    except UnicodeDecodeError as error:
        yield _unreadable("", _why(error))
        return
    empty = True
    for index, raw in enumerate(json_text.list_elements(text), start=1):
        empty = False
        if isinstance(raw, json_text.JsonError):
            yield _unreadable(f"record {index}", str(raw))
        else:
            yield RawRecord(f"record {index}", raw)
    if empty:
        yield _unreadable("", "an empty list; expected at least one record")


def _text(lines: list[Line]) -> str:
    """The lines as one text, blank ones in their places, so that a parser's line numbers are the file's."""
    rows: list[bytes] = []
    for number, line in lines:
        rows += [b"\n"] * (number - 1 - len(rows)) + [line]
    return b"".join(rows).decode()


def _parsed(position: str, line: bytes) -> Found:
    try:
        return RawRecord(position, json_text.loads(line.rstrip(BLANK).decode()))
    except json_text.NotJsonError as error:
        return _unreadable(position, f"not valid JSON at column {error.column}: {error.what}")
    except (json_text.JsonError, UnicodeDecodeError) as error:
        return _unreadable(position, _why(error))


def _why(error: json_text.JsonError | UnicodeDecodeError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 text: byte 0x{error.object[error.start]:02x} at position {error.start}"
    return str(error)
