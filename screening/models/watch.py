"""Signs of life of the reminders' machinery, and the alarms raised when they stop."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Heartbeat(models.Model):
    """When a recurring piece of work was last completed, and what it said."""

    name = models.CharField(max_length=30, primary_key=True)
    completed_at = models.DateTimeField()
    detail = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return f"{self.name} at {self.completed_at}"


class Alarm(models.Model):
    """One silence: from when it was noticed until it ended, and when the study managers were last told."""

    opened_at = models.DateTimeField(db_default=Now(), editable=False)
    reason = models.CharField(max_length=300)
    trying_since = models.DateTimeField(
        null=True, blank=True, help_text=_("A process is telling; the others leave it.")
    )
    told_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                models.Value(1), condition=Q(closed_at__isnull=True), name="one_open_alarm_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"alarm of {self.opened_at}: {self.reason}"
