"""A signed record that is changed: its signature becomes void, in the same transaction, and says why."""

from screening.models import Signature, SignatureVoiding, Subject
from screening.reviews import why_changed
from trialops.accounts.models import User


def void_what_changed(subject: Subject, *, by: User | None) -> list[SignatureVoiding]:
    """Void every signature about a subject whose record is no longer what was signed; the subject must be locked."""
    live = Signature.objects.filter(state_change__subject=subject, voiding__isnull=True)
    voided = []
    for signature in live.select_related("state_change__screen_failure", "protocol_version"):
        signature.state_change.subject = subject
        if why := why_changed(signature):
            voided.append(SignatureVoiding.objects.create(signature=signature, why=why, recorded_by=by))
    return voided
