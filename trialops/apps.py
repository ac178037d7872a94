"""The project as an app: its commands, templates and start-up checks."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created


class TrialopsConfig(AppConfig):
    name = "trialops"
    verbose_name = "trialops"

    def ready(self) -> None:
        from trialops import checks  # noqa: F401  (registers itself)
        from trialops.metrics import count_sign_ins
        from trialops.names import translate_names
        from trialops.scope import watch_connection

        translate_names()
        connection_created.connect(watch_connection, dispatch_uid="scope")
        count_sign_ins()
