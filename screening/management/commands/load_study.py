"""`manage.py load_study`: set a study up from its documents: sites, investigators, status, protocol."""

from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from screening.criteria import DocumentError
from screening.publishing import SHIPPED, publish_protocol
from sites.study_document import StudyDocumentError, read_study_document, store_study
from trialops.accounts.models import User


class Command(BaseCommand):
    help = "Create or update a study with its sites, and publish its protocol document."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "source", help="A shipped study's registry id (NCT03464916) or the path of a study document."
        )
        parser.add_argument(
            "--protocol", help="Path of the protocol document (default: the shipped one of this study)."
        )
        parser.add_argument("--by", required=True, metavar="USERNAME", help="Who loads it; stands in the history.")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        by = User.objects.filter(username=options["by"]).first()
        if by is None:
            raise CommandError(f"There is no user “{options['by']}”; make one with manage.py createsuperuser.")
        now = timezone.now()
        try:
            study = store_study(read_study_document(options["source"]), by=by, today=now.date())
            path = Path(options["protocol"] or SHIPPED / f"{study.registry_id}.yaml")
            if options["protocol"] or path.is_file():
                version = publish_protocol(study=study, text=path.read_text(encoding="utf-8"), by=by, now=now)
                self.stdout.write(f"Protocol version {version.label} of {study.registry_id} is published.")
        except (StudyDocumentError, DocumentError) as error:
            raise CommandError(f"{error}\nNothing was stored.") from error
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{options['protocol']}: {error}") from error
        codes = ", ".join(study.sites.values_list("code", flat=True))
        self.stdout.write(self.style.SUCCESS(f"{study.registry_id} is set up with the sites {codes}."))
