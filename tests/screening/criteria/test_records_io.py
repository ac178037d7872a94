"""Records out of files: positions, every shape, and bad content that never ends in an exception."""

# ruff: noqa: E501 - one row of a table a line

import json
from io import BytesIO
from pathlib import Path

import pytest

from screening import records_io
from screening.records_io import ParsedRecord, read_records

A, B = '{"subject": "A"}', '{"subject": "B"}'
BAD = '{"subject": 7}'
PRETTY = json.dumps({"subject": "A", "observations": [{"fact": "hiv", "value": True, "on": "2026-11-20"}]}, indent=1)
SPREAD = '{"subject": "A", "toxicities": [\n{"term": "x"},\n{"term": "y"}\n]}'


def read(content: bytes | str) -> list[ParsedRecord]:
    return list(read_records("-", BytesIO(content.encode() if isinstance(content, str) else content)))


def told(content: bytes | str) -> list[tuple[str, str]]:
    """Position and either the subject or the first error."""
    return [(one.position, one.record.subject or "" if one.record else one.errors[0]) for one in read(content)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (A, [("record 1", "A")]),
        (PRETTY, [("record 1", "A")]),
        (SPREAD, [("record 1", "A")]),
        (f"\n\n{A}\n\n", [("record 1", "A")]),
        (f"\ufeff{A}", [("record 1", "A")]),
        (f"[{A}, {B}]", [("record 1", "A"), ("record 2", "B")]),
        (f"[\n{A},\n{B}\n]\n", [("record 1", "A"), ("record 2", "B")]),
        (f"{A}\n{B}\n", [("line 1", "A"), ("line 2", "B")]),
        (f"{A}\r\n\r\n{B}", [("line 1", "A"), ("line 3", "B")]),
        ("{}\n{}", [("line 1", ""), ("line 2", "")]),
    ],
)
def test_every_shape_is_read_with_its_positions(content: str, expected: list[tuple[str, str]]) -> None:
    assert told(content) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (f"[{A}, {BAD}, {B}]", [("record 1", "A"), ("record 2", "subject: 7 is not text"), ("record 3", "B")]),
        (f"{A}\n{BAD}\n{B}", [("line 1", "A"), ("line 2", "subject: 7 is not text"), ("line 3", "B")]),
        (f"{A}\noops\n{B}", [("line 1", "A"), ("line 2", "not valid JSON at column 1: expecting value"), ("line 3", "B")]),
        (f'{{"subject": \n{A}\n{B}', [("line 1", "not valid JSON at column 12: the text ends too early"), ("line 2", "A"), ("line 3", "B")]),
        (f'{A}\n{{"subject": "B', [("line 1", "A"), ("line 2", "not valid JSON at column 13: the text ends too early")]),
        (f"[{A}, {B}", [("record 1", "A"), ("record 2", "B"), ("record 3", "not valid JSON at line 1 column 36: the text ends too early")]),
        (f'[{A}, {{"subject": "B', [("record 1", "A"), ("record 2", "not valid JSON at line 1 column 32: the text ends too early")]),
        (f"[{A} {B}]", [("record 1", "A"), ("record 2", "not valid JSON at line 1 column 19: expecting ',' delimiter")]),
        (f"[{A}] {B}", [("record 1", "A"), ("record 2", "not valid JSON at line 1 column 20: extra data")]),
        (f'[{A}, {{"x": NaN, "y": [1e999999999999999999999]}}, {{"x": 1, "x": 2}}, {B}]', [("record 1", "A"), ("record 2", "NaN is not a number of JSON"), ("record 3", 'the key "x" is given twice in one object'), ("record 4", "B")]),
        (PRETTY[:40], [("", "not valid JSON at line 4 column 1: the text ends too early")]),
        (f"[\n{A},\n{B}\n", [("record 1", "A"), ("record 2", "B"), ("record 3", "not valid JSON at line 4 column 1: the text ends too early")]),
        ("[]", [("", "an empty list; expected at least one record")]),
        ("", [("", "empty; expected a record, a list of records, or JSON Lines")]),
        ("\n \n", [("", "empty; expected a record, a list of records, or JSON Lines")]),
        ("7", [("record 1", "expected a record (an object), not 7")]),
        ("[7, null]", [("record 1", "expected a record (an object), not 7"), ("record 2", "expected a record (an object), not null")]),
        ('{"subject": "A", "subject": "B"}', [("record 1", 'the key "subject" is given twice in one object')]),
        (f'{{"x": NaN}}\n{A}', [("line 1", "NaN is not a number of JSON"), ("line 2", "A")]),
        ("\x00", [("", "not valid JSON at line 1 column 1: expecting value")]),
        (b"\xff\xfe{\x00}\x00", [("", "not UTF-8 text: byte 0xff at position 0")]),
        (f"{A}\n".encode() + b'{"subject": "\xe9"}', [("line 1", "A"), ("line 2", "not UTF-8 text: byte 0xe9 at position 13")]),
        ("[" * 100_000, [("record 1", "nested too deeply")]),
        ('{"subject": ' * 50_000, [("record 1", "nested too deeply")]),
        (f'{A}\n{{"subject": {"[" * 100_000}', [("line 1", "A"), ("line 2", "nested too deeply")]),
        ('{"birth_year": 1e999999999}', [("record 1", "birth_year: 1E+999999999 is not a whole number from 1900 to 2100")]),
        (f'{{"birth_year": {"9" * 100_000}}}', [("record 1", f"birth_year: {'9' * 60}... is not a whole number from 1900 to 2100")]),
        ('{"birth_year": 1e99999999999999999999}', [("record 1", "the number 1e999999999999999999... is too large to hold")]),
    ],
)  # fmt: skip
def test_bad_content_is_told_and_the_rest_is_read(content: bytes | str, expected: list[tuple[str, str]]) -> None:
    assert told(content) == expected


def test_a_record_that_cannot_be_read_comes_with_all_its_errors() -> None:
    (bad,) = read('{"subject": 7, "sex": 7}')
    assert bad.record is None
    assert [error.split(":")[0] for error in bad.errors] == ["subject", "sex"]


def test_files_that_cannot_be_opened_are_told(tmp_path: Path) -> None:
    for path, why in (
        (tmp_path / "none.json", "No such file or directory"),
        (tmp_path, "Is a directory"),
        ("a\x00b", "embedded null byte"),
    ):
        assert [one.errors for one in read_records(str(path))] == [(why,)]


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "records.jsonl").write_text(f"{A}\n{B}\n", encoding="utf-8")
    assert [one.record.subject for one in read_records(str(tmp_path / "records.jsonl")) if one.record] == ["A", "B"]


def test_json_lines_are_read_without_holding_the_file() -> None:
    class Endless(BytesIO):
        def readline(self, size: int | None = -1) -> bytes:
            return A.encode() + b"\n"

    records = read_records("-", Endless())
    assert [next(records).position for _ in range(3)] == ["line 1", "line 2", "line 3"]


def test_one_value_larger_than_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records_io, "LARGEST_VALUE", 40)
    assert "one record a line" in told("[\n" + ",\n".join([A] * 4) + "]")[0][1]
    long = '{"subject": "' + "A" * 60 + '"}'
    assert [position for position, _ in told(f"{A}\n{long}\n{B}")] == ["line 1", "line 2", "line 2", "line 3"]
