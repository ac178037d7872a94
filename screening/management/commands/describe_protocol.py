"""`manage.py describe_protocol`: print a protocol document as a Markdown page."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from screening.criteria import DocumentError, parse_protocol
from screening.protocol_page import protocol_page
from screening.publishing import SHIPPED


class Command(BaseCommand):
    help = "Print a protocol document as a Markdown page: criteria, readings, facts, reminder practice."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("protocol", nargs="?", default="NCT03464916", help="Registry id of a shipped protocol.")

    def handle(self, *args: Any, **options: Any) -> None:
        path = SHIPPED / f"{options['protocol']}.yaml"
        if not path.is_file():
            shipped = ", ".join(sorted(p.stem for p in SHIPPED.glob("*.yaml")))
            raise CommandError(f"There is no protocol {options['protocol']}; shipped: {shipped}.")
        try:
            self.stdout.write(protocol_page(parse_protocol(path.read_text(encoding="utf-8"))), ending="")
        except DocumentError as error:
            raise CommandError(str(error)) from error
