"""`manage.py protocol_schema`: print the JSON Schema of protocol documents, for editors and other programs."""

import json
from typing import Any

from django.core.management.base import BaseCommand

from screening.criteria.schema import document_schema


class Command(BaseCommand):
    help = "Print the JSON Schema (draft 2020-12) of protocol documents."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(json.dumps(document_schema(), indent=2, ensure_ascii=False))
