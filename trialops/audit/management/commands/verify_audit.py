"""`manage.py verify_audit`: whether the audit trail is whole, and where not."""

import sys
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from trialops.audit.heads import KeptHead
from trialops.audit.models import Link
from trialops.audit.services import chain_names, heads_kept, verify

SHOWN = 200


class Command(BaseCommand):
    help = (
        "Verify the audit trail: its chains, the signed heads kept outside the database, and the rows as they are now. "
        "Says in words what was edited, deleted, reordered, put in, cut off or made anew; exit status 1 if so."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--study", metavar="ID", help="only this study's chain (default: every chain)")
        parser.add_argument(
            "--heads",
            type=Path,
            metavar="DIR",
            help="the directory of heads (default: AUDIT_HEADS_DIR)",
        )
        parser.add_argument(
            "--public-key", type=Path, metavar="FILE", help="what signatures are held against (default: beside the key)"
        )
        parser.add_argument("--no-rows", action="store_true", help="leave out comparing the rows with their events")

    def handle(self, *args: Any, **options: Any) -> None:
        heads = self._heads(options["heads"], options["public_key"])
        chains = None if options["study"] is None else [_chain(options["study"])]
        rows = not options["no_rows"] and chains is None
        findings = verify(chains=chains, heads=heads, now=timezone.now(), rows=rows)
        if found := list(islice(findings, SHOWN)):
            more = " (there may be more)" if len(found) == SHOWN else ""
            self.stderr.write("\n".join([*found, f"{len(found)} findings{more}."]))
            sys.exit(1)
        links = Link.objects.count() if chains is None else Link.objects.filter(chain__in=chains).count()
        against = f", held against {len(heads)} heads" if heads else "; no heads from outside to hold it against"
        self.stdout.write(f"The audit trail is whole: {links} sealed events{against}.")

    def _heads(self, directory: Path | None, key: Path | None) -> list[KeptHead]:
        if directory is not None and not directory.is_dir():
            raise CommandError(f"{directory} is no directory.")
        directory = directory or settings.AUDIT_HEADS_DIR
        key = key or settings.AUDIT_SIGNING_KEY.with_suffix(".pub")
        if not directory.is_dir():
            return []
        if not key.is_file():
            raise CommandError(f"There is no public key at {key}; name it with --public-key.")
        return heads_kept(directory, key)


def _chain(study: str) -> int:
    numbers = {name: number for number, name in chain_names().items()}
    if study not in numbers:
        raise CommandError(f"There is no study {study!r}; accepted: {', '.join(sorted(numbers))}.")
    return numbers[study]
