"""The people who sign in; what each may do stands in sites.Membership."""

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A person (or a service account that only carries API tokens)."""

    email = models.EmailField("e-mail address", blank=True, help_text="Reminders go here.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                models.functions.Lower("email"),
                condition=~models.Q(email=""),
                name="user_email_unique",
                violation_error_message="Another account has this e-mail address.",
            )
        ]

    def __str__(self) -> str:
        return self.get_full_name() or self.username
