"""Subjects, their facts, verdicts and reminders."""

from django.apps import AppConfig


class ScreeningConfig(AppConfig):
    name = "screening"
    verbose_name = "Screening"

    def ready(self) -> None:
        from screening.reminders import receivers  # models are not ready when this module is imported

        receivers.connect()
