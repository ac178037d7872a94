"""When a reminder goes out: the site's morning as an instant of UTC."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SEND_AT = time(8)
"""Reminders are told at this time on the site's own clock."""


def local_to_utc(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The one instant of a wall-clock time: a time that the clocks skip moves forward by the gap, of one that they
    show twice the first is taken.

    That is what fold=0 means: before a change of clocks the offset in force until then counts.
    """
    return datetime.combine(day, at.replace(fold=0), tzinfo=zone).astimezone(UTC)


def morning(day: date, zone: ZoneInfo) -> datetime:
    """08:00 at the site on a day, in UTC."""
    return local_to_utc(day, SEND_AT, zone)


def day_ends(day: date, zone: ZoneInfo) -> datetime:
    """The midnight that ends a day at the site, in UTC."""
    return local_to_utc(day + timedelta(days=1), time(0), zone)


def day_begins(day: date, zone: ZoneInfo) -> datetime:
    """The midnight with which a day at the site begins, in UTC."""
    return local_to_utc(day, time(0), zone)
