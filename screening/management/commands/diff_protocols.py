"""`manage.py diff_protocols A B`: what differs between two protocol documents, in words."""

import json
import shutil
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from screening.criteria import DocumentError, Protocol
from screening.criteria.differences import Change, Differences, Fate, differences
from screening.protocols import load_protocol, shipped
from screening.queries import newest_version, protocol_of
from sites.models import Study


class Command(BaseCommand):
    help = (
        "Print what differs between two protocol documents. Each is REGISTRY_ID@VERSION (a stored version, a draft "
        "too), REGISTRY_ID (the version published last; if the study is not stored, the shipped document) or a file."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("before", metavar="A")
        parser.add_argument("after", metavar="B")
        parser.add_argument("--format", choices=("text", "json"), default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        found = differences(_protocol(options["before"]), _protocol(options["after"]))
        if options["format"] == "json":
            self.stdout.write(json.dumps(asdict(found), ensure_ascii=False, indent=2))
            return
        for line in _report(found):
            self.stdout.write(line)


def _protocol(name: str) -> Protocol:
    if Path(name).is_file():
        return _document(name)
    registry_id, at, label = name.partition("@")
    study = Study.objects.filter(registry_id=registry_id).first()
    if study is None and not at and name in shipped():
        return _document(name)
    if study is None:
        known = ", ".join(Study.objects.values_list("registry_id", flat=True)) or "none yet"
        raise CommandError(f"{name}: neither a file nor a study; studies: {known}.")
    version = study.protocol_versions.filter(label=label).first() if at else newest_version(study)
    if version is None:
        labels = ", ".join(study.protocol_versions.order_by("id").values_list("label", flat=True)) or "none yet"
        raise CommandError(f"{name}: there is no such version of {registry_id}; there is: {labels}.")
    return protocol_of(version)


def _document(name: str) -> Protocol:
    try:
        return load_protocol(name)
    except DocumentError as error:
        raise CommandError("\n".join(f"{name}: {problem}" for problem in error.problems)) from None


def _report(found: Differences) -> Iterator[str]:
    if not found:
        yield "No differences."
    yield from _changes(found.head)
    for item in found.criteria:
        yield f"{item.id} {item.title}" + ("" if item.fate is Fate.CHANGED else f" ({item.fate})")
        yield from _changes(item.changes, indent="  ")
    if found.practice:
        yield "Practice for the reminders"
        yield from _changes(found.practice, indent="  ")


def _changes(changes: tuple[Change, ...], indent: str = "") -> Iterator[str]:
    width = max(60, min(140, shutil.get_terminal_size((120, 24)).columns))
    for change in changes:
        yield from textwrap.wrap(str(change), width, initial_indent=indent, subsequent_indent=indent + "    ")
        yield f"{indent}    at {change.path}"
