"""A table or bundle on the command line: the same preview and the same commit as on the pages, without questions."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError

from screening.imports.limits import LARGEST_FILE
from screening.imports.preview import Preview
from screening.models import Import
from screening.services.importing import assign_patients, commit_import, discard_import, preview_for, store_import
from sites.models import Site
from sites.queries import site_today
from trialops.accounts.models import User

ZIP = b"PK"
SUFFIXES = frozenset({".csv", ".tsv", ".xlsx", ".xlsm", ".xls"})


def is_whole(path: str) -> bool:
    """Whether a file is a table or a FHIR bundle, which is stored as a whole or not at all."""
    if path == "-":
        return False
    if Path(path).suffix.lower() in SUFFIXES:
        return True
    try:
        with Path(path).open("rb") as file:
            beginning = file.read(4096)
    except (OSError, ValueError):
        return False  # said where the file is read
    return beginning.startswith(ZIP) or b'"resourceType"' in beginning


@dataclass(frozen=True)
class Wishes:
    """What would be chosen on the pages: which subjects the patients are, and whether the file's values win."""

    patients: tuple[str, ...] = ()
    take_corrections: bool = False
    reason: str = ""


def import_whole(
    path: str, *, site: Site, wishes: Wishes, options: dict[str, Any], by: User, now: datetime
) -> tuple[Import, list[str], list[str]]:
    """Hand a file in and commit it. Returns the import, what it did, and what was wrong with it, in lines."""
    with Path(path).open("rb") as file:
        data = file.read(LARGEST_FILE + 1)
    screened_on = options["screened_on"] or site_today(site, now)
    pending = store_import(site=site, data=data, screened_on=screened_on, by=by, now=now)
    if wishes.patients:
        assigned = dict(enumerate(wishes.patients))
        pending = assign_patients(pending=pending, assigned=assigned, by=by, now=now)
    preview = preview_for(pending, by=by, now=now)
    wrong = [str(finding) for finding in preview.findings]
    wrong += [f"{draft.about}: say which subject it is with --patient" for _, draft in preview.unassigned]
    if wrong:
        discard_import(pending=pending, by=by, now=now)
    elif preview.changes_something:
        chosen = [one.key for one in preview.corrections] if wishes.take_corrections else []
        commit_import(
            pending=pending, shown=preview.digest, corrections=chosen, reason=wishes.reason, by=by, now=now
        )  # fmt: skip
    return pending, list(_told(preview, wishes)), wrong


def _told(preview: Preview, wishes: Wishes) -> Iterator[str]:
    for plan in preview.plans:
        yield f"{plan.label}: {len(plan.added)} added, {plan.skipped} there already"
        for one in plan.corrections:
            done = "corrected" if wishes.take_corrections else "recorded otherwise, left as it is"
            yield f"{plan.label}: {one.what} ({one.place}): {one.before} -> {one.after}: {done}"
    for outcome in preview.contents.outcomes:
        if outcome.outcome != "mapped":
            yield f"{outcome.place}: {outcome.resource} {outcome.code}: {outcome.outcome}: {outcome.says}"


def why(error: ValidationError | OSError) -> str:
    """A refusal in one line."""
    return " ".join(error.messages) if isinstance(error, ValidationError) else (error.strerror or str(error))
