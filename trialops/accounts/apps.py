"""The people who sign in."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "trialops.accounts"
    label = "accounts"

    def ready(self) -> None:
        from trialops.accounts import sessions, sign_in_log  # noqa: F401  (their receivers register themselves)
