"""Reminders and their deliveries: the work that is due, kept in the database."""

import uuid

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from screening.models.subjects import Subject
from sites.triggers import append_only


class ReminderState(models.TextChoices):
    PLANNED = "planned", "planned"
    SENT = "sent", "sent"
    DONE = "done", "done"
    MISSED = "missed", "missed"
    CANCELLED = "cancelled", "cancelled"


R = ReminderState

REMINDER_TRANSITIONS: dict[ReminderState, frozenset[ReminderState]] = {
    R.PLANNED: frozenset({R.SENT, R.DONE, R.MISSED, R.CANCELLED}),
    R.SENT: frozenset({R.DONE, R.MISSED, R.CANCELLED}),
    R.DONE: frozenset({R.CANCELLED}),  # the result that settled it was taken back
    R.MISSED: frozenset({R.DONE, R.CANCELLED}),
    R.CANCELLED: frozenset(),
}


class Reminder(models.Model):
    """One thing to be told about one subject, in one window. A moved one is cancelled and planned anew."""

    only_these_change = ("summary", "state", "why", "attempt", "lease_until", "sent_at")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="reminders")
    rule = models.CharField(max_length=60)
    occurrence = models.PositiveSmallIntegerField(default=0)
    summary = models.CharField(max_length=300, help_text="What is due, without any clinical value.")
    window_from = models.DateField(help_text="First day on which it counts, at the site.")
    window_to = models.DateField(help_text="Last day on which it counts, at the site.")
    due_at = models.DateTimeField(help_text="When the mail goes out (UTC), computed from the site's local time.")
    urgent = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=ReminderState, default=ReminderState.PLANNED)
    why = models.CharField(max_length=300, blank=True, help_text="Why it was cancelled, missed or done.")
    replaces = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by")
    attempt = models.PositiveIntegerField(default=0, help_text="Fencing number: grows with every claim.")
    lease_until = models.DateTimeField(null=True, blank=True, help_text="Nobody else may claim it before then.")
    sent_at = models.DateTimeField(null=True, blank=True)
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
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="planned"), name="reminder_due"),
            models.Index(fields=["window_to"], condition=Q(state__in=["planned", "sent"]), name="reminder_open_window"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "rule", "occurrence"], condition=~Q(state="cancelled"), name="reminder_unique"
            ),
            models.CheckConstraint(condition=Q(window_to__gte=F("window_from")), name="reminder_window_in_order"),
            models.CheckConstraint(condition=~Q(state="sent") | Q(sent_at__isnull=False), name="sent_has_time"),
            models.CheckConstraint(condition=~Q(state="cancelled") | ~Q(why=""), name="reminder_cancelled_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.subject}: {self.summary}"

    @property
    def message_id(self) -> str:
        """The same Message-ID at every attempt, so that a mail system can drop a second copy."""
        return f"<reminder.{self.id}@trialops>"


class ReminderDelivery(models.Model):
    """One attempt at sending one reminder, and how it ended."""

    class Outcome(models.TextChoices):
        SENT = "sent", "sent"
        FAILED = "failed", "failed"

    append_only = True

    reminder = models.ForeignKey(Reminder, on_delete=models.PROTECT, related_name="deliveries")
    attempt = models.PositiveIntegerField()
    outcome = models.CharField(max_length=10, choices=Outcome)
    recipients = models.PositiveSmallIntegerField(help_text="How many people it went to.")
    error = models.CharField(max_length=300, blank=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["reminder", "id"]
        verbose_name_plural = "reminder deliveries"
        triggers = [append_only()]
        constraints = [models.UniqueConstraint(fields=["reminder", "attempt"], name="delivery_unique_per_attempt")]

    def __str__(self) -> str:
        return f"{self.reminder_id} attempt {self.attempt}: {self.outcome}"
