"""Protocol documents becoming protocol versions: stored, published, superseded."""

from datetime import date, datetime
from pathlib import Path

from django.core.exceptions import ValidationError
from django.db import transaction

from screening.criteria import parse_protocol
from screening.models import ProtocolVersion
from sites.models import Study
from trialops.accounts.models import User

SHIPPED = Path(__file__).parent / "protocols"


@transaction.atomic
def publish_protocol(*, study: Study, text: str, by: User, now: datetime) -> ProtocolVersion:
    """Publish a protocol document for a study; the version published before is superseded.

    Publishing the very same document again changes nothing. Raises screening.criteria.DocumentError for a document
    with mistakes, ValidationError for another study's document or a label that is taken.
    """
    protocol = parse_protocol(text)
    study = Study.objects.select_for_update().get(pk=study.pk)
    if protocol.registry_id != study.registry_id:
        raise ValidationError(f"This document is for {protocol.registry_id}, not for {study.registry_id}.")
    earlier = ProtocolVersion.objects.filter(study=study, label=protocol.version).first()
    if earlier is not None and earlier.digest == protocol.digest:
        return earlier
    if earlier is not None:
        raise ValidationError(
            f"Version {protocol.version} of {study.registry_id} is published with another text; a published version "
            "never changes; give the new text a new version label."
        )
    ProtocolVersion.objects.filter(study=study, status=ProtocolVersion.Status.PUBLISHED).update(
        status=ProtocolVersion.Status.SUPERSEDED
    )
    return ProtocolVersion.objects.create(
        study=study,
        label=protocol.version,
        status=ProtocolVersion.Status.PUBLISHED,
        effective_on=date.fromisoformat(protocol.effective) if protocol.effective else now.date(),
        document=protocol.text,
        digest=protocol.digest,
        published_at=now,
        published_by=by,
    )
