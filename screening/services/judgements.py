"""An investigator's judgement on a laboratory result that the protocol leaves to them."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from screening.criteria import json_text
from screening.models import Observation
from screening.queries import catalogue_of
from screening.services.facts import record_fact
from screening.storage import observation_json
from sites.access import Access
from trialops.accounts.models import User


@transaction.atomic
def judge(
    *,
    observation: Observation,
    clinically_significant: bool | None,
    due_to_myeloma: bool | None,
    reason: str,
    by: User,
    now: datetime,
) -> Observation:
    """Supersede a laboratory result by the same one with the judgement; who and when stand on the new row.

    Raises ValidationError: for anybody but an investigator of the site, without a reason, or for a result that
    somebody has corrected meanwhile; screening.criteria.RecordError for a fact that carries no judgement.
    """
    subject = observation.subject
    if not Access(user=by, today=now.date()).may_judge_at(subject.site):
        raise ValidationError(_("Only an investigator of %(site)s judges a result.") % {"site": subject.site.code})
    judged = (clinically_significant, due_to_myeloma)
    if judged == (observation.clinically_significant, observation.due_to_myeloma):
        raise ValidationError(_("Nothing is changed: the result is judged like this already."))
    raw = json_text.loads(json_text.dumps(observation_json(observation, catalogue_of(subject)[observation.fact])))
    raw |= {"clinically_significant": clinically_significant, "due_to_myeloma": due_to_myeloma}
    row = record_fact(
        subject=subject,
        kind=Observation,
        raw={name: value for name, value in raw.items() if value is not None},
        by=by,
        now=now,
        supersedes=observation,
        reason=reason,
    )
    assert isinstance(row, Observation)  # noqa: S101  tells the type checker
    return row
