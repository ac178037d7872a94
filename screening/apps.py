"""Subjects, their facts, verdicts and reminders."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class ScreeningConfig(AppConfig):
    name = "screening"
    verbose_name = gettext_lazy("Screening")

    def ready(self) -> None:
        # models are not ready when this module is imported
        from screening.reminders import alarm, receivers
        from screening.reminders.health import for_the_endpoint
        from screening.words import fact_words
        from trialops import health, names

        receivers.connect()
        health.checks.append(for_the_endpoint)
        names.words.append(fact_words)
        health.beside_the_web.append(alarm.start_watching)
