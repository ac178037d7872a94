"""When a person gets a mail: the day's digest, after quiet hours, never before the day begins and inside the window."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from screening.reminders.due import day_begins, local_to_utc

A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Hours:
    """A person's wishes about time. `quiet` is from one time to another, over midnight if the second is earlier."""

    zone: ZoneInfo
    digest_at: time | None = None
    quiet: tuple[time, time] | None = None


@dataclass(frozen=True)
class Slot:
    """When a reminder is due and until when it counts, at a site."""

    due_at: datetime
    closes_at: datetime
    site_zone: ZoneInfo


def digest_time(slot: Slot, hours: Hours, *, now: datetime) -> datetime:
    """When the reminder goes into a person's digest: at their time on the day, else at the site's own time.

    What is late already goes now. Quiet hours put it off, but never beyond the end of the window.
    """
    at = max(_wished(slot, hours), now)
    wished = (after_quiet(at, hours), at)
    return next((each for each in wished if each < slot.closes_at), max(slot.due_at, now))


def urgent_time(slot: Slot, hours: Hours, *, now: datetime, whatever_the_hour: bool) -> datetime:
    """At once; after quiet hours for whoever may have them in urgent cases."""
    at = now if whatever_the_hour else after_quiet(now, hours)
    return at if at < slot.closes_at else now


def _wished(slot: Slot, hours: Hours) -> datetime:
    """The first of the person's digest times that is not before the day at the site begins."""
    if hours.digest_at is None:
        return slot.due_at
    told_on = slot.due_at.astimezone(slot.site_zone).date()
    begins = day_begins(told_on, slot.site_zone)
    there: date = begins.astimezone(hours.zone).date()
    times = (local_to_utc(there + A_DAY * shift, hours.digest_at, hours.zone) for shift in range(3))
    return next(at for at in times if at >= begins)


def after_quiet(at: datetime, hours: Hours) -> datetime:
    """The moment itself, or the end of the quiet hours that it falls into."""
    if hours.quiet is None:
        return at
    begins, ends = hours.quiet
    today = at.astimezone(hours.zone).date()
    for day in (today - A_DAY, today):
        start = local_to_utc(day, begins, hours.zone)
        end = local_to_utc(day if begins < ends else day + A_DAY, ends, hours.zone)
        if start <= at < end:
            return end
    return at
