"""The shape of what the API says about enrollment; explicit field by field."""

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from rest_framework import serializers

from dashboards.outlook import Basis
from sites.models import StudyChange
from sites.statuses import SiteStatus

DIGITS = 4


def rounded(value: Fraction) -> float:
    """A rate as it is shown; exact until here, so that the same data give the same digits."""
    return float(round(value, DIGITS))


class RateField(serializers.FloatField):
    """A fraction, shown with four decimals."""

    def to_representation(self, value: Fraction) -> float:  # type: ignore[override]
        return rounded(value)


class UtcTimeField(serializers.DateTimeField):
    """A point in time in UTC, to the second or finer if it was asked for so."""

    def to_representation(self, value: datetime) -> str:
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


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


class RatesSerializer(serializers.Serializer[Any]):
    """Persons enrolled a month."""

    last_3_months = RateField(source="recent_rate", help_text="Of the three months up to the day.")
    overall = RateField(
        source="overall_rate",
        allow_null=True,
        help_text="Since the first person came into screening, at least over one month; null before that.",
    )


class ForecastSerializer(serializers.Serializer[Any]):
    """When the target is reached if persons go on being enrolled at the same rate."""

    reached_on = serializers.DateField(allow_null=True)
    basis = serializers.ChoiceField(
        choices=[(basis.value, basis.value) for basis in Basis],
        help_text="The rate that was used, or why there is no forecast.",
    )


FAIL_RATE = "Screen failures among the persons whose screening has ended in a failure or in enrollment; null before."
FIRST_IN = "The first day on which a person came into screening."
LAST_IN = "The last day on which a person came into screening."
NO_HISTORY = "null with known_at, since it has no history."


class StudySerializer(serializers.Serializer[Any]):
    """The study and what was planned for it."""

    registry_id = serializers.CharField(source="study.study.registry_id")
    title = serializers.SerializerMethodField(help_text=f"{NO_HISTORY}")
    status = serializers.ChoiceField(
        source="study.status",
        choices=SiteStatus.choices,
        help_text="What was declared for the study, else the most open of its sites' statuses; with as_of always that.",
    )
    planned_enrollment = serializers.IntegerField(
        source="study.study.planned_enrollment", allow_null=True, min_value=0, help_text=f"Also {NO_HISTORY}"
    )
    demo = serializers.BooleanField(
        source="study.study.is_demo", help_text="True: invented demo data, nothing here is real."
    )

    def get_title(self, figures: Any) -> str | None:
        return figures.study.study.title if figures.is_present else None


class TotalsSerializer(serializers.Serializer[Any]):
    """Sums over all sites."""

    target = serializers.IntegerField(
        source="study.target",
        allow_null=True,
        min_value=0,
        help_text="Sum of the sites' targets; null if a site has none.",
    )
    currently = StateCountsSerializer(source="study.totals.current", help_text=CURRENTLY)
    ever = StateCountsSerializer(source="study.totals.ever", help_text=EVER)
    screen_fail_rate = RateField(source="study.totals.screen_fail_rate", allow_null=True, help_text=FAIL_RATE)
    first_subject_in = serializers.DateField(source="outlook.first_in", allow_null=True, help_text=FIRST_IN)
    last_subject_in = serializers.DateField(source="outlook.last_in", allow_null=True, help_text=LAST_IN)
    rate_per_month = RatesSerializer(source="outlook")
    forecast = ForecastSerializer(source="outlook.forecast", help_text="Of the planned enrollment.")


class SiteSerializer(serializers.Serializer[Any]):
    """One site."""

    code = serializers.CharField(source="entry.site.code")
    facility = serializers.CharField(allow_null=True, help_text=NO_HISTORY)
    as_of = serializers.DateField(
        source="entry.day", help_text="The day at the site, in its own time zone, for which its figures hold."
    )
    status = serializers.ChoiceField(
        source="entry.status.status",
        choices=SiteStatus.choices,
        allow_null=True,
        help_text="Null: no status has taken effect yet.",
    )
    status_since = serializers.DateField(source="entry.status.since", allow_null=True)
    status_verified_on = serializers.DateField(
        source="entry.status.verified_on",
        allow_null=True,
        help_text="The last day on which somebody made sure of the status; null if never.",
    )
    target = serializers.IntegerField(
        allow_null=True,
        min_value=0,
        help_text=f"Persons the site means to enroll; counts may exceed it. Also {NO_HISTORY}",
    )
    currently = StateCountsSerializer(source="entry.current", help_text=CURRENTLY)
    ever = StateCountsSerializer(source="entry.ever", help_text=EVER)
    screen_fail_rate = RateField(source="entry.screen_fail_rate", allow_null=True, help_text=FAIL_RATE)
    first_subject_in = serializers.DateField(source="outlook.first_in", allow_null=True, help_text=FIRST_IN)
    last_subject_in = serializers.DateField(source="outlook.last_in", allow_null=True, help_text=LAST_IN)
    rate_per_month = RatesSerializer(source="outlook")
    forecast = ForecastSerializer(source="outlook.forecast", help_text="Of the site's target.")


