"""What the registry does not know of a site: a code and a time zone, proposed for a person to confirm."""

import math
import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from sites.registry.reading import Location

COORDINATE = re.compile(r"([+-]\d{4,7})([+-]\d{5,7})\Z")
SHORTEST_CODE = 3
OTHER_NAMES = {"united states": "US", "united kingdom": "GB", "korea, republic of": "KR", "south korea": "KR"}
"""Countries that the registry calls otherwise than the time zone database does."""


def proposed_codes(locations: Iterable[Location]) -> list[str]:
    """A code for each location, in their order: the city's first letters, with a number where two would be alike."""
    codes: list[str] = []
    for location in locations:
        plain = unicodedata.normalize("NFKD", location.city or location.facility).encode("ascii", "ignore").decode()
        letters = re.sub(r"[^A-Z]", "", plain.upper())[:SHORTEST_CODE].ljust(SHORTEST_CODE, "X")
        code, number = letters, 2
        while code in codes:
            code, number = f"{letters}{number}", number + 1
        codes.append(code)
    return codes


def proposed_zone(location: Location) -> str:
    """The zone of the location's country whose main city lies nearest; empty where nothing tells it.

    Of zones with the same time the one with most people (the first in the zone database) is named. Near a border of
    zones the neighbour may be nearer: that is why a person confirms it.
    """
    zones = _zones().get(_country_code(location.country), ())
    if not zones:
        return ""
    if location.position is None:
        return zones[0][0] if len(zones) == 1 else ""
    here = location.position
    nearest = min(zones, key=lambda zone: _distance(here, zone[1]))[0]
    return next(name for name, _ in zones if _offsets(name) == _offsets(nearest))


def _offsets(zone: str) -> tuple[timedelta | None, ...]:
    """The differences from UTC in both halves of a year."""
    return tuple(datetime(2026, month, 1, tzinfo=ZoneInfo(zone)).utcoffset() for month in (1, 7))


def _country_code(country: str) -> str:
    name = country.strip().casefold()
    return OTHER_NAMES.get(name) or _countries().get(name, "")


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    rows = (line.split("\t") for line in _table("iso3166.tab"))
    return {name.casefold(): code for code, name in rows}


@lru_cache(maxsize=1)
def _zones() -> dict[str, tuple[tuple[str, tuple[float, float]], ...]]:
    """Country code to its zones, each with the position of its main city."""
    found: dict[str, list[tuple[str, tuple[float, float]]]] = {}
    for line in _table("zone.tab"):
        code, position, name = line.split("\t")[:3]
        if match := COORDINATE.match(position):
            found.setdefault(code, []).append((name, (_degrees(match[1]), _degrees(match[2]))))
    return {code: tuple(zones) for code, zones in found.items()}


def _table(name: str) -> list[str]:
    text = (files("tzdata") / "zoneinfo" / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def _degrees(text: str) -> float:
    """±DDMM, ±DDDMM, ±DDMMSS or ±DDDMMSS as degrees."""
    sign, digits = (-1 if text[0] == "-" else 1), text[1:]
    seconds = digits[-2:] if len(digits) >= 6 else "0"
    rest = digits[:-2] if len(digits) >= 6 else digits
    return sign * (int(rest[:-2]) + int(rest[-2:]) / 60 + int(seconds) / 3600)


def _distance(a: tuple[float, float], b: tuple[float, float]) -> float:
    """The angle between two positions on the globe, in radians."""
    (lat1, lon1), (lat2, lon2) = (tuple(map(math.radians, each)) for each in (a, b))
    chord = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * math.asin(min(1, math.sqrt(chord)))
