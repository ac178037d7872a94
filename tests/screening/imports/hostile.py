"""Files that no person would hand in on purpose, each as bytes."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

from openpyxl import Workbook

HEAD = b"subject,fact,value,unit,on\n"
ROW = b"new-1,hemoglobin,13.1,g/dL,2026-11-20\n"
SHEET = "xl/worksheets/sheet1.xml"


def workbook(rows: list[list[Any]] | None = None) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows or [
        ["subject", "fact", "value", "unit", "on"],
        ["new-1", "hemoglobin", 13.1, "g/dL", "2026-11-20"],
    ]:
        sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def with_part(name: str, change: Callable[[bytes], bytes], *, add: bool = False) -> bytes:
    """A good workbook with one part changed or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook())) as good, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bad:
        for part in good.namelist():
            data = good.read(part)
            bad.writestr(part, change(data) if part == name else data)
        if add:
            bad.writestr(name, change(b""))
    return out.getvalue()


def entity_bomb(data: bytes) -> bytes:
    lols = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
    return b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY l0 "lol">' + lols + b"]>" + data[data.index(b"<worksheet") :]


def external_entity(data: bytes) -> bytes:
    return b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + data[data.index(b"<worksheet") :]


def deep(depth: int) -> bytes:
    return b'{"subject": ' + b"[" * depth + b"]" * depth + b"}"


def many_parts() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "x")
        for number in range(2000):
            archive.writestr(f"part{number}", b"")
    return out.getvalue()


def understated() -> bytes:
    """A zip whose directory says that a part of 80 MB is of 10 bytes."""
    bomb = bytearray(with_part("xl/bomb.xml", lambda _: b" " * 80_000_000, add=True))
    size = (80_000_000).to_bytes(4, "little")
    while (at := bomb.find(size)) >= 0:
        bomb[at : at + 4] = (10).to_bytes(4, "little")
    return bytes(bomb)


def encrypted_flag() -> bytes:
    data = bytearray(workbook())
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        data[at + 8] |= 1
        at = data.find(b"PK\x01\x02", at + 4)
    return bytes(data)


def bundle(*resources: Any) -> bytes:
    entries = [{"resource": resource} for resource in resources]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing at all": (lambda: b"", "empty"),
    "blanks only": (lambda: b" \n\t\n", "empty"),
    "a byte order mark alone": (lambda: b"\xef\xbb\xbf", "empty"),
    "latin-1": (lambda: HEAD + "new-1,hämoglobin,1,g/dL,2026-11-20\n".encode("latin-1"), "not UTF-8"),
    "utf-16 without a mark": (lambda: (HEAD + ROW).decode().encode("utf-16-le"), "NUL"),
    "utf-16 cut in a character": (lambda: (HEAD + ROW).decode().encode("utf-16")[:-1], "not UTF-16"),
    "utf-32": (lambda: (HEAD + ROW).decode().encode("utf-32"), "UTF-32"),
    "a NUL in a cell": (lambda: HEAD + ROW.replace(b"13.1", b"13\x00.1"), "NUL"),
    "a column that may identify": (lambda: b"subject,name,fact,value\nnew-1,A Person,ecog,1\n", "not known"),
    "a column twice": (lambda: b"subject,fact,value,value\nnew-1,ecog,1,2\n", "twice"),
    "a column without a name": (lambda: b"subject,fact,,value\nnew-1,ecog,1,2\n", "no name"),
    "no columns that are known": (lambda: b"a,b,c\n1,2,3\n", "no column that is known"),
    "columns and no rows": (lambda: HEAD, "no rows"),
    "a quotation mark left open": (lambda: HEAD + b'"new-1,hemoglobin\n' * 3, "not CSV"),
    "an endless cell": (lambda: HEAD + b"new-1," + b"x" * 200_000 + b"\n", "not CSV"),
    "a long cell": (lambda: HEAD + b"new-1," + b"x" * 3_000 + b"\n", "more than 2000 characters"),
    "too many rows": (lambda: HEAD + ROW * 20_001, "more than 20000 rows"),
    "too many columns": (lambda: HEAD + b"," * 900 + b"x\n", "more than 800 columns"),
    "too many subjects": (
        lambda: HEAD + b"".join(b"new-%d,ecog,1,,2026-11-20\n" % n for n in range(1001)),
        "more than 1000 subjects",
    ),
    "larger than the limit": (lambda: HEAD + b" " * (11 * 1024 * 1024), "larger than 10 MiB"),
    "a page": (lambda: b"<html><body>hello</body></html>", "XML or HTML"),
    "FHIR in XML": (lambda: b'<Bundle xmlns="http://hl7.org/fhir"/>', "XML or HTML"),
    "an old workbook or one with a password": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 512, "password"),
    "a zip that is no workbook": (lambda: zipped(b"hello"), "no workbook"),
    "a zip cut short": (lambda: workbook()[:-200], "damaged"),
    "a zip with encrypted parts": (encrypted_flag, "encrypted"),
    "too many parts": (many_parts, "parts"),
    "a zip bomb": (lambda: with_part("xl/bomb.xml", lambda _: b" " * 80_000_000, add=True), "unpacks"),
    "a zip bomb that understates itself": (understated, "damaged|unpacks"),
    "a small part of a high ratio": (lambda: with_part("xl/a.xml", lambda _: b" " * 5_000_000, add=True), "unpacks"),
    "entities that multiply": (lambda: with_part(SHEET, entity_bomb), "document type"),
    "an entity from outside": (lambda: with_part(SHEET, external_entity), "document type"),
    "a part in UTF-16": (lambda: with_part(SHEET, lambda data: data.decode().encode("utf-16")), "UTF-16"),
    "a sheet that is no XML": (lambda: with_part(SHEET, lambda _: b"<worksheet><row"), "damaged"),
    "macros": (lambda: with_part("xl/vbaProject.bin", lambda _: b"macro", add=True), "macros"),
    "a workbook that says it has macros": (
        lambda: with_part(
            "[Content_Types].xml",
            lambda data: data.replace(
                b"vnd.openxmlformats-officedocument.spreadsheetml.sheet.main", b"vnd.ms-excel.sheet.macroEnabled.main"
            ),
        ),
        "macros",
    ),
    "a formula for a column": (lambda: workbook([["subject", "=A1", "value"], ["new", "ecog", 1]]), "formula"),
    "an empty sheet": (lambda: workbook([[None]]), "empty"),
    "a bundle without a patient": (lambda: bundle({"resourceType": "Observation"}), "no Patient"),
    "a resource alone": (lambda: b'{"resourceType": "Patient"}', "Bundle"),
    "a bundle nested deeply": (lambda: b'{"resourceType": "Bundle", "entry": ' + b"[" * 100_000, "nested too deeply"),
    "a bundle with a key twice": (lambda: b'{"resourceType": "Bundle", "entry": [], "entry": []}', "given twice"),
    "a bundle cut short": (lambda: bundle({"resourceType": "Patient"})[:-3], "ends too early"),
}
"""Refused as a whole, with a word of the reason."""

