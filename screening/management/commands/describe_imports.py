"""`manage.py describe_imports`: print the documentation's page on importing."""

from typing import Any

from django.core.management.base import BaseCommand

from screening.imports.page import importing_page


class Command(BaseCommand):
    help = "Print the page on importing: shapes of tables, and what FHIR resources are mapped to, as Markdown."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(importing_page(), ending="")
