"""Reads of reminders for pages, the header and calendars: what wants attention, what is coming, what is late."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from screening.models import Acknowledgement, Audience, Reminder, ReminderPreference, ReminderState, Subject
from screening.models.reminders import OPEN, UNSENT
from screening.reminders.audience import is_absent
from sites.access import Access
from sites.models import Membership, Site
from sites.queries import site_today

R = ReminderState
Role = Membership.Role
LATE_AFTER = timedelta(minutes=10)
"""A reminder that has been due for longer and has not gone out is late."""
MISSED_SHOWN_FOR = timedelta(days=14)


@dataclass(frozen=True)
class Attention:
    """How many reminders want something of a person now: those due or told, and those missed."""

    due: int
    missed: int

    @property
    def total(self) -> int:
        return self.due + self.missed


def reminders_visible(access: Access) -> QuerySet[Reminder]:
    """Reminders that a person may see: those of the sites whose subjects they may see."""
    return Reminder.objects.filter(site__in=access.sites).select_related("site__study", "subject")


def reminders_for(access: Access) -> QuerySet[Reminder]:
    """Reminders meant for a person: by role at the site, by escalation, or as deputy of somebody absent."""
    return reminders_visible(access).filter(_meant_for(access))


def wanting_attention(access: Access, *, now: datetime) -> QuerySet[Reminder]:
    """What a person has to look at: told or due and not acknowledged, or missed and nobody has taken notice."""
    noticed = Acknowledgement.objects.filter(reminder=OuterRef("pk"), of_missed=True)
    due = Q(state__in=[R.DUE, R.SENT], due_at__lte=now, closes_at__gt=now)
    missed = Q(state=R.MISSED, closes_at__gt=now - MISSED_SHOWN_FOR) & ~Exists(noticed)
    return reminders_for(access).filter(due | missed)


def attention(access: Access, *, now: datetime) -> Attention:
    """The counts for the header."""
    states = list(wanting_attention(access, now=now).values_list("state", flat=True))
    missed = states.count(R.MISSED)
    return Attention(due=len(states) - missed, missed=missed)


def coming(access: Access, *, now: datetime, days: int = 14) -> QuerySet[Reminder]:
    """What will be told to a person within so many days; soonest first."""
    until = now + timedelta(days=days)
    planned = reminders_for(access).filter(state__in=UNSENT, due_at__gt=now, due_at__lte=until)
    return planned.order_by("due_at", "id")


def due_at_site(site: Site, now: datetime, days: int = 14) -> QuerySet[Reminder]:
    """Reminders of a site that wait to be sent within so many days or were sent and still count; soonest first."""
    waiting = Q(state__in=UNSENT, due_at__lte=now + timedelta(days=days))
    told = Q(state__in=[R.SENT, R.ACKNOWLEDGED])
    return _at(site).filter(waiting | told, window_to__gte=site_today(site, now)).order_by("due_at", "id")


def late_at_site(site: Site, now: datetime, days: int = 14) -> QuerySet[Reminder]:
    """What should have gone out and has not, and what was missed within so many days; the oldest first."""
    unsent = Q(state__in=UNSENT, due_at__lt=now - LATE_AFTER)
    missed = Q(state=R.MISSED, window_to__gte=site_today(site, now) - timedelta(days=days))
    return _at(site).filter(unsent | missed).order_by("due_at", "id")


def reminders_of(subject: Subject) -> QuerySet[Reminder]:
    """All reminders of one subject in the order of their windows, cancelled ones too."""
    return Reminder.objects.filter(subject=subject).order_by("window_from", "created_at", "id")


def for_calendar(access: Access, *, now: datetime) -> QuerySet[Reminder]:
    """What a calendar shows: open windows, and for a month what has ended or was cancelled, so that it follows."""
    lately = Q(changed_at__gte=now - timedelta(days=30)) | Q(window_to__gte=now.date() - timedelta(days=30))
    return reminders_for(access).filter(Q(state__in=OPEN) | lately).order_by("created_at", "id")


def _meant_for(access: Access) -> Q:
    """A role's own audience at its sites; what escalated to it; and the same for those whom the person represents."""
    meant = _by_roles(access.memberships)
    for absent in _represented(access):
        memberships = Membership.objects.filter(Membership.active_on(access.today), user_id=absent)
        meant |= _by_roles(tuple(memberships))
    if access.user.is_superuser:
        meant |= Q(audience=Audience.MANAGER) | Q(state=R.MISSED, escalation__gte=3)
    return meant


def _by_roles(memberships: tuple[Membership, ...]) -> Q:
    meant = Q(pk__in=[])
    for member in memberships:
        if member.role == Role.STUDY_MANAGER:
            above = Q(audience=Audience.MANAGER) | Q(state=R.MISSED, escalation__gte=3)
            meant |= Q(site__study_id=member.study_id) & above
        elif member.role == Role.PRINCIPAL_INVESTIGATOR:
            meant |= Q(site_id=member.site_id) & ~Q(audience=Audience.MANAGER)
        elif member.role in {Role.COORDINATOR, Role.SUB_INVESTIGATOR}:
            meant |= Q(site_id=member.site_id, audience=Audience.SITE)
    return meant


def _represented(access: Access) -> list[int]:
    """Ids of the absent people whose deputy the person is."""
    wishes = ReminderPreference.objects.filter(deputy=access.user, absent_to__gte=access.today)
    return [wish.user_id for wish in wishes if is_absent(wish, access.today)]


def _at(site: Site) -> QuerySet[Reminder]:
    return Reminder.objects.filter(site=site).select_related("subject", "site")
