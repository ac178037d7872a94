"""`migrate` as the owner role, then the app role's grants; the app itself never owns a table."""

from typing import Any

from django.core.management.commands import migrate

from trialops.db import as_owner, grant_to_app_role


class Command(migrate.Command):
    help = migrate.Command.help + " Runs as the owner role (DATABASE_OWNER_URL) and grants the app role its rights."

    def handle(self, *args: Any, **options: Any) -> None:
        with as_owner(options["database"]) as connection:
            super().handle(*args, **options)
            if not options.get("check_unapplied") and not options.get("plan"):
                grant_to_app_role(connection)
