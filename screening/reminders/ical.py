"""A person's windows as an iCalendar document (RFC 5545), stable for the calendars that fetch it again and again."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from icalendar import Calendar, Event

from screening.models import Reminder, ReminderState

R = ReminderState
NAMESPACE = uuid.UUID("5b0f9d9e-9f5a-4a53-9d0c-6a4a0d4f3f57")
ENDED = {R.DONE, R.MISSED}


def calendar_of(reminders: Iterable[Reminder], *, name: str) -> bytes:
    """The document in the language that is active: one event for each window, whatever has become of it.

    A moved reminder is the same event at a later sequence number, a cancelled one an event that says so: the calendar
    follows instead of showing both. An event holds the screening number and what is due, as a mail does, and no more.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//trialops//reminders//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval;value=duration", "PT1H")
    for history in _histories(reminders):
        calendar.add_component(_event(history))
    return bytes(calendar.to_ical())


def uid_of(reminder: Reminder) -> str:
    """The same for a reminder and all that have replaced it."""
    whose = f"subject:{reminder.subject_id}" if reminder.subject_id else f"site:{reminder.site_id}"
    return f"{uuid.uuid5(NAMESPACE, f'{whose}:{reminder.rule}:{reminder.occurrence}')}@trialops"


def _histories(reminders: Iterable[Reminder]) -> list[list[Reminder]]:
    """The reminders of each event, in the order in which they were planned."""
    found: dict[str, list[Reminder]] = {}
    for reminder in sorted(reminders, key=lambda row: (row.created_at, row.state != R.CANCELLED, row.pk)):
        found.setdefault(uid_of(reminder), []).append(reminder)
    return list(found.values())


def _event(history: Sequence[Reminder]) -> Event:
    latest = history[-1]
    event = Event()
    event.add("uid", uid_of(latest))
    event.add("dtstamp", latest.changed_at.astimezone(UTC))
    event.add("last-modified", latest.changed_at.astimezone(UTC))
    event.add("sequence", _sequence(latest))
    event.add("dtstart", latest.window_from)
    event.add("dtend", latest.window_to + timedelta(days=1))
    state = "" if latest.state not in ENDED else f" ({latest.get_state_display()})"
    event.add("summary", f"{latest.about}: {latest.told}{state}")
    event.add(
        "description",
        _("%(site)s, whole days at the site (%(zone)s)") % {"site": latest.site.code, "zone": latest.site.time_zone},
    )
    event.add("url", settings.BASE_URL + reverse("reminder", args=[latest.pk]))
    event.add("status", "CANCELLED" if latest.state == R.CANCELLED else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    event.add("class", "PRIVATE")
    return event


def _sequence(reminder: Reminder) -> int:
    """Grows whenever the event changes: seconds since 2020, as RFC 5545 only asks that it never falls."""
    return max(0, int(reminder.changed_at.timestamp()) - 1_577_836_800)
