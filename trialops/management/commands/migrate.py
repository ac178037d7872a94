"""`migrate` as the owner role, then the app role's grants; the app itself never owns a table."""

from typing import Any

from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.commands import migrate
from django.db import OperationalError
from psycopg.errors import LockNotAvailable

from trialops import row_security
from trialops.api.token_function import install_token_function
from trialops.audit.recording import install_recording
from trialops.audit.sealing_guard import install_sealing_guard
from trialops.db import as_owner, grant_to_app_role, refuse_ignored_triggers


class Command(migrate.Command):
    help = migrate.Command.help + " Runs as the owner role (DATABASE_OWNER_URL) and grants the app role its rights."

    def execute(self, *args: Any, **options: Any) -> str | None:
        """As the owner from the first look at the database on: the app role may not exist yet."""
        try:
            return self.migrate(*args, **options)
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
            raise CommandError(
                f"Somebody held a lock for longer than {settings.MIGRATION_LOCK_TIMEOUT}, and this migration gave way "
                "to them. The ones before it are applied, of this one nothing. Run migrate again, at a quieter time, "
                "or with a longer MIGRATION_LOCK_TIMEOUT."
            ) from error

    def migrate(self, *args: Any, **options: Any) -> str | None:
        with as_owner(options["database"], lock_timeout=settings.MIGRATION_LOCK_TIMEOUT) as connection:
            result: str | None = super().execute(*args, **options)
            if not options.get("check_unapplied") and not options.get("plan"):
                call_command("createcachetable", verbosity=0)
                refuse_ignored_triggers(connection)
                install_token_function(connection)
                grant_to_app_role(connection)
                row_security.install(connection)
                install_recording(connection)
                install_sealing_guard(connection)
        return result