class VersionField(serializers.IntegerField):
    """The data version of what is answered."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, help_text="Rises with every change of the study's data.", **kwargs)


class MomentSerializer(serializers.Serializer[Any]):
    """What an enrollment answer is about."""

    data_version = serializers.SerializerMethodField(
        help_text=f"Rises with every change of the study's data; {NO_HISTORY}"
    )
    as_of = serializers.DateField(
        source="day", help_text="The day asked about; without as_of the day in UTC, and each site has its own."
    )
    known_at = UtcTimeField(allow_null=True, help_text="The time that was asked for; null: as known now.")

    def get_data_version(self, figures: Any) -> int | None:
        return figures.study.study.data_version if figures.is_present else None


class EnrollmentSerializer(MomentSerializer):
    """Enrollment of a study: totals and per site. Aggregates only."""

    study = StudySerializer(source="*")
    totals = TotalsSerializer(source="*")
    sites = SiteSerializer(many=True, help_text="In the order of their codes.")


class EnrollmentTableSerializer(serializers.Serializer[Any]):
    """Enrollment by site, month or state: the same table as in CSV."""

    registry_id = serializers.CharField(source="figures.study.study.registry_id")
    moment = MomentSerializer(source="figures")
    by = serializers.ChoiceField(choices=["site", "month", "state"])
    columns = serializers.ListField(child=serializers.CharField())
    rows = serializers.ListField(
        child=serializers.DictField(child=serializers.JSONField()), help_text="Each with every column."
    )


class ToldCriterionSerializer(serializers.Serializer[Any]):
    """One criterion."""

    criterion = serializers.CharField()
    at_least = serializers.IntegerField(
        allow_null=True, min_value=2, help_text="At least so many screen failures name it; null: withheld."
    )


class ToldTotalsSerializer(serializers.Serializer[Any]):
    """The whole study."""

    screen_failed = serializers.IntegerField(source="failures", min_value=0, help_text="As in the enrollment counts.")
    criteria = ToldCriterionSerializer(many=True)


class ToldSiteSerializer(ToldTotalsSerializer):
    """One site."""

    code = serializers.CharField()


class ScreenFailuresSerializer(serializers.Serializer[Any]):
    """Screen failures by criterion and site; small counts are withheld."""

    registry_id = serializers.CharField(source="study.registry_id")
    data_version = VersionField(source="study.data_version")
    threshold = serializers.IntegerField(
        source="study.failure_threshold", min_value=2, help_text="Counts are told in steps of this many."
    )
    totals = ToldTotalsSerializer()
    sites = ToldSiteSerializer(many=True)


class SiteNowSerializer(serializers.Serializer[Any]):
    """A site and its status today."""

    code = serializers.CharField(source="site.code")
    facility = serializers.CharField(source="site.facility")
    city = serializers.CharField(source="site.city")
    state = serializers.CharField(source="site.state")
    country = serializers.CharField(source="site.country")
    time_zone = serializers.CharField(source="site.time_zone")
    target = serializers.IntegerField(source="site.target", allow_null=True, min_value=0)
    status = serializers.ChoiceField(source="status.status", choices=SiteStatus.choices, allow_null=True)
    status_since = serializers.DateField(source="status.since", allow_null=True)
    status_verified_on = serializers.DateField(source="status.verified_on", allow_null=True)


class SitesSerializer(serializers.Serializer[Any]):
    """The sites of a study."""

    registry_id = serializers.CharField(source="study.registry_id")
    data_version = VersionField(source="study.data_version")
    status = serializers.ChoiceField(choices=SiteStatus.choices)
    sites = SiteNowSerializer(many=True, help_text="In the order of their codes.")


class HistoryEntrySerializer(serializers.Serializer[Any]):
    """One entry of a status history. Reasons and persons are not told."""

    entry = serializers.IntegerField(source="number", min_value=1, help_text="In the order of recording.")
    status = serializers.ChoiceField(source="change.status", choices=SiteStatus.choices)
    effective_on = serializers.DateField(source="change.effective_on", help_text="The day at the site.")
    recorded_at = UtcTimeField(source="change.recorded_at")
    corrects = serializers.IntegerField(allow_null=True, help_text="The entry in whose place this one stands.")
    corrected_by = serializers.IntegerField(allow_null=True, help_text="The entry that stands in this one's place.")


class StatusHistorySerializer(serializers.Serializer[Any]):
    """A site's status history."""

    registry_id = serializers.CharField(source="study.registry_id")
    data_version = VersionField(source="study.data_version")
    code = serializers.CharField(source="site.code")
    entries = HistoryEntrySerializer(many=True)


class ChangeSerializer(serializers.Serializer[Any]):
    """Something has changed; what it is now, the other resources tell."""

    version = serializers.IntegerField(min_value=1, help_text="The data version that the change made.")
    kind = serializers.ChoiceField(choices=StudyChange.Kind.choices)
    site = serializers.CharField(source="site.code", allow_null=True, help_text="Null: the study as a whole.")
    recorded_at = UtcTimeField()


class ChangesSerializer(serializers.Serializer[Any]):
    """Changes of a study in their order."""

    registry_id = serializers.CharField(source="study.registry_id")
    changes = ChangeSerializer(many=True)
    more = serializers.BooleanField(help_text="There are further ones: ask again with next_cursor.")
    next_cursor = serializers.CharField(
        source="next_version", help_text="Send it as cursor to be told what came later."
    )
