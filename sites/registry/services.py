"""Keeping the registry's record of a study, so that it can be compared with ours at any time."""

import hashlib
import json

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from sites.models import RegistryCopy, Study
from sites.registry.reading import RegistryRecordError, load_registry_json, parse_registry_record
from trialops.accounts.models import User


@transaction.atomic
def keep_registry_copy(*, study: Study, text: bytes, by: User) -> RegistryCopy:
    """Store a record that was downloaded from the registry; the same one again adds nothing.

    Raises ValidationError by field (`file`): every mistake with its path, or another study's record.
    """
    try:
        document = load_registry_json(text)
        record = parse_registry_record(document)
    except RegistryRecordError as error:
        raise ValidationError({"file": error.problems}) from error
    if record.registry_id != study.registry_id:
        raise ValidationError(
            {
                "file": _("This is the record of %(record)s, not of %(study)s.")
                % {"record": record.registry_id, "study": study.registry_id}
            }
        )
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    newest = newest_copy(study)
    if newest is not None and newest.digest == digest:
        return newest
    return RegistryCopy.objects.create(study=study, document=document, digest=digest, recorded_by=by)


def newest_copy(study: Study) -> RegistryCopy | None:
    """The record fetched last, if any."""
    return study.registry_copies.select_related("recorded_by").order_by("-id").first()
