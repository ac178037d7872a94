"""JSON as text: read strictly, with decimals as they were written, and written back without loss."""

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any


class JsonError(ValueError):
    """Why a text is refused, in one line, with the place; `is_whole` where it is JSON with a value not accepted."""

    is_whole = True


class NotJsonError(JsonError):
    """The text is not JSON, or only a part of one; `line` and `column` count from 1."""

    is_whole = False

    def __init__(self, line: int, column: int, what: str) -> None:
        super().__init__(f"not valid JSON at line {line} column {column}: {what}")
        self.line, self.column, self.what = line, column, what


def loads(text: str) -> Any:
    """The value of one JSON text. Numbers become Decimal or int. Raises JsonError; never RecursionError.

    Refused beside what JSON refuses: a key given twice, NaN and Infinity, numbers too large to hold, deep nesting.
    """
    try:
        return STRICT.decode(text)
    except json.JSONDecodeError as error:
        raise _not_json(text, error) from None
    except RecursionError:
        raise JsonError("nested too deeply") from None


def list_elements(text: str) -> Iterator[Any]:
    """The elements of the text of one JSON list, each by itself: a value, or the JsonError for which it is refused.

    An element that is JSON but not accepted stops no other; where the text is no longer JSON, nothing can follow.
    """
    place = _skip_blank(text, 1 + _skip_blank(text, 0))
    if text[place : place + 1] == "]":
        yield from _after_list(text, place)
        return
    while True:
        try:
            value, place = STRICT.raw_decode(text, place)
        except json.JSONDecodeError as error:
            yield _not_json(text, error)
            return
        except RecursionError:
            yield JsonError("nested too deeply")
            return
        except JsonError as error:
            value = error
            _, place = LENIENT.raw_decode(text, place)
        yield value
        place = _skip_blank(text, place)
        if text[place : place + 1] == "]":
            yield from _after_list(text, place)
            return
        if text[place : place + 1] != ",":
            yield _not_json(text, json.JSONDecodeError("Expecting ',' delimiter", text, place))
            return
        place = _skip_blank(text, place + 1)


def _after_list(text: str, place: int) -> Iterator[JsonError]:
    rest = _skip_blank(text, place + 1)
    if rest < len(text):
        yield _not_json(text, json.JSONDecodeError("Extra data", text, rest))


def _skip_blank(text: str, place: int) -> int:
    while text[place : place + 1] in {" ", "\t", "\r", "\n"}:
        place += 1
    return place


def dumps(value: object, *, indent: int | None = None) -> str:
    """JSON text of mappings, sequences, text, booleans, null, int and Decimal; decimals exactly as they are."""
    return "".join(_parts(value, indent, 0))


def _not_json(text: str, error: json.JSONDecodeError) -> NotJsonError:
    cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
    return NotJsonError(error.lineno, error.colno, "the text ends too early" if cut else _sentence(error.msg))


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise JsonError(f"the number {text[:20]}... is too large to hold") from None
    return number


def _constant(text: str) -> Any:
    raise JsonError(f"{text} is not a number of JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise JsonError(f"the key {json.dumps(twice)[:60]} is given twice in one object")
    return made


STRICT = json.JSONDecoder(parse_float=_number, parse_int=_number, parse_constant=_constant, object_pairs_hook=_object)
LENIENT = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
"""Finds where a value ends that is JSON but not accepted."""


def _sentence(text: str) -> str:
    return text[:1].lower() + text[1:]


def _parts(value: object, indent: int | None, depth: int) -> list[str]:
    if isinstance(value, bool) or value is None:
        return [json.dumps(value)]
    if isinstance(value, int):
        return [str(int(value))]
    if isinstance(value, Decimal):
        return [str(value)]  # finite, and then a number of JSON
    if isinstance(value, str):
        return [json.dumps(str(value), ensure_ascii=False)]
    if isinstance(value, Mapping):
        items = [
            [json.dumps(str(key), ensure_ascii=False), ": ", *_parts(v, indent, depth + 1)] for key, v in value.items()
        ]
        return _enclosed("{", items, "}", indent, depth)
    if isinstance(value, Sequence):
        return _enclosed("[", [_parts(item, indent, depth + 1) for item in value], "]", indent, depth)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _enclosed(opening: str, items: list[list[str]], closing: str, indent: int | None, depth: int) -> list[str]:
    if not items:
        return [opening, closing]
    first = last = ""
    between = ", "
    if indent is not None:
        first = "\n" + " " * indent * (depth + 1)
        between, last = "," + first, "\n" + " " * indent * depth
    parts = [opening, first]
    for index, item in enumerate(items):
        parts += [between, *item] if index else item
    return [*parts, last, closing]
