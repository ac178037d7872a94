"""The project as an app: its commands, templates and start-up checks."""

from django.apps import AppConfig


class TrialopsConfig(AppConfig):
    name = "trialops"
    verbose_name = "trialops"

    def ready(self) -> None:
        from trialops import checks  # noqa: F401  (registers itself)
