"""Subjects, their facts, verdicts and reminders."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy


class ScreeningConfig(AppConfig):
    name = "screening"
    verbose_name = gettext_lazy("Screening")

    def ready(self) -> None:
        # models are not ready when this module is imported
        from screening import figures
        from screening.reminders import alarm, receivers
        from screening.reminders.health import for_the_endpoint
        from screening.words import fact_words
        from trialops import health, metrics, names

        receivers.connect()
        post_migrate.connect(note_installation, sender=self)
        health.checks.append(for_the_endpoint)
        names.words.append(fact_words)
        health.beside_the_web.append(alarm.start_watching)
        metrics.readings.append(figures.figures)


def note_installation(**kwargs: Any) -> None:
    """The database knows where it lives from its first migration on."""
    from screening.reminders.quarantine import settle_in  # models are not ready when this module is imported

    settle_in()
