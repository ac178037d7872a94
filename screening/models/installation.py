"""Which database this one is: how a restored or copied one notices that it is not the one that sent the reminders."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from sites.triggers import append_only


class Installation(models.Model):
    """One database that these rows have lived in; the latest row names the one that may send."""

    append_only = True

    database = models.CharField(
        max_length=60,
        blank=True,
        help_text=_("The cluster's identifier and the database's number. Empty: none may send."),
    )
    reason = models.TextField(blank=True, help_text=_("Why reminders were held, or released here."))
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", help_text=_("Empty: set-up.")
    )

    class Meta:
        ordering = ["-id"]
        triggers = [append_only()]
        constraints = [
            models.CheckConstraint(
                condition=Q(recorded_by__isnull=True, reason="") | Q(recorded_by__isnull=False, reason__regex=r"\S"),
                name="installation_says_who_and_why",
            )
        ]

    def __str__(self) -> str:
        return self.database or "quarantine"
