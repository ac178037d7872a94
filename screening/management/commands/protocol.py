"""`manage.py protocol list|draft|discard|publish|adopt`: amend a study's protocol from the command line."""

import sys
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from screening import adoption, publishing
from screening.criteria import DocumentError, parse_protocol
from screening.management.choices import chosen_person, chosen_study, day_argument, in_one_line
from screening.models import ProtocolVersion
from screening.protocols import LARGEST
from screening.queries import VersionOverview, version_overviews
from sites.models import Study
from sites.queries import site_today


class Command(BaseCommand):
    help = "List a study's protocol versions; store, discard or publish a draft; let a site take an amendment up."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
        listing = actions.add_parser("list", help="every version: status, where it is in force, subjects under it")
        draft = actions.add_parser("draft", help="store a document as a draft, in place of a draft of its version")
        draft.add_argument("file", metavar="FILE", help="YAML or JSON; - is standard input")
        discard = actions.add_parser("discard", help="delete a draft")
        publish = actions.add_parser("publish", help="publish a draft; it never changes again")
        adopt = actions.add_parser("adopt", help="let a site take a published amendment up")
        adopt.add_argument("site", metavar="SITE", help="the site's code, for instance JAX")
        for action in (discard, publish, adopt):
            action.add_argument("version", metavar="VERSION", help="the version's label")
        adopt.add_argument("--approval", required=True, metavar="REFERENCE", help="the review board's reference")
        adopt.add_argument("--approved-on", required=True, type=day_argument, metavar="DATE")
        adopt.add_argument(
            "--effective-on", type=day_argument, metavar="DATE", help="first day at the site (default: today there)"
        )
        for action in (listing, draft, discard, publish, adopt):
            action.add_argument("--study", metavar="REGISTRY_ID", help="default: the only study there is")
        for action in (draft, discard, publish, adopt):
            action.add_argument("--by", metavar="USERNAME", help="who does it (default: the only study manager)")

    def handle(self, *args: Any, **options: Any) -> None:
        study = chosen_study(options["study"])
        try:
            getattr(self, f"_{options['action']}")(study, options)
        except DocumentError as error:
            lines = "\n".join(f"{options['file']}: {problem}" for problem in error.problems)
            raise CommandError(f"{lines}\nNothing was stored.") from None
        except ValidationError as error:
            raise CommandError(in_one_line(error)) from None

    def _list(self, study: Study, options: dict[str, Any]) -> None:
        overviews = version_overviews(study, now=timezone.now())
        if not overviews:
            self.stdout.write(f"{study.registry_id} has no protocol version yet.")
        for overview in overviews:
            self.stdout.write(_line(overview))

    def _draft(self, study: Study, options: dict[str, Any]) -> None:
        by, now = chosen_person(study, options["by"]), timezone.now()
        text = _text(options["file"])
        label = parse_protocol(text).version
        earlier = study.protocol_versions.filter(label=label, status=ProtocolVersion.Status.DRAFT).first()
        if earlier is None:
            draft = publishing.store_draft(study=study, text=text, by=by, now=now)
        else:
            draft = publishing.replace_draft(draft=earlier, text=text, by=by, now=now)
        self._done(f"Draft of version {draft.label} of {study.registry_id} is stored{' anew' if earlier else ''}.")

    def _discard(self, study: Study, options: dict[str, Any]) -> None:
        draft = _version(study, options["version"])
        publishing.discard_draft(draft=draft, by=chosen_person(study, options["by"]))
        self._done(f"Draft of version {options['version']} of {study.registry_id} is discarded.")

    def _publish(self, study: Study, options: dict[str, Any]) -> None:
        by = chosen_person(study, options["by"])
        draft = _version(study, options["version"])
        version = publishing.publish_draft(draft=draft, by=by, now=timezone.now())
        self._done(f"Version {version.label} of {study.registry_id} is published.")

    def _adopt(self, study: Study, options: dict[str, Any]) -> None:
        sites = {site.code: site for site in study.sites.all()}
        if options["site"] not in sites:
            accepted = ", ".join(sites) or "none yet"
            raise CommandError(f"{study.registry_id} has no site {options['site']}; accepted: {accepted}.")
        site, now = sites[options["site"]], timezone.now()
        entry = adoption.adopt_version(
            site=site,
            version=_version(study, options["version"]),
            effective_on=options["effective_on"] or site_today(site, now),
            approved_on=options["approved_on"],
            approval=options["approval"],
            by=chosen_person(study, options["by"]),
            now=now,
        )
        self._done(f"{site.code} takes up version {entry.protocol_version.label} from {entry.effective_on}.")

    def _done(self, said: str) -> None:
        self.stdout.write(self.style.SUCCESS(said))


def _line(overview: VersionOverview) -> str:
    version = overview.version
    sites = ", ".join(site.code for site in overview.in_force_at)
    parts = [f"{version.label}  {version.status}"]
    if not version.is_draft:
        parts += [f"in force at {sites}" if sites else "in force at no site"]
        parts += [f"{row.site.code} takes it up on {row.effective_on}" for row in overview.announced]
        parts += [f"{overview.subjects} subject{'' if overview.subjects == 1 else 's'}"]
    return "; ".join([*parts, f"effective {version.effective_on}"])


def _version(study: Study, label: str) -> ProtocolVersion:
    version = study.protocol_versions.filter(label=label).first()
    if version is None:
        known = ", ".join(study.protocol_versions.order_by("id").values_list("label", flat=True)) or "none yet"
        raise CommandError(f"{study.registry_id} has no protocol version {label}; there is: {known}.")
    return version


def _text(name: str) -> str:
    """A document's text. Raises CommandError where it cannot be read."""
    try:
        content = sys.stdin.buffer.read(LARGEST + 1) if name == "-" else _bytes(Path(name))
        return content.decode()
    except UnicodeDecodeError as error:
        raise CommandError(f"{name}: not UTF-8 text at position {error.start}.") from None
    except (OSError, ValueError) as error:
        raise CommandError(f"{name}: {getattr(error, 'strerror', None) or error}.") from None


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST + 1)
