"""`manage.py verify_audit_export FILE`: whether an exported file is a true copy of the audit trail."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from trialops.audit.export import Compared, UnreadableExportError, compare, read

SHOWN = 200


class Command(BaseCommand):
    help = (
        "Read an exported file (-: standard input) back and hold each row against the trail; exit status 1 if unlike."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        compared = Compared()
        try:
            with _opened(options["file"]) as (file, form):
                for said in compare(read(file, form), compared):
                    if compared.differences <= SHOWN:
                        self.stderr.write(said)
        except UnreadableExportError as error:
            raise CommandError(f"{options['file']} cannot be read as an export: {error}.") from error
        except UnicodeDecodeError as error:
            raise CommandError(f"{options['file']} is not in UTF-8: {error}.") from error
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be opened: {error.strerror}.") from error
        self.stdout.write(f"{compared.rows} rows read back, {compared.differences} differences.")
        if compared.differences:
            sys.exit(1)


@contextmanager
def _opened(name: str) -> Iterator[tuple[IO[str], str]]:
    """The file as text with its line ends kept, and which of the two forms it has."""
    with open(sys.stdin.fileno() if name == "-" else name, "rb") as raw:  # noqa: PTH123  a number is no path
        form = "json" if raw.peek(1)[:1] == b"[" else "csv"
        yield io.TextIOWrapper(raw, encoding="utf-8", newline=""), form
