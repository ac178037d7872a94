"""What the subject's page shows of reviews: a proposed failure, signatures, other attempts, deviations."""

from typing import Any

from screening.models import Subject
from screening.proposals import proposed_failure
from screening.queries import latest_assessment
from screening.reviews import signatures_of, standing_in, under_review, why_changed
from screening.states import TRANSITIONS, SubjectState
from sites.viewing import Viewer

S = SubjectState


def review_parts(viewer: Viewer, subject: Subject) -> dict[str, Any]:
    """The context of the templates `screening/review_*.html` on a subject's page."""
    can_fail = S.SCREEN_FAILED in TRANSITIONS[SubjectState(subject.state)]
    enters = viewer.access.may_screen_at(subject.site)
    review = under_review([subject.site]).filter(subject=subject).first()
    return {
        "proposal": proposed_failure(latest_assessment(subject)) if enters and can_fail else None,
        "review": review,
        "review_standing": standing_in(review) if review else None,
        "may_sign": viewer.access.may_sign_at(subject.site),
        "signatures": [(each, void_since(each)) for each in signatures_of(subject)],
        "previous_attempt": subject.previous_attempt,
        "previous_failure": _failure_of(subject.previous_attempt),
        "next_attempt": getattr(subject, "next_attempt", None),
        "may_rescreen": enters and subject.state in {S.SCREEN_FAILED, S.WITHDRAWN} and not subject.first_dose_on,
        "deviations": subject.deviations.select_related("recorded_by"),
        "may_deviate": enters and subject.state != S.PRE_SCREENED,
    }


def void_since(signature: Any) -> str:
    """Why a signature is void: as recorded, or as comparing finds it now; empty while it holds."""
    return str(signature.voiding.why) if hasattr(signature, "voiding") else why_changed(signature)


def _failure_of(previous: Subject | None) -> Any:
    """Why the earlier attempt failed."""
    change = previous.state_changes.order_by("effective_on", "id").last() if previous else None
    return getattr(change, "screen_failure", None) if change else None