FOUND: dict[str, tuple[Callable[[], bytes], str]] = {
    "records nested deeply": (lambda: deep(100_000), "nested too deeply"),
    "a key twice": (lambda: b'{"subject": null, "subject": null}', "given twice"),
    "a number too large to hold": (lambda: b'{"birth_year": 1e99999999999999999999}', "too large"),
    "1e400 in a record": (
        lambda: b'{"observations": [{"fact": "ecog", "value": 1e400, "on": "2026-11-20"}]}',
        "not a whole number",
    ),
    "NaN": (lambda: b'{"birth_year": NaN}', "NaN"),
    "1e400 in a table": (lambda: HEAD + ROW.replace(b"13.1", b"1e400"), "not a number"),
    "a decimal comma": (lambda: HEAD + ROW.replace(b"13.1", b'"13,1"'), "13.1"),
    "a number of 60 digits": (lambda: HEAD + ROW.replace(b"13.1", b"1" * 60), "not a number"),
    "a sign before a number": (lambda: HEAD + ROW.replace(b"13.1", b"<5"), "not a number"),
    "two readings of a day": (lambda: HEAD + ROW.replace(b"2026-11-20", b"03/04/2026"), "two different days"),
    "a day of another writing": (lambda: HEAD + ROW.replace(b"2026-11-20", b"20.11.2026"), "year-month-day"),
    "a time without its offset": (lambda: HEAD + ROW.replace(b"2026-11-20", b"2026-11-20T09:00"), "offset"),
    "a formula in CSV": (lambda: HEAD + ROW.replace(b"hemoglobin", b"=cmd|' /C calc'!A0"), "not a fact"),
    "a formula in a workbook": (
        lambda: workbook([["subject", "fact", "value", "on"], ["new", "ecog", "=1+1", "2026-11-20"]]),
        "formula",
    ),
    "an error in a workbook": (
        lambda: workbook([["subject", "fact", "value", "on"], ["new", "ecog", "#DIV/0!", "2026-11-20"]]),
        "#DIV/0!",
    ),
    "two rows that contradict each other": (lambda: HEAD + ROW + ROW.replace(b"13.1", b"9"), "contradicts row 2"),
}
"""Read, with a mistake in a row or record that says this."""


def zipped(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("hello.txt", data)
    return out.getvalue()
