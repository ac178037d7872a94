"""The first lines of every page about a subject: which one, for whom, and what its frame shows."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from screening.models import Subject
from screening.queries import subjects_visible
from screening.states import ENDED
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
    return {
        "subject": subject,
        "site": subject.site,
        "study": subject.site.study,
        "section": "studies",
        "closed_note": closed_note(subject),
    }


def closed_note(subject: Subject) -> str:
    """What entering something still means for a subject whose screening or study has ended; empty for all others."""
    if subject.state not in ENDED:
        return ""
    return _("%(state)s: recorded for completeness; the verdict no longer decides anything.") % {
        "state": capfirst(subject.get_state_display())
    }
