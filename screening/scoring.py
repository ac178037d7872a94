"""From a subject and its record to the stored verdict and what follows from it, for one subject and for a pool."""

from datetime import date

from screening.criteria import SubjectRecord, assess
from screening.models import Assessment, Subject
from screening.queries import protocol_of
from screening.states import SubjectState
from trialops.accounts.models import User

S = SubjectState


def assessment_of(
    subject: Subject, record: SubjectRecord, *, as_of: date, by: User | None, facts_digest: str = ""
) -> Assessment:
    """The explained verdict under the subject's own version, not stored yet; `facts_digest` saves making it."""
    outcome = assess(protocol_of(subject.protocol_version), record, as_of=as_of)
    return Assessment(
        subject=subject,
        protocol_version=subject.protocol_version,
        as_of=as_of,
        first_dose=outcome.first_dose,
        verdict=outcome.verdict.value,
        satisfied=outcome.satisfied,
        total=outcome.total,
        earliest_first_dose=outcome.earliest_first_dose,
        result=outcome.as_json(),
        facts_digest=facts_digest or record.digest(),
        recorded_by=by,
    )


def same_verdict(before: Assessment, after: Assessment) -> bool:
    """Whether two assessments agree on every criterion."""

    def verdicts(assessment: Assessment) -> list[tuple[str, str]]:
        return [(item["id"], item["verdict"]) for item in assessment.result["criteria"]]

    return before.verdict == after.verdict and verdicts(before) == verdicts(after)


def following_state(state: str, verdict: str) -> SubjectState | None:
    """The state that a verdict alone brings: in screening and eligible follow it; every other change is a person's."""
    eligible = verdict == Assessment.Verdict.ELIGIBLE
    if state == S.IN_SCREENING and eligible:
        return S.ELIGIBLE
    if state == S.ELIGIBLE and not eligible:
        return S.IN_SCREENING
    return None


def why_followed(verdict: str) -> str:
    """The reason that stands beside such a change."""
    return f"The verdict is {verdict}."
