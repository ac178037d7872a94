"""When two entries are about the same thing, and when they say the same of it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from screening.criteria.record_parsing import same_name

Key = tuple[object, ...]


def key_of(list_name: str, raw: Mapping[str, Any]) -> Key:
    """What an entry is about: a fact on a day or at a time, a therapy by kind, start and drugs, a toxicity by onset."""
    if list_name == "observations":
        return list_name, raw["fact"], raw["on"]
    if list_name == "therapies":
        return list_name, raw["kind"], raw.get("start"), _names(raw.get("drugs"))
    return list_name, same_name(raw["term"]), raw.get("onset")


def same(list_name: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two entries of one key say the same: numbers by their value, an absent field like an empty one."""
    names = {*one, *other}
    return all(_plain(name, one.get(name)) == _plain(name, other.get(name)) for name in names)


def _plain(name: str, value: Any) -> object:
    if name == "drugs":
        return _names(value)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    return value if value not in ("", [], ()) else None


def _names(drugs: Any) -> frozenset[str]:
    return frozenset(same_name(drug) for drug in drugs or ())
