"""Protocol documents becoming protocol versions: drafted, replaced, discarded, published."""

import logging
from datetime import date, datetime
from pathlib import Path

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from screening.criteria import DocumentError, Problem, Protocol, parse_protocol
from screening.models import ProtocolVersion
from screening.queries import newest_version
from screening.rescoring import start_after_publication
from sites.models import Study
from sites.queries import site_days
from trialops.accounts.models import User

SHIPPED = Path(__file__).parent / "protocols"
logger = logging.getLogger(__name__)


@transaction.atomic
def store_draft(*, study: Study, text: str, by: User, now: datetime) -> ProtocolVersion:
    """Store a protocol document of a study as a draft, under the version label that it names.

    Raises screening.criteria.DocumentError naming every mistake with its path; nothing is stored then.
    """
    protocol = parse_protocol(text)
    study = _locked_study(study)
    _refuse_misplaced(protocol, study)
    return ProtocolVersion.objects.create(study=study, **_drafted(study, protocol, text, by=by, now=now))


@transaction.atomic
def replace_draft(
    *, draft: ProtocolVersion, text: str, by: User, now: datetime, seen: str | None = None
) -> ProtocolVersion:
    """Put another text in a draft's place; the version label may change with it.

    `seen` is the digest of the text that the author began from: if somebody has changed the draft since, nothing is
    stored. Raises DocumentError as store_draft does, ValidationError for what is no longer a draft.
    """
    protocol = parse_protocol(text)
    draft = _locked_draft(draft, seen=seen)
    _refuse_misplaced(protocol, draft.study, instead_of=draft)
    changed = _drafted(draft.study, protocol, text, by=by, now=now)
    for name, value in changed.items():
        setattr(draft, name, value)
    draft.save(update_fields=changed)
    return draft


@transaction.atomic
def discard_draft(*, draft: ProtocolVersion, by: User) -> None:
    """Delete a draft; nothing but drafts can be deleted."""
    draft = _locked_draft(draft)
    logger.info("draft %s of study %s discarded by user %s", draft.pk, draft.study_id, by.pk)
    draft.delete()


@transaction.atomic
def publish_draft(*, draft: ProtocolVersion, by: User, now: datetime, seen: str | None = None) -> ProtocolVersion:
    """Publish a draft: it never changes again, and the version published before it is superseded.

    A study's first version is in force at all its sites at once; a later one at no site before that site takes it up.
    A document that names no day takes effect on the day of its publication. Raises ValidationError for one that would
    take effect before the version that it supersedes, or that has changed since `seen`.
    """
    draft = _locked_draft(draft, seen=seen)
    former = newest_version(draft.study)
    draft.effective_on = _effective_on(draft.study, parse_protocol(draft.document), now)
    if former is not None:
        _refuse_earlier_effect(draft, former)
        former.status = ProtocolVersion.Status.SUPERSEDED
        former.save(update_fields=["status"])
    draft.status = ProtocolVersion.Status.PUBLISHED
    draft.published_at, draft.published_by = now, by
    draft.save(update_fields=["status", "effective_on", "published_at", "published_by"])
    start_after_publication(version=draft, by=by, now=now)
    return draft


@transaction.atomic
def publish_protocol(*, study: Study, text: str, by: User, now: datetime) -> ProtocolVersion:
    """Store and publish a protocol document in one step.

    Publishing the very same document again changes nothing. Raises what store_draft and publish_draft raise.
    """
    protocol = parse_protocol(text)
    study = _locked_study(study)
    earlier = ProtocolVersion.objects.filter(study=study, label=protocol.version, digest=protocol.digest).first()
    if earlier is not None and not earlier.is_draft:
        return earlier
    return publish_draft(draft=earlier or store_draft(study=study, text=text, by=by, now=now), by=by, now=now)


def _drafted(study: Study, protocol: Protocol, text: str, *, by: User, now: datetime) -> dict[str, object]:
    """What a draft takes from its document."""
    return {
        "label": protocol.version,
        "effective_on": _effective_on(study, protocol, now),
        "document": protocol.text,
        "written": text.replace("\r\n", "\n"),
        "digest": protocol.digest,
        "drafted_at": now,
        "drafted_by": by,
    }


def _effective_on(study: Study, protocol: Protocol, now: datetime) -> date:
    """The day that the document names; else today, on the calendar that is furthest behind: all sites can begin."""
    if protocol.effective:
        return date.fromisoformat(protocol.effective)
    return min(site_days(list(study.sites.all()), now).values(), default=now.date())


def _refuse_misplaced(protocol: Protocol, study: Study, *, instead_of: ProtocolVersion | None = None) -> None:
    """Another study's document, or a version label that is taken."""
    problems = []
    if protocol.registry_id != study.registry_id:
        message = f"the document is for {protocol.registry_id}, not for {study.registry_id}"
        problems.append(Problem("registry_id", message))
    other = ProtocolVersion.objects.filter(study=study, label=protocol.version).first()
    if other is not None and other != instead_of:
        why = "exists as a draft already; replace its text" if other.is_draft else "is published, and never changes"
        problems.append(Problem("version", f"version {other.label} {why}; or give this text a version of its own"))
    if problems:
        raise DocumentError(problems)


def _refuse_earlier_effect(draft: ProtocolVersion, former: ProtocolVersion) -> None:
    if draft.effective_on < former.effective_on:
        raise ValidationError(
            _(
                "effective: version %(draft)s would take effect on %(effective_on)s, before version "
                "%(former)s, which it supersedes; accepted: %(earliest)s or later."
            )
            % {
                "draft": draft.label,
                "effective_on": draft.effective_on,
                "former": former.label,
                "earliest": former.effective_on,
            }
        )


def _locked_study(study: Study) -> Study:
    return Study.objects.select_for_update().get(pk=study.pk)


def _locked_draft(draft: ProtocolVersion, *, seen: str | None = None) -> ProtocolVersion:
    """The draft as it is now, its study locked first so that two publications come one after the other."""
    study = _locked_study(draft.study)
    found = ProtocolVersion.objects.select_for_update().filter(pk=draft.pk).first()
    if found is None:
        raise ValidationError(_("Somebody has discarded this draft."))
    if not found.is_draft:
        raise ValidationError(
            _("Version %(found)s is published: it never changes again. Make a new draft instead.")
            % {"found": found.label}
        )
    if seen is not None and seen != found.digest:
        raise ValidationError(_("Somebody has changed this draft since you opened it; reload the page to see it."))
    found.study = study
    return found
