"""What may be asked by query parameters, read strictly: a wrong value is named with what would be accepted."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

FIRST_DAY = date(1900, 1, 1)
BY = ("site", "month", "state")
LONGEST_TRANSACTION = timedelta(minutes=10)
"""What is being written down may still carry an earlier time than what has been committed."""
WRITTEN_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
WRITTEN_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z", re.ASCII)
CURSOR = re.compile(r"[0-9]{1,18}", re.ASCII)


@dataclass(frozen=True)
class EnrollmentQuestion:
    """A day, what was known of it, and by what the figures are grouped; None: today, as known now, not grouped."""

    as_of: date | None
    known_at: datetime | None
    by: str | None

    @classmethod
    def asked(cls, request: Request, *, now: datetime) -> "EnrollmentQuestion":
        by = _single(request, "by")
        if by is not None and by not in BY:
            raise _wrong("by", f"Accepted: {', '.join(BY)}.")
        as_of, known_at = _as_of(request, now), _known_at(request, now)
        if known_at is not None and as_of is None:
            raise _wrong("known_at", "It needs as_of: the day that is asked about.")
        return cls(as_of, known_at, by)


def cursor_of(request: Request) -> int:
    """The version after which changes are told; 0 without a cursor."""
    text = _single(request, "cursor")
    if text is None:
        return 0
    if CURSOR.fullmatch(text) is None:
        raise _wrong("cursor", "Send the next_cursor of an earlier answer, or none to begin.")
    return int(text)


def _as_of(request: Request, now: datetime) -> date | None:
    text = _single(request, "as_of")
    if text is None:
        return None
    day = _day(text)
    if day is None or not FIRST_DAY <= day <= now.astimezone(UTC).date():
        raise _wrong("as_of", f"A day from {FIRST_DAY} to today, written as 2026-03-02.")
    return day


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if WRITTEN_DAY.fullmatch(text) else None
    except ValueError:
        return None


def _known_at(request: Request, now: datetime) -> datetime | None:
    text = _single(request, "known_at")
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text) if WRITTEN_TIME.fullmatch(text) else None
    except ValueError:
        time = None
    if time is None or time.date() < FIRST_DAY or time > now - LONGEST_TRANSACTION:
        raise _wrong("known_at", "A time in UTC at least ten minutes ago, written as 2026-03-02T14:05:00Z.")
    return time


def _single(request: Request, name: str) -> str | None:
    values = request.query_params.getlist(name)
    if len(values) > 1:
        raise _wrong(name, "Given more than once; send it once.")
    return values[0] if values else None


def _wrong(name: str, detail: str) -> ValidationError:
    return ValidationError({name: [detail]})
