"""The people who sign in; what each may do stands in sites.Membership."""

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class User(AbstractUser):
    """A person (or a service account that only carries API tokens)."""

    language = models.CharField(
        max_length=10, blank=True, choices=settings.LANGUAGES, help_text=_("Of pages, mails and calendars.")
    )
    email = models.EmailField(_("e-mail address"), blank=True, help_text=_("Reminders go here."))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                models.functions.Lower("email"),
                condition=~models.Q(email=""),
                name="user_email_unique",
                violation_error_message=_("Another account has this e-mail address."),
            )
        ]

    def __str__(self) -> str:
        return self.get_full_name() or self.username


class RepeatableRequest(models.Model):
    """A request of the staff API that came with an Idempotency-Key, and what it was answered."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    request_digest = models.CharField(max_length=64, help_text=_("SHA-256 of method, address and body."))
    status = models.PositiveSmallIntegerField(default=0, help_text=_("0 only inside the transaction that answers."))
    body = models.TextField(blank=True, help_text=_("The answer's JSON as it was sent."))
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="one_request_for_a_key")]

    def __str__(self) -> str:
        return f"{self.key} of {self.user_id}"
