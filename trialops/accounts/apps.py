"""The people who sign in."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class AccountsConfig(AppConfig):
    name = "trialops.accounts"
    label = "accounts"
    verbose_name = gettext_lazy("Accounts")

    def ready(self) -> None:
        from trialops.accounts import sessions, sign_in_log  # noqa: F401  (their receivers register themselves)
