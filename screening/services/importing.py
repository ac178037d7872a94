"""Files of records: stored with what was read of them, committed as a whole or not at all, discarded, purged.

A person's commit is done by a worker: see `screening.services.import_jobs`.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from screening.criteria import parse_record
from screening.imports.drafts import FileRefusedError, is_new
from screening.imports.preview import Correction, Preview, SubjectPlan, preview_of
from screening.imports.reading import read_file
from screening.imports.stored import packed, unpacked
from screening.judging import only_investigators
from screening.models import Import, ImportState, Observation, Source, Subject, Therapy, Toxicity
from screening.models.imports import UNDER_WAY
from screening.queries import catalogue_of, catalogue_of_study, protocol_of, version_in_force
from screening.services.course import plan_first_dose
from screening.services.entry import import_record
from screening.services.facts import AnyFact, add_rows, correct_subject
from screening.services.moves import locked, locked_site
from screening.services.verdicts import facts_changed
from screening.storage import LIST_NAMES, ROW_MAKERS
from sites.access import Access
from sites.models import Site
from sites.queries import site_today
from trialops.accounts.models import User

KEPT_FOR = timedelta(days=14)
"""How long what was read of a file is kept; then its digest and counts alone."""

DECIDED = ("state", "decided_at", "decided_by")
COUNTS = ("subjects_added", "subjects_changed", "facts_added", "facts_corrected", "facts_skipped")
MODELS: dict[str, type[Observation] | type[Therapy] | type[Toxicity]] = {
    name: model for model, name in LIST_NAMES.items()
}


class PreviewChangedError(Exception):
    """What is recorded has changed since the preview that somebody has seen; it has to be seen again."""


@transaction.atomic
def store_import(*, site: Site, data: bytes, screened_on: date, by: User, now: datetime) -> Import:
    """Keep what a file says at a site, waiting for its commit. Raises ValidationError for a file that is refused."""
    today = site_today(site, now)
    if screened_on > today:
        raise ValidationError(
            {
                "screened_on": _("Screening cannot begin in the future; it is %(today)s at %(site)s.")
                % {"today": today, "site": site.code}
            }
        )
    try:
        contents = read_file(data, catalogue_of_study(site.study, now=now))
    except FileRefusedError as error:
        raise ValidationError({"file": str(error)}) from error
    return Import.objects.create(
        site=site,
        format=contents.format,
        digest=hashlib.sha256(data).hexdigest(),
        size=len(data),
        screened_on=screened_on,
        content=packed(contents),
        uploaded_by=by,
    )


@transaction.atomic
def assign_patients(*, pending: Import, assigned: Mapping[int, str], by: User, now: datetime) -> Import:
    """Say which subject each patient of a bundle is: a screening number of the site, or `new`.

    Raises ValidationError by `patient-<index>`; nobody is two patients of one bundle.
    """
    pending = _locked(pending)
    refuse_decided(pending)
    assert pending.content is not None  # noqa: S101  pending ones have it, by constraint and purge
    drafts = unpacked(pending.content).drafts
    known = set(Subject.objects.filter(site=pending.site).values_list("screening_number", flat=True))
    errors: dict[str, str] = {}
    taken: set[str] = set()
    for index, draft in enumerate(drafts):
        name = assigned.get(index, "").strip()
        if draft.subject is not None or not name:
            continue
        if not is_new(name) and name not in known:
            errors[f"patient-{index}"] = f"{pending.site.code} has no such subject; accepted: its number, or new."
        elif name in taken and not is_new(name):
            errors[f"patient-{index}"] = "Two patients of a bundle cannot be the same subject."
        taken.add(name)
    if errors:
        raise ValidationError(errors)
    pending.assigned = {str(index): name.strip() for index, name in assigned.items() if name.strip()}
    pending.save(update_fields=["assigned"])
    return pending


@transaction.atomic
def commit_import(
    *,
    pending: Import,
    shown: str,
    corrections: Collection[str],
    reason: str,
    by: User,
    now: datetime,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> Import:
    """Store everything that the preview with the digest `shown` says, and the corrections chosen; or nothing.

    `tell` hears how many of how many subjects are done. Committed already, it stays as it is. Raises
    PreviewChangedError if the preview is no longer that one, and ValidationError for corrections without a reason, a
    file with mistakes, or new subjects at a site that was not open.
    """
    pending = _locked(pending)
    if pending.state == ImportState.COMMITTED:
        return pending
    if pending.state != ImportState.COMMITTING:
        refuse_decided(pending)
    preview = _preview_under_locks(pending, by=by, now=now)
    chosen = confirmed_corrections(preview, shown=shown, corrections=corrections, reason=reason)
    for done, plan in enumerate(preview.plans):
        tell(done, len(preview.plans))
        _store(pending, plan, chosen, reason=reason.strip(), by=by, now=now)
    pending.state = ImportState.COMMITTED
    pending.decided_at, pending.decided_by = now, by
    pending.reason = reason.strip() if chosen else ""
    pending.subjects_added = preview.new
    pending.subjects_changed = sum(
        plan.subject is not None and (bool(plan.added) or any(one in chosen for one in plan.corrections))
        for plan in preview.plans
    )
    pending.facts_added, pending.facts_corrected = preview.added, len(chosen)
    pending.facts_skipped = preview.skipped + len(preview.corrections) - len(chosen)
    pending.save(update_fields=[*DECIDED, "reason", *COUNTS])
    return pending


def confirmed_corrections(
    preview: Preview, *, shown: str, corrections: Collection[str], reason: str
) -> list[Correction]:
    """The corrections that somebody chose who saw the preview `shown`.

    Raises PreviewChangedError if this is another one, and ValidationError for what cannot be committed.
    """
    if preview.digest != shown:
        raise PreviewChangedError
    if not preview.may_commit:
        raise ValidationError(_("The file has mistakes, or changes nothing; nothing was stored."))
    chosen = [one for one in preview.corrections if one.key in corrections]
    if chosen and not reason.strip():
        raise ValidationError({"reason": _("Say why what is recorded is wrong and the file is right.")})
    return chosen


@transaction.atomic
def discard_import(*, pending: Import, by: User, now: datetime) -> Import:
    """Let a file go that shall not be committed; what was read of it is deleted at once."""
    pending = _locked(pending)
    if pending.state == ImportState.DISCARDED:
        return pending
    refuse_decided(pending)
    pending.state = ImportState.DISCARDED
    pending.decided_at, pending.decided_by = now, by
    pending.content, pending.purged_at = None, now
    pending.save(update_fields=[*DECIDED, "content", "purged_at"])
    return pending


@transaction.atomic
def purge_imports(*, now: datetime) -> int:
    """Delete what was read of files handed in long ago; returns of how many. Twice is as once."""
    old = Import.objects.filter(uploaded_at__lte=now - KEPT_FOR, purged_at=None).exclude(state__in=UNDER_WAY)
    return old.update(content=None, purged_at=now)


def preview_for(pending: Import, *, by: User, now: datetime) -> Preview:
    """The preview as it is for a person: a judgement of a result is a mistake unless they may judge at the site."""
    today = now.date()
    may_judge = Access(user=by, today=today).may_judge_at(pending.site)
    return preview_of(pending, no_judging="" if may_judge else only_investigators(pending.site, today))


def _locked(pending: Import) -> Import:
    return Import.objects.select_for_update(of=("self",)).select_related("site__study").get(pk=pending.pk)


def refuse_decided(pending: Import) -> None:
    """Raises ValidationError unless the file still waits for somebody to confirm its preview."""
    if not pending.is_open:
        raise ValidationError(_("This import is %(state)s already.") % {"state": pending.get_state_display()})
    if pending.content is None:
        raise ValidationError(_("What was read of this file has been deleted since; upload it again."))


def _preview_under_locks(pending: Import, *, by: User, now: datetime) -> Preview:
    """The preview as nobody can change it any more; subjects are locked before the site, as everywhere."""
    preview = preview_for(pending, by=by, now=now)
    subjects = [plan.subject.pk for plan in preview.plans if plan.subject is not None]
    list(Subject.objects.select_for_update().filter(pk__in=subjects).order_by("pk").values_list("pk"))
    if preview.new:
        locked_site(pending.site)
    return preview_for(pending, by=by, now=now)


def _store(
    pending: Import, plan: SubjectPlan, chosen: Collection[Correction], *, reason: str, by: User, now: datetime
) -> None:
    source = Source.FHIR if pending.format == "fhir" else Source.FILE
    if plan.subject is None:
        _store_new(pending, plan, source=source, by=by, now=now)
        return
    corrections = [one for one in plan.corrections if one in chosen]
    if not plan.added and not corrections:
        return
    subject = locked(plan.subject)
    rows = [_row(subject, entry.list_name, entry.raw) for entry in plan.added]
    for one in corrections:
        if one.entry is not None and one.fact is not None:
            row = _row(subject, one.entry.list_name, one.raw)
            row.supersedes_id, row.reason = one.fact.pk, reason
            rows.append(row)
    add_rows(subject, rows, by=by, now=now, source=source, brought_by=pending)
    facts_changed(subject, by=by, now=now)
    _correct_person(subject, corrections, reason=reason, by=by, now=now)


def _store_new(pending: Import, plan: SubjectPlan, *, source: Source, by: User, now: datetime) -> None:
    lists: dict[str, list[object]] = {name: [] for name in MODELS}
    for entry in plan.added:
        lists[entry.list_name].append(entry.raw)
    version = version_in_force(pending.site, pending.screened_on)
    if version is None:
        raise ValidationError(
            _("%(study)s has no published protocol version.") % {"study": pending.site.study.registry_id}
        )
    record = parse_record({**plan.draft.person, **lists}, protocol_of(version).catalogue)
    import_record(
        site=pending.site, record=record, by=by, now=now, screened_on=pending.screened_on, source=source,
        brought_by=pending,
    )  # fmt: skip


def _row(subject: Subject, list_name: str, raw: Mapping[str, object]) -> AnyFact:
    """An unsaved row of an entry, read once more under the subject's own protocol version."""
    record = parse_record({list_name: [dict(raw)]}, catalogue_of(subject))
    row: AnyFact = ROW_MAKERS[MODELS[list_name]](record.as_json()[list_name][0])
    return row


def _correct_person(
    subject: Subject, corrections: Collection[Correction], *, reason: str, by: User, now: datetime
) -> None:
    said = {one.person: one.raw[one.person] for one in corrections if one.person}
    if "sex" in said or "birth_year" in said:
        year = said.get("birth_year", subject.birth_year)
        correct_subject(
            subject=subject, sex=str(said.get("sex", subject.sex)), birth_year=None if year is None else int(year),
            reason=reason, by=by, now=now,
        )  # fmt: skip
    if "first_dose" in said:
        plan_first_dose(subject=subject, on=date.fromisoformat(str(said["first_dose"])), by=by, now=now)
