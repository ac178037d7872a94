"""The people who sign in."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "trialops.accounts"
    label = "accounts"
