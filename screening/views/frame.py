"""The first lines of every page about a subject: which one, for whom, and what its frame shows."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404

from screening.models import Subject
from screening.queries import subjects_visible
from sites.viewing import Viewer


def subject_or_404(viewer: Viewer, subject_id: UUID) -> Subject:
    """A subject that the person may see; one of another site is as absent as one that does not exist."""
    subject = subjects_visible(viewer.access).filter(pk=subject_id).first()
    if subject is None:
        raise Http404
    return subject


def subject_to_change(viewer: Viewer, subject_id: UUID) -> Subject:
    """The same, for whoever wants to enter something."""
    subject = subject_or_404(viewer, subject_id)
    if not viewer.access.may_screen_at(subject.site):
        raise PermissionDenied
    return subject


def subject_context(subject: Subject) -> dict[str, Any]:
    """What every page about a subject needs for its frame."""
    return {"subject": subject, "site": subject.site, "study": subject.site.study, "section": "studies"}
