"""The shape of what the API says about enrollment; explicit field by field."""

from datetime import UTC, datetime
from typing import Any

from rest_framework import serializers

from sites.statuses import SiteStatus


class UtcDayField(serializers.DateField):
    """A point in time, shown as its day in UTC."""

    def to_representation(self, value: datetime) -> str:  # type: ignore[override]
        return value.astimezone(UTC).date().isoformat()


class StateCountsSerializer(serializers.Serializer[Any]):
    """Persons by state; a person counts once per state."""

    pre_screened = serializers.IntegerField(min_value=0, help_text="Identified, screening not begun.")
    in_screening = serializers.IntegerField(min_value=0, help_text="Being screened.")
    eligible = serializers.IntegerField(min_value=0, help_text="All criteria satisfied, not yet enrolled.")
    enrolled = serializers.IntegerField(min_value=0, help_text="Enrolled, first dose not yet given.")
    treated = serializers.IntegerField(min_value=0, help_text="First dose given.")
    completed = serializers.IntegerField(min_value=0, help_text="Finished the study.")
    screen_failed = serializers.IntegerField(min_value=0, help_text="Screening ended because criteria were not met.")
    withdrawn = serializers.IntegerField(min_value=0, help_text="Left screening or the study.")


CURRENTLY = "Persons who are in the state at the end of the site's day so far; each person is in exactly one."
EVER = "Persons who have been in the state at least once, whatever came after."


class StudySerializer(serializers.Serializer[Any]):
    """The study and what was planned for it."""

    registry_id = serializers.CharField(source="study.registry_id")
    title = serializers.CharField(source="study.title")
    status = serializers.ChoiceField(
        choices=SiteStatus.choices,
        help_text="What was declared for the study, else the most open of its sites' statuses.",
    )
    planned_enrollment = serializers.IntegerField(source="study.planned_enrollment", allow_null=True, min_value=0)
    demo = serializers.BooleanField(source="study.is_demo", help_text="True: invented demo data, nothing here is real.")


class TotalsSerializer(serializers.Serializer[Any]):
    """Sums over all sites."""

    target = serializers.IntegerField(
        allow_null=True, min_value=0, help_text="Sum of the sites' targets; null if a site has none."
    )
    currently = StateCountsSerializer(source="totals.current", help_text=CURRENTLY)
    ever = StateCountsSerializer(source="totals.ever", help_text=EVER)


class SiteSerializer(serializers.Serializer[Any]):
    """One site."""

    code = serializers.CharField(source="site.code")
    facility = serializers.CharField(source="site.facility")
    as_of = serializers.DateField(
        source="day", help_text="The day at the site, in its own time zone, for which its figures hold."
    )
    status = serializers.ChoiceField(
        source="status.status",
        choices=SiteStatus.choices,
        allow_null=True,
        help_text="Null: no status has taken effect yet.",
    )
    status_since = serializers.DateField(source="status.since", allow_null=True)
    status_verified_on = serializers.DateField(
        source="status.verified_on",
        allow_null=True,
        help_text="The last day on which somebody made sure of the status; null if never.",
    )
    target = serializers.IntegerField(
        allow_null=True, min_value=0, help_text="Persons the site means to enroll; counts may exceed it."
    )
    currently = StateCountsSerializer(source="current", help_text=CURRENTLY)
    ever = StateCountsSerializer(help_text=EVER)


class EnrollmentSerializer(serializers.Serializer[Any]):
    """Enrollment of a study: totals and per site. Aggregates only."""

    study = StudySerializer(source="*")
    data_version = serializers.IntegerField(
        source="study.data_version", min_value=0, help_text="Rises with every change of the study's data."
    )
    as_of = UtcDayField(help_text="The day in UTC on which this was answered; each site has its own day.")
    totals = TotalsSerializer(source="*")
    sites = SiteSerializer(many=True, help_text="In the order of their codes.")
