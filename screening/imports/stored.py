"""The contents of a file as they wait in the database: compressed JSON, decimals as they were written."""

import zlib
from dataclasses import asdict
from typing import Any

from screening.criteria import json_text
from screening.imports.drafts import Contents, Draft, Entry, Finding, Outcome, Table


def packed(contents: Contents) -> bytes:
    """The contents as bytes; unpacked() of them is the same."""
    return zlib.compress(json_text.dumps(asdict(contents)).encode(), 6)


def unpacked(content: bytes | memoryview) -> Contents:
    raw = json_text.loads(zlib.decompress(content).decode())
    return Contents(
        format=raw["format"],
        drafts=tuple(_draft(draft) for draft in raw["drafts"]),
        findings=tuple(_finding(finding) for finding in raw["findings"]),
        outcomes=tuple(Outcome(**outcome) for outcome in raw["outcomes"]),
        table=_table(raw["table"]) if raw["table"] else None,
    )


def _draft(raw: dict[str, Any]) -> Draft:
    return Draft(**raw | {"entries": tuple(Entry(**entry | {"row": _row(entry)}) for entry in raw["entries"])})


def _finding(raw: dict[str, Any]) -> Finding:
    return Finding(**raw | {"row": _row(raw)})


def _row(raw: dict[str, Any]) -> int | None:
    return None if raw["row"] is None else int(raw["row"])


def _table(raw: dict[str, Any]) -> Table:
    return Table(
        header=tuple(raw["header"]),
        rows=tuple((int(number), tuple(cells)) for number, cells in raw["rows"]),
        findings=tuple(_finding(finding) for finding in raw["findings"]),
    )
