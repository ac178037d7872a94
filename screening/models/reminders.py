"""Reminders and who has acknowledged them: the work that is due, kept in the database."""

import uuid

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from screening.models.subjects import Subject
from screening.reminders.wording import sentences
from sites.models import Site
from sites.triggers import append_only


class ReminderState(models.TextChoices):
    PLANNED = "planned", _("planned")
    DUE = "due", _("due")
    SENT = "sent", _("sent")
    ACKNOWLEDGED = "acknowledged", _("acknowledged")
    DONE = "done", _("done")
    MISSED = "missed", _("missed")
    CANCELLED = "cancelled", _("cancelled")


R = ReminderState

REMINDER_TRANSITIONS: dict[ReminderState, frozenset[ReminderState]] = {
    R.PLANNED: frozenset({R.DUE, R.SENT, R.DONE, R.MISSED, R.CANCELLED}),
    R.DUE: frozenset({R.SENT, R.ACKNOWLEDGED, R.DONE, R.MISSED, R.CANCELLED}),
    R.SENT: frozenset({R.ACKNOWLEDGED, R.DONE, R.MISSED, R.CANCELLED}),
    R.ACKNOWLEDGED: frozenset({R.DONE, R.MISSED, R.CANCELLED}),
    R.DONE: frozenset({R.CANCELLED}),  # the result that settled it was taken back
    R.MISSED: frozenset({R.DONE, R.CANCELLED}),
    R.CANCELLED: frozenset(),
}

UNSENT = (R.PLANNED, R.DUE)
TOLD = (R.SENT, R.ACKNOWLEDGED)
OPEN = (*UNSENT, *TOLD)
"""States in which a reminder can still be answered in time."""


class Audience(models.TextChoices):
    """Who is told first; in the order of escalation."""

    SITE = "site", _("coordinators and principal investigator")
    PRINCIPAL = "principal", _("principal investigator")
    MANAGER = "manager", _("study manager")


class ReminderSource(models.TextChoices):
    PROTOCOL = "protocol", _("protocol")
    PRACTICE = "practice", _("site practice")


class Reminder(models.Model):
    """One thing to be told about one subject or site, in one window. A moved one is cancelled and planned anew."""

    only_these_change = ("summary", "state", "why", "sent_at", "missed_at", "escalation", "escalate_at", "changed_at")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="reminders")
    subject = models.ForeignKey(
        Subject,
        on_delete=models.PROTECT,
        related_name="reminders",
        null=True,
        blank=True,
        help_text=_("Empty for one about the site itself."),
    )
    rule = models.CharField(max_length=60)
    occurrence = models.PositiveSmallIntegerField(default=0)
    summary = models.CharField(max_length=300, help_text=_("What is due, without any clinical value."))
    source = models.CharField(max_length=10, choices=ReminderSource, default=ReminderSource.PRACTICE)
    audience = models.CharField(max_length=10, choices=Audience, default=Audience.SITE)
    asks = models.BooleanField(default=True, help_text=_("Whether something must be recorded; else it only tells."))
    window_from = models.DateField(help_text=_("First day on which it counts, at the site."))
    window_to = models.DateField(help_text=_("Last day on which it counts, at the site."))
    due_at = models.DateTimeField(help_text=_("When it is told (UTC), computed from the site's local time."))
    closes_at = models.DateTimeField(help_text=_("The end of the window's last day (UTC)."))
    urgent = models.BooleanField(default=False)
    state = models.CharField(max_length=12, choices=ReminderState, default=ReminderState.PLANNED)
    why = models.CharField(max_length=300, blank=True, help_text=_("Why it was cancelled, missed or done."))
    replaces = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by")
    sent_at = models.DateTimeField(null=True, blank=True)
    missed_at = models.DateTimeField(null=True, blank=True)
    escalation = models.PositiveSmallIntegerField(
        default=0, help_text=_("How many levels have heard that it was missed.")
    )
    escalate_at = models.DateTimeField(null=True, blank=True, help_text=_("When the next level is told."))
    changed_at = models.DateTimeField(db_default=Now(), editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["due_at", "id"]
        triggers = [
            pgtrigger.FSM(
                name="state_transitions",
                field="state",
                transitions=[
                    (a.value, b.value) for a, following in REMINDER_TRANSITIONS.items() for b in sorted(following)
                ],
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="notes_when_changed",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func="NEW.changed_at := statement_timestamp(); RETURN NEW;",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="planned"), name="reminder_due"),
            models.Index(fields=["due_at"], condition=Q(state="due"), name="reminder_untold"),
            models.Index(
                fields=["closes_at"],
                condition=Q(state__in=["planned", "due"]) | Q(state__in=["sent", "acknowledged"], asks=True),
                name="reminder_open_window",
            ),
            models.Index(fields=["escalate_at"], condition=Q(escalate_at__isnull=False), name="reminder_escalates"),
            models.Index(
                fields=["site", "window_to"],
                condition=Q(state__in=["due", "sent", "missed"]),
                name="reminder_wants_attention",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "rule", "occurrence"],
                condition=~Q(state="cancelled") & Q(subject__isnull=False),
                name="reminder_unique",
            ),
            models.UniqueConstraint(
                fields=["site", "rule", "occurrence"],
                condition=~Q(state="cancelled") & Q(subject__isnull=True),
                name="reminder_unique_of_site",
            ),
            models.CheckConstraint(condition=Q(window_to__gte=F("window_from")), name="reminder_window_in_order"),
            models.CheckConstraint(condition=~Q(state="sent") | Q(sent_at__isnull=False), name="sent_has_time"),
            models.CheckConstraint(condition=~Q(state="missed") | Q(missed_at__isnull=False), name="missed_has_time"),
            models.CheckConstraint(condition=~Q(state="cancelled") | ~Q(why=""), name="reminder_cancelled_says_why"),
            models.CheckConstraint(
                condition=Q(escalate_at__isnull=True) | Q(state="missed"), name="reminder_only_missed_escalates"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.about}: {self.summary}"

    @property
    def about(self) -> str:
        """Whom or what it is about: the screening number, else the site's code."""
        return self.subject.screening_number if self.subject else self.site.code

    @property
    def told(self) -> str:
        """What is due, in the language that is active."""
        return sentences.told(self.summary)

    @property
    def told_why(self) -> str:
        """Why it was cancelled, missed or done, in the language that is active."""
        return sentences.told(self.why)


class Acknowledgement(models.Model):
    """Somebody has taken notice of a reminder as it stood."""

    append_only = True

    reminder = models.ForeignKey(Reminder, on_delete=models.PROTECT, related_name="acknowledgements")
    of_missed = models.BooleanField(default=False, help_text=_("Of its being missed; that ends the escalation."))
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["reminder", "id"]
        triggers = [append_only()]
        constraints = [
            models.UniqueConstraint(fields=["reminder", "of_missed"], name="acknowledged_once_as_it_stood"),
        ]

    def __str__(self) -> str:
        return f"{self.reminder_id} acknowledged"
