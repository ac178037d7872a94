"""The people who sign in."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "trialops.accounts"
    label = "accounts"

    def ready(self) -> None:
        from trialops.accounts import sessions  # noqa: F401  (its receiver registers itself)
