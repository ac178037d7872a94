"""Reads of reminders for pages: what is coming, what is late, what a subject has."""

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from screening.models import Reminder, ReminderState, Subject
from sites.models import Site
from sites.queries import site_today

R = ReminderState
LATE_AFTER = timedelta(minutes=10)
"""A reminder that has been due for longer and has not gone out is late."""


def due_at_site(site: Site, now: datetime, days: int = 14) -> QuerySet[Reminder]:
    """Reminders of a site that wait to be sent within so many days or were sent and still count; soonest first."""
    coming = Q(state=R.PLANNED, due_at__lte=now + timedelta(days=days))
    return _at(site).filter(coming | Q(state=R.SENT), window_to__gte=site_today(site, now)).order_by("due_at", "id")


def late_at_site(site: Site, now: datetime, days: int = 14) -> QuerySet[Reminder]:
    """What should have gone out and has not, and what was missed within so many days; the oldest first."""
    unsent = Q(state=R.PLANNED, due_at__lt=now - LATE_AFTER)
    missed = Q(state=R.MISSED, window_to__gte=site_today(site, now) - timedelta(days=days))
    return _at(site).filter(unsent | missed).order_by("due_at", "id")


def reminders_of(subject: Subject) -> QuerySet[Reminder]:
    """All reminders of one subject in the order of their windows, cancelled ones too."""
    return Reminder.objects.filter(subject=subject).order_by("window_from", "created_at", "id")


def _at(site: Site) -> QuerySet[Reminder]:
    return Reminder.objects.filter(subject__site=site).select_related("subject")
