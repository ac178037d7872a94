"""Messages: what is sent to one person or one hospital's system, every attempt at it, and the lanes they travel in."""

import uuid

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from screening.models.preferences import WebhookEndpoint
from screening.models.reminders import Reminder
from sites.triggers import append_only


class Channel(models.TextChoices):
    MAIL = "mail", _("e-mail")
    WEBHOOK = "webhook", _("webhook")


class Lane(models.Model):
    """One receiving server. While it fails it is left alone for a while, so that it holds up no other."""

    name = models.CharField(max_length=300, unique=True, help_text=_("mail:ROUTE:DOMAIN or webhook:ID."))
    channel = models.CharField(max_length=10, choices=Channel)
    route = models.CharField(max_length=20, blank=True, help_text=_("The site whose own mail server it goes through."))
    failures = models.PositiveIntegerField(default=0, help_text=_("Failures in a row."))
    paused_until = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=200, blank=True)
    last_sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(paused_until__isnull=True) | Q(failures__gt=0), name="lane_pauses_only_after_a_failure"
            )
        ]

    def __str__(self) -> str:
        return self.name


class MessageState(models.TextChoices):
    WAITING = "waiting", _("waiting")
    SENT = "sent", _("sent")
    FAILED = "failed", _("failed")
    DROPPED = "dropped", _("nothing left to say")


M = MessageState

MESSAGE_TRANSITIONS: dict[MessageState, frozenset[MessageState]] = {
    M.WAITING: frozenset({M.SENT, M.FAILED, M.DROPPED}),
    M.FAILED: frozenset({M.WAITING, M.SENT}),  # retried by a person; or a late success of an earlier attempt
    M.SENT: frozenset({M.FAILED}),  # it came back
    M.DROPPED: frozenset({M.SENT}),  # the mail was on its way when the last reminder in it was cancelled
}


class Message(models.Model):
    """One mail to one person or one call of one webhook, with one reminder in it or many."""

    only_these_change = ("send_at", "state", "attempt", "lease_until", "sent_at", "error", "lane_id")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    channel = models.CharField(max_length=10, choices=Channel)
    lane = models.ForeignKey(Lane, on_delete=models.PROTECT, related_name="messages")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="reminder_messages"
    )
    endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.PROTECT, null=True, blank=True, related_name="messages"
    )
    urgent = models.BooleanField(default=False)
    send_at = models.DateTimeField(help_text=_("Not before this time (UTC)."))
    state = models.CharField(max_length=10, choices=MessageState, default=MessageState.WAITING)
    attempt = models.PositiveIntegerField(default=0, help_text=_("Fencing number: grows with every claim."))
    lease_until = models.DateTimeField(null=True, blank=True, help_text=_("Nobody else may claim it before then."))
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=200, blank=True, help_text=_("How the latest attempt failed."))
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["send_at", "id"]
        triggers = [
            pgtrigger.FSM(
                name="state_transitions",
                field="state",
                transitions=[
                    (a.value, b.value) for a, following in MESSAGE_TRANSITIONS.items() for b in sorted(following)
                ],
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        ]
        indexes = [
            models.Index(
                fields=["lane", "-urgent", "send_at", "id"], condition=Q(state="waiting"), name="message_waiting"
            ),
            models.Index(fields=["state", "-created_at"], name="message_by_state"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "lane", "send_at"],
                condition=Q(state="waiting", attempt=0, urgent=False, channel="mail"),
                name="one_digest_for_a_person_and_morning",
            ),
            models.CheckConstraint(
                condition=Q(channel="mail", user__isnull=False, endpoint__isnull=True)
                | Q(channel="webhook", user__isnull=True, endpoint__isnull=False),
                name="message_receiver_fits_channel",
            ),
            models.CheckConstraint(condition=~Q(state="sent") | Q(sent_at__isnull=False), name="message_sent_has_time"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.id}"

    @property
    def message_id(self) -> str:
        """The same Message-ID at every attempt, so that a mail system can drop a second copy."""
        return f"<reminder.{self.id}@trialops>"


class Notice(models.Model):
    """One reminder in one message, and on what occasion."""

    class Occasion(models.TextChoices):
        DUE = "due", _("due")
        MISSED = "missed", _("missed")
        UNDELIVERED = "undelivered", _("could not be delivered")
        RESENT = "resent", _("sent again by hand")

    only_these_change = ("sent_at",)

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="notices")
    reminder = models.ForeignKey(Reminder, on_delete=models.PROTECT, related_name="notices")
    occasion = models.CharField(max_length=12, choices=Occasion, default=Occasion.DUE)
    stands_in_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["message", "id"]
        constraints = [
            models.UniqueConstraint(fields=["message", "reminder"], name="reminder_once_in_a_message"),
        ]

    def __str__(self) -> str:
        return f"{self.reminder_id} in {self.message_id}"


class MessageAttempt(models.Model):
    """One attempt at sending one message, and how it ended."""

    class Outcome(models.TextChoices):
        SENT = "sent", _("sent")
        TEMPORARY = "temporary", _("failed, to be tried again")
        PERMANENT = "permanent", _("refused for good")
        BOUNCED = "bounced", _("came back")

    append_only = True

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="attempts")
    attempt = models.PositiveIntegerField()
    outcome = models.CharField(max_length=10, choices=Outcome)
    reminders = models.PositiveIntegerField(default=0, help_text=_("How many reminders were in it."))
    error = models.CharField(max_length=200, blank=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["message", "id"]
        triggers = [append_only()]
        constraints = [
            models.UniqueConstraint(
                fields=["message", "attempt"], condition=~Q(outcome="bounced"), name="attempt_recorded_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.message_id} attempt {self.attempt}: {self.outcome}"


class Intervention(models.Model):
    """A person's decision to try a failed message again, or to send a reminder once more; always with a reason."""

    class Kind(models.TextChoices):
        RETRY = "retry", _("try again")
        RESEND = "resend", _("send again")

    append_only = True

    kind = models.CharField(max_length=10, choices=Kind)
    message = models.ForeignKey(Message, on_delete=models.PROTECT, null=True, blank=True, related_name="interventions")
    reminder = models.ForeignKey(
        Reminder, on_delete=models.PROTECT, null=True, blank=True, related_name="interventions"
    )
    reason = models.TextField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-id"]
        triggers = [append_only()]
        constraints = [
            models.CheckConstraint(condition=Q(reason__regex=r"\S"), name="intervention_has_reason"),
            models.CheckConstraint(
                condition=Q(kind="retry", message__isnull=False, reminder__isnull=True)
                | Q(kind="resend", message__isnull=True, reminder__isnull=False),
                name="intervention_names_its_object",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.message_id or self.reminder_id}"
