"""What the staff API takes and gives; explicit field by field."""

from typing import Any

from rest_framework import serializers

from screening.criteria.catalogue import Catalogue
from screening.models import Observation, Sex, Therapy, Toxicity
from screening.states import SubjectState
from screening.storage import Json, observation_json, therapy_json, toxicity_json
from sites.statuses import SiteStatus

KINDS: dict[str, type[Observation] | type[Therapy] | type[Toxicity]] = {
    "observation": Observation,
    "therapy": Therapy,
    "toxicity": Toxicity,
}
KIND_CHOICES = [(name, name) for name in KINDS]
AnyFact = Observation | Therapy | Toxicity
Day = serializers.DateField


def _row_kind(row: AnyFact) -> str:
    return next(name for name, model in KINDS.items() if isinstance(row, model))


# Sites


class StaffSiteShape(serializers.Serializer[Any]):
    """A site, with its status on its own calendar day."""

    study = serializers.CharField(source="site.study.registry_id")
    code = serializers.CharField(source="site.code")
    facility = serializers.CharField(source="site.facility")
    time_zone = serializers.CharField(source="site.time_zone")
    target = serializers.IntegerField(source="site.target", allow_null=True, min_value=0)
    as_of = Day(source="day")
    status = serializers.ChoiceField(source="status.status", choices=SiteStatus.choices, allow_null=True)
    status_since = Day(source="status.since", allow_null=True)
    status_verified_on = Day(source="status.verified_on", allow_null=True)


class StatusChangeShape(serializers.Serializer[Any]):
    """One entry of a site's status history; `superseded_by` names the entry that corrects it."""

    id = serializers.IntegerField()
    status = serializers.ChoiceField(choices=SiteStatus.choices)
    effective_on = Day()
    reason = serializers.CharField(allow_blank=True)
    supersedes = serializers.IntegerField(source="supersedes_id", allow_null=True)
    recorded_at = serializers.DateTimeField()
    recorded_by = serializers.CharField()


class NewStatusShape(serializers.Serializer[Any]):
    """A status, from which day, and why."""

    status = serializers.ChoiceField(choices=SiteStatus.choices)
    effective_on = Day(help_text="The day at the site from which it holds.")
    reason = serializers.CharField(required=False, default="", allow_blank=True, max_length=2000)
    corrects = serializers.IntegerField(
        required=False, allow_null=True, default=None, help_text="The id of the entry that this one corrects."
    )


class VerificationShape(serializers.Serializer[Any]):
    """Somebody made sure of a site's status."""

    verified_on = Day(required=False, allow_null=True, default=None, help_text="Default: today at the site.")


# Subjects


class SubjectShape(serializers.Serializer[Any]):
    """A subject and where it stands."""

    id = serializers.UUIDField()
    screening_number = serializers.CharField()
    study = serializers.CharField(source="site.study.registry_id")
    site = serializers.CharField(source="site.code")
    state = serializers.ChoiceField(choices=SubjectState.choices)
    sex = serializers.ChoiceField(choices=Sex.choices, allow_blank=True)
    birth_year = serializers.IntegerField(allow_null=True)
    protocol_version = serializers.CharField(source="protocol_version.label")
    planned_first_dose = Day(allow_null=True)
    first_dose_on = Day(allow_null=True)
    verdict = serializers.CharField(source="latest_verdict", allow_null=True, help_text="Of the newest assessment.")
    earliest_first_dose = Day(source="latest_earliest_first_dose", allow_null=True)


class NewSubjectShape(serializers.Serializer[Any]):
    """A subject taken into screening under the site's next screening number."""

    sex = serializers.ChoiceField(choices=Sex.choices, required=False, default="", allow_blank=True)
    birth_year = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1900, max_value=2100)
    planned_first_dose = Day(required=False, allow_null=True, default=None)
    screened_on = Day(required=False, allow_null=True, default=None, help_text="Default: today at the site.")


class PlanShape(serializers.Serializer[Any]):
    """The planned day of the first dose; null clears it."""

    planned_first_dose = Day(allow_null=True)


class FactShape(serializers.Serializer[Any]):
    """One fact as it is recorded; `entry` is an entry of the record format (docs/criteria.md)."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=KIND_CHOICES)
    entry = serializers.DictField()
    supersedes = serializers.IntegerField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    retracted = serializers.BooleanField()
    source = serializers.CharField()  # type: ignore[assignment]  # the entry's source, not the field's
    recorded_at = serializers.DateTimeField()
    recorded_by = serializers.CharField()


class NewFactShape(serializers.Serializer[Any]):
    """A fact to record, or with `corrects` and `reason` what an earlier one should have said."""

    kind = serializers.ChoiceField(choices=KIND_CHOICES)
    entry = serializers.DictField(help_text="As in the record format; numbers are kept as written.")
    corrects = serializers.IntegerField(required=False, allow_null=True, default=None)
    reason = serializers.CharField(required=False, default="", allow_blank=True, max_length=2000)


class RetractionShape(serializers.Serializer[Any]):
    """A fact taken back that should never have been recorded."""

    kind = serializers.ChoiceField(choices=KIND_CHOICES)
    fact = serializers.IntegerField(help_text="The fact's id.")
    reason = serializers.CharField(max_length=2000)


class AssessmentShape(serializers.Serializer[Any]):
    """A stored verdict; `result` has each criterion with its reason, and the windows."""

    id = serializers.IntegerField()
    protocol_version = serializers.CharField(source="protocol_version.label")
    as_of = Day()
    first_dose = Day()
    verdict = serializers.CharField()
    satisfied = serializers.IntegerField()
    total = serializers.IntegerField()
    earliest_first_dose = Day(allow_null=True)
    facts_digest = serializers.CharField()
    recorded_at = serializers.DateTimeField()
    result = serializers.DictField()


class ReminderShape(serializers.Serializer[Any]):
    """A reminder: what is due, in which window, and what became of it."""

    id = serializers.UUIDField()
    study = serializers.CharField(source="site.study.registry_id")
    site = serializers.CharField(source="site.code")
    subject = serializers.CharField(source="subject.screening_number", allow_null=True, default=None)
    rule = serializers.CharField()
    summary = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # the entry's source, not the field's
    window_from = Day()
    window_to = Day()
    due_at = serializers.DateTimeField()
    urgent = serializers.BooleanField()
    state = serializers.CharField()
    why = serializers.CharField(allow_blank=True)


def fact_json(row: AnyFact, catalogue: Catalogue) -> Json:
    """A stored fact in the shape above."""
    written: Json = {
        "id": row.pk,
        "kind": _row_kind(row),
        "entry": _entry(row, catalogue),
        "supersedes": row.supersedes_id,
        "reason": row.reason,
        "retracted": row.retracted,
        "source": row.source,
        "recorded_at": row.recorded_at,
        "recorded_by": str(row.recorded_by),
    }
    return dict(FactShape(written).data)


def _entry(row: AnyFact, catalogue: Catalogue) -> Json:
    """The row in the record format; the value of a fact that the subject's version does not know stays text."""
    if isinstance(row, Therapy):
        return therapy_json(row)
    if isinstance(row, Toxicity):
        return toxicity_json(row)
    if row.fact not in catalogue:
        return {"fact": row.fact, "value": row.value, "unit": row.unit, "on": row.on}
    return observation_json(row, catalogue[row.fact])
