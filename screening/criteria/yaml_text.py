"""YAML (or JSON) text of a document to plain values: small, without surprises, and safe against hostile input."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import yaml

from screening.criteria import json_text
from screening.criteria.problems import DocumentError, Problem, shown

LARGEST = 200_000  # characters; the reference study has a tenth of it
DEEPEST = 40
NULLS = {"", "~", "null"}
BOOLEANS = {"true": True, "false": False}
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load(text: str) -> Any:
    """The plain value of a document: mappings, lists, text, Decimal, bool, None. Raises DocumentError.

    Only `true`, `false` and `null` and plain decimals are more than text: yes, no, on, dates and the like stay text,
    so that no code or drug turns into something else. Refused: a document too large or nested too deeply, anchors,
    aliases, tags, a key given twice or not text, more than one document.
    """
    if len(text) > LARGEST:
        raise DocumentError([Problem("", f"the document is larger than {LARGEST} characters")])
    if text.lstrip("\ufeff \t\r\n").startswith("{"):
        return _json(text.removeprefix("\ufeff"))
    try:
        return _document(yaml.parse(text, Loader=LOADER))
    except yaml.MarkedYAMLError as error:
        raise DocumentError([Problem(_place(error.problem_mark), f"not valid YAML: {error.problem}")]) from None
    except (yaml.YAMLError, UnicodeError) as error:
        raise DocumentError([Problem("", f"not valid YAML: {' '.join(str(error).split())[:200]}")]) from None


def _json(text: str) -> Any:
    try:
        return json_text.loads(text)
    except json_text.JsonError as error:
        raise DocumentError([Problem("", str(error))]) from None


def _refuse(event: yaml.Event, message: str) -> DocumentError:
    return DocumentError([Problem(_place(event.start_mark), message)])


def _place(mark: Any) -> str:
    return "" if mark is None else f"line {mark.line + 1} column {mark.column + 1}"


def _document(events: Iterator[yaml.Event]) -> Any:
    value = None
    documents = 0
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise _refuse(event, "a second document begins; only one is accepted")
            value = _value(next(events), events, 0)
    return value


def _value(event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Any:
    if depth > DEEPEST:
        raise _refuse(event, f"nested more than {DEEPEST} deep")
    if isinstance(event, yaml.AliasEvent):
        raise _refuse(event, "aliases are not accepted: write the value out")
    if getattr(event, "anchor", None):
        raise _refuse(event, "anchors are not accepted: write the value out")
    if getattr(event, "tag", None):
        raise _refuse(event, f"tags ({shown(str(getattr(event, 'tag', '')))}) are not accepted")
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(event)
    if isinstance(event, yaml.SequenceStartEvent):
        return _sequence(events, depth)
    return _mapping(events, depth)


def _sequence(events: Iterator[yaml.Event], depth: int) -> list[Any]:
    items = []
    while not isinstance(event := next(events), yaml.SequenceEndEvent):
        items.append(_value(event, events, depth + 1))
    return items


def _mapping(events: Iterator[yaml.Event], depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        if not isinstance(event, yaml.ScalarEvent):
            raise _refuse(event, "a key must be a plain name")
        key = event.value
        if key in made:
            raise _refuse(event, f"the key {shown(key)} is given twice")
        made[key] = _value(next(events), events, depth + 1)
    return made


def _scalar(event: yaml.ScalarEvent) -> Any:
    text: str = event.value
    if not event.implicit[0]:  # quoted or block text stays text
        return text
    if text in NULLS:
        return None
    if text in BOOLEANS:
        return BOOLEANS[text]
    return Decimal(text) if _is_decimal(text) else text


def _is_decimal(text: str) -> bool:
    whole, _, fraction = text.removeprefix("-").partition(".")
    digits = whole + fraction
    return digits.isascii() and digits.isdigit() and whole != "" and not text.endswith(".")
