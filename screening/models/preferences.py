"""How each person wants to be told: preferences, private calendar feeds; and the webhooks of a site."""

import secrets
import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from sites.models import Site, validate_time_zone
from trialops.models import who_and_when


class MailChoice(models.TextChoices):
    ALL = "all", _("all reminders")
    URGENT = "urgent", _("urgent ones only")
    NONE = "none", _("no e-mail")


class ReminderPreference(models.Model):
    """One person's wishes; whoever has none gets every mail, in the morning at the site."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="reminder_preference"
    )
    mail = models.CharField(max_length=10, choices=MailChoice, default=MailChoice.ALL)
    digest_at = models.TimeField(null=True, blank=True, help_text=_("When the day's mail comes; empty: 08:00."))
    quiet_from = models.TimeField(null=True, blank=True, help_text=_("No mail from this time on ..."))
    quiet_to = models.TimeField(null=True, blank=True, help_text=_("... until this time."))
    time_zone = models.CharField(
        max_length=64, blank=True, validators=[validate_time_zone], help_text=_("Empty: the site's own.")
    )
    absent_from = models.DateField(null=True, blank=True)
    absent_to = models.DateField(null=True, blank=True, help_text=_("Last day of the absence."))
    deputy = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_to__isnull=True)
                | (Q(quiet_from__isnull=False, quiet_to__isnull=False) & ~Q(quiet_from=F("quiet_to"))),
                name="quiet_hours_have_two_ends",
            ),
            models.CheckConstraint(
                condition=Q(absent_from__isnull=True, absent_to__isnull=True) | Q(absent_to__gte=F("absent_from")),
                name="absence_in_order",
            ),
            models.CheckConstraint(
                condition=Q(deputy__isnull=True) | ~Q(deputy=F("user")), name="nobody_is_their_own_deputy"
            ),
        ]

    def __str__(self) -> str:
        return f"preferences of user {self.user_id}"


class CalendarFeed(models.Model):
    """A private address under which a person's calendar fetches the windows; only its digest is stored."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendar_feeds")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)
    fetched_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["user", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(revoked_at__isnull=True), name="one_living_feed_for_a_person"
            )
        ]

    def __str__(self) -> str:
        return f"calendar feed of user {self.user_id}"


def new_salt() -> str:
    return secrets.token_hex(16)


class WebhookEndpoint(models.Model):
    """Where a site's own messaging takes reminders. Its secret is derived from the salt and never stored."""

    only_these_change = ("salt", "disabled_at", "disabled_by_id", "why_disabled")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="webhooks")
    url = models.URLField(max_length=500)
    salt = models.CharField(max_length=32, default=new_salt, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Whoever switched it off, or added it if its server said that it is gone."),
    )
    why_disabled = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["site", "created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "url"], condition=Q(disabled_at__isnull=True), name="webhook_once_at_a_site"
            ),
            who_and_when("disabled", "webhook_disabled"),
        ]

    def __str__(self) -> str:
        return f"webhook {self.id} of {self.site.code}"
