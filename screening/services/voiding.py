"""A signed record that is changed: its signature becomes void, in the same transaction, and says why."""

from django.db import transaction
from django.db.models import QuerySet

from screening.models import Signature, SignatureVoiding, Subject
from screening.reviews import why_changed
from screening.services.moves import locked
from trialops.accounts.models import User
from trialops.language import record_language


def void_what_changed(subject: Subject, *, by: User | None) -> list[SignatureVoiding]:
    """Void every signature about a subject whose record is no longer what was signed; the subject must be locked."""
    live = Signature.objects.filter(state_change__subject=subject, voiding__isnull=True)
    voided = []
    for signature in live.select_related("state_change__screen_failure", "protocol_version"):
        signature.state_change.subject = subject
        with record_language():
            why = why_changed(signature)
        if why:
            voided.append(SignatureVoiding.objects.create(signature=signature, why=why, recorded_by=by))
    return voided


def verify_signatures(subjects: QuerySet[Subject]) -> tuple[int, list[SignatureVoiding]]:
    """Compare the signatures of each subject in a transaction of its own: how many subjects, and what became void.

    It finds what was changed around the services. Running it twice equals running it once.
    """
    signed = subjects.filter(state_changes__signatures__voiding__isnull=True, state_changes__signatures__isnull=False)
    found = list(signed.distinct().order_by("pk"))
    voided: list[SignatureVoiding] = []
    for subject in found:
        with transaction.atomic():
            voided += void_what_changed(locked(subject), by=None)
    return len(found), voided
