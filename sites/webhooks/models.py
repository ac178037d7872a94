"""Webhooks of a study, the calls they are owed, and every attempt at one."""

import secrets
import uuid

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from sites.triggers import append_only
from trialops.models import who_and_when


def new_salt() -> str:
    return secrets.token_hex(16)


class StudyWebhook(models.Model):
    """An address that is told when the figures of a study have changed.

    Its secrets are derived from the salts and never stored. A personal one ends with its maker's role in the study.
    """

    only_these_change = (
        "salt", "earlier_salt", "earlier_until", "told_version", "disabled_at", "disabled_by_id", "why_disabled",
    )  # fmt: skip

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey("trial_sites.Study", on_delete=models.PROTECT, related_name="webhooks")
    url = models.URLField(max_length=500)
    personal = models.BooleanField(default=False, help_text=_("Ends with its maker's role in the study."))
    salt = models.CharField(max_length=32, default=new_salt, editable=False)
    earlier_salt = models.CharField(max_length=32, blank=True, editable=False)
    earlier_until = models.DateTimeField(
        null=True, editable=False, help_text=_("Until then calls are signed with the earlier secret too.")
    )
    told_version = models.BigIntegerField(help_text=_("The data version up to which calls have been made."))
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    disabled_at = models.DateTimeField(null=True, editable=False)
    disabled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        help_text=_("Whoever switched it off, or made it if the product did."),
    )
    why_disabled = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["study", "created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["study", "created_by", "url"],
                condition=Q(disabled_at__isnull=True),
                name="study_webhook_once_for_an_address",
            ),
            who_and_when("disabled", "study_webhook_disabled"),
            models.CheckConstraint(
                condition=Q(earlier_salt="", earlier_until__isnull=True)
                | (~Q(earlier_salt="") & Q(earlier_until__isnull=False)),
                name="study_webhook_earlier_secret_has_an_end",
            ),
        ]

    def __str__(self) -> str:
        return f"webhook {self.id} of study {self.study_id}"


class CallState(models.TextChoices):
    WAITING = "waiting", _("waiting")
    SENT = "sent", _("delivered")
    FAILED = "failed", _("given up")


CALL_TRANSITIONS: dict[CallState, frozenset[CallState]] = {
    CallState.WAITING: frozenset({CallState.SENT, CallState.FAILED}),
    CallState.FAILED: frozenset({CallState.SENT}),  # a late success of an earlier attempt
    CallState.SENT: frozenset(),
}


class WebhookCall(models.Model):
    """One call that a webhook is owed: that versions have passed, or a test. What it says never changes."""

    class Kind(models.TextChoices):
        CHANGED = "study.changed", _("changes")
        TEST = "webhook.test", _("test")

    only_these_change = ("state", "attempt", "next_at", "error", "sent_at")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    webhook = models.ForeignKey(StudyWebhook, on_delete=models.PROTECT, related_name="calls")
    kind = models.CharField(max_length=20, choices=Kind)
    after_version = models.BigIntegerField(help_text=_("Whoever knows this version ..."))
    to_version = models.BigIntegerField(help_text=_("... is told that this one is there."))
    state = models.CharField(max_length=10, choices=CallState, default=CallState.WAITING)
    attempt = models.PositiveIntegerField(default=0, help_text=_("Fencing number: grows with every claim."))
    next_at = models.DateTimeField(db_default=Now(), help_text=_("Nobody claims it before; a lease while it is sent."))
    error = models.CharField(max_length=200, blank=True, help_text=_("How the latest attempt failed."))
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "id"]
        triggers = [
            pgtrigger.FSM(
                name="state_transitions",
                field="state",
                transitions=[
                    (a.value, b.value) for a, following in CALL_TRANSITIONS.items() for b in sorted(following)
                ],
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        ]
        indexes = [models.Index(fields=["next_at"], condition=Q(state="waiting"), name="webhook_call_waiting")]
        constraints = [
            models.UniqueConstraint(
                fields=["webhook", "kind"], condition=Q(state="waiting"), name="one_call_of_a_kind_waits_for_a_webhook"
            ),
            models.CheckConstraint(
                condition=Q(kind="study.changed", to_version__gt=F("after_version"))
                | Q(kind="webhook.test", to_version=F("after_version")),
                name="webhook_call_versions_in_order",
            ),
            models.CheckConstraint(
                condition=Q(state="sent", sent_at__isnull=False) | (~Q(state="sent") & Q(sent_at__isnull=True)),
                name="webhook_call_sent_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class CallAttempt(models.Model):
    """One attempt at one call, and how it ended."""

    append_only = True

    call = models.ForeignKey(WebhookCall, on_delete=models.PROTECT, related_name="attempts")
    attempt = models.PositiveIntegerField()
    answer = models.CharField(max_length=200, help_text=_("The status of the answer, or the kind of failure."))
    delivered = models.BooleanField()
    milliseconds = models.PositiveIntegerField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-id"]
        triggers = [append_only()]

    def __str__(self) -> str:
        return f"attempt {self.attempt} of call {self.call_id}: {self.answer}"
