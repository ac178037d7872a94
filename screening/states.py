"""A subject's states and which may follow which."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SubjectState(models.TextChoices):
    """Where a subject stands in the study."""

    PRE_SCREENED = "pre_screened", _("pre-screened")
    IN_SCREENING = "in_screening", _("in screening")
    ELIGIBLE = "eligible", _("eligible")
    ENROLLED = "enrolled", _("enrolled")
    TREATED = "treated", _("treated")
    COMPLETED = "completed", _("completed")
    SCREEN_FAILED = "screen_failed", _("screen failed")
    WITHDRAWN = "withdrawn", _("withdrawn")


S = SubjectState

TRANSITIONS: dict[SubjectState, frozenset[SubjectState]] = {
    S.PRE_SCREENED: frozenset({S.IN_SCREENING, S.SCREEN_FAILED, S.WITHDRAWN}),
    S.IN_SCREENING: frozenset({S.ELIGIBLE, S.SCREEN_FAILED, S.WITHDRAWN}),
    S.ELIGIBLE: frozenset({S.IN_SCREENING, S.ENROLLED, S.SCREEN_FAILED, S.WITHDRAWN}),
    S.ENROLLED: frozenset({S.TREATED, S.WITHDRAWN}),
    S.TREATED: frozenset({S.COMPLETED, S.WITHDRAWN}),
    S.COMPLETED: frozenset(),
    S.SCREEN_FAILED: frozenset({S.IN_SCREENING}),
    S.WITHDRAWN: frozenset(),
}
"""Which state may follow which; the database refuses what is not in this table."""

BEFORE_DOSE = frozenset({S.PRE_SCREENED, S.IN_SCREENING, S.ELIGIBLE, S.ENROLLED})
"""States in which the first dose still lies ahead."""

SCORED = frozenset({S.PRE_SCREENED, S.IN_SCREENING, S.ELIGIBLE})
"""States in which a verdict still decides something."""

IN_STUDY_AFTER_DOSE = frozenset({S.TREATED})
"""States in which reminders after the dose are due."""

CONSENTED = frozenset({S.IN_SCREENING, S.ELIGIBLE, S.ENROLLED, S.TREATED})
"""States in which a subject has consented to a protocol version and can consent to a later one."""

ENDED = frozenset({S.COMPLETED, S.SCREEN_FAILED, S.WITHDRAWN})
"""States in which the verdict no longer decides anything; of them only a failure not confirmed can be withdrawn."""

REVIEWED = frozenset({S.SCREEN_FAILED, S.ELIGIBLE})
"""States that the principal investigator reviews and signs."""

ENROLLED_ONCE = frozenset({S.ENROLLED, S.TREATED, S.COMPLETED})
"""States that follow an enrollment."""
