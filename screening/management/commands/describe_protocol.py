"""`manage.py describe_protocol`: print a protocol document as a Markdown page."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from screening.criteria import DocumentError
from screening.protocol_page import criteria_page, protocol_page
from screening.protocols import load_protocol


class Command(BaseCommand):
    help = "Print a protocol document as a Markdown page: criteria, readings, facts, boundaries, reminder practice."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "protocol",
            nargs="?",
            default="NCT03464916",
            help="Registry id of a shipped protocol, or a document's path.",
        )
        parser.add_argument(
            "--alone", action="store_true", help="Leave out what is said of criteria and records in general."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            protocol = load_protocol(options["protocol"])
        except DocumentError as error:
            lines = [f"{options['protocol']}: {problem}" for problem in error.problems]
            raise CommandError("\n".join(lines)) from None
        page = protocol_page(protocol) if options["alone"] else criteria_page(protocol)
        self.stdout.write(page, ending="")
