"""Subjects, their facts, verdicts and reminders."""

from django.apps import AppConfig


class ScreeningConfig(AppConfig):
    name = "screening"
    verbose_name = "Screening"

    def ready(self) -> None:
        # models are not ready when this module is imported
        from screening.reminders import alarm, receivers
        from screening.reminders.health import for_the_endpoint
        from trialops import health

        receivers.connect()
        health.checks.append(for_the_endpoint)
        health.beside_the_web.append(alarm.start_watching)
