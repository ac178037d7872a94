"""`manage.py issue_token`: make a token that reads one study's counts, shown once."""

import shlex
from argparse import ArgumentTypeError
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from sites.models import ApiResource, ApiToken, Study
from sites.services import issue_token

LONGEST_DAYS = 3650


class Command(BaseCommand):
    help = (
        "Issue an API token that reads aggregates of one study and nothing else. The token alone is printed "
        "on standard output, once; only its digest is stored. Revoke it in the admin."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--study", required=True, metavar="REGISTRY_ID", help="For instance NCT03464916.")
        parser.add_argument("--name", required=True, type=_name, help="Who will use it; unique in the study.")
        parser.add_argument(
            "--resources",
            type=_resources,
            metavar="LIST",
            help=f"What it may read, separated by commas (default: all of {', '.join(ApiResource.values)}).",
        )
        parser.add_argument(
            "--expires-days", type=_days, metavar="N", help="Valid for N days (default: until it is revoked)."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        studies = {study.registry_id: study for study in Study.objects.all()}
        study = studies.get(options["study"])
        if study is None:
            known = ", ".join(studies) or "none yet, see manage.py load_study"
            raise CommandError(f"--study: there is no study {options['study']!r}; accepted: {known}.")
        name, days = options["name"], options["expires_days"]
        try:
            token, text = issue_token(study=study, name=name, expires_in_days=days, resources=options["resources"])
        except ValidationError as error:
            raise CommandError(f"--name: {' '.join(error.messages)}") from error
        until = f"until {token.expiry:%Y-%m-%d %H:%M} UTC" if token.expiry else "until it is revoked"
        address = f"{settings.BASE_URL}/api/v1/studies/{study.registry_id}/enrollment/"
        self.stderr.write(
            f"Token {name!r} reads {', '.join(token.resources)} of {study.registry_id} {until}. It is shown "
            f"only now; keep it like a password. Try it:\n"
            f"  curl -H {shlex.quote(f'Authorization: Bearer {text}')} {shlex.quote(address)}\n"
        )
        self.stdout.write(text)


def _name(value: str) -> str:
    longest = ApiToken._meta.get_field("name").max_length or 0
    value = value.strip()
    if not value or len(value) > longest or not value.isprintable():
        raise ArgumentTypeError(f"must be 1 to {longest} printable characters, for instance 'sponsor dashboard'")
    return value


def _resources(value: str) -> list[str]:
    names = [name.strip() for name in value.split(",")]
    if unknown := [name for name in names if name not in ApiResource.values]:
        raise ArgumentTypeError(f"accepted: {', '.join(ApiResource.values)}, not {', '.join(unknown)}")
    return names


def _days(value: str) -> int:
    try:
        days = int(value)
    except ValueError:
        days = 0
    if not 1 <= days <= LONGEST_DAYS:
        raise ArgumentTypeError(f"must be a whole number of days from 1 to {LONGEST_DAYS}, not {value!r}")
    return days
