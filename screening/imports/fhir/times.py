"""Days and times of a resource, as written. A day that is not whole (2022, 2022-05) is refused."""

import re
from typing import Any

from screening.criteria.calendar import read_when

WHOLE_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}.*", re.DOTALL)
LONG_FRACTION = re.compile(r"(\.[0-9]{6})[0-9]+")


def when(value: Any, called: str) -> str:
    """A day or time as the record format has it. Raises ValueError saying what was wrong."""
    if not isinstance(value, str):
        raise ValueError(f"has no {called}")  # noqa: TRY004 - a reason for people, not a type
    if not WHOLE_DAY.fullmatch(value):
        raise ValueError(f"its {called} is not a whole day")
    text = LONG_FRACTION.sub(r"\1", value)
    try:
        read_when(text)
    except ValueError:
        raise ValueError(f"its {called} is not a day or time of FHIR") from None
    return text


def day(value: Any, called: str) -> str:
    """The calendar day, as written with its own offset."""
    return when(value, called)[:10]


def effective(resource: dict[str, Any]) -> str:
    """When an observation holds: its time, or the end of its period, else its start."""
    period = resource.get("effectivePeriod")
    period = period if isinstance(period, dict) else {}
    given = (
        resource.get("effectiveDateTime"),
        resource.get("effectiveInstant"),
        period.get("end"),
        period.get("start"),
    )
    return when(next((value for value in given if value is not None), None), "effective time")
