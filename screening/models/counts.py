"""Counts of persons, kept by triggers on the append-only state rows so that reading them never scans subjects."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from screening.states import SubjectState
from sites.models import Site, Study


class StateCount(models.Model):
    """A site's persons in a state over all days: now in it, and ever in it."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="state_counts")
    state = models.CharField(max_length=20, choices=SubjectState)
    present = models.BigIntegerField(default=0, help_text=_("Persons whose last entry is this state."))
    ever = models.BigIntegerField(default=0, help_text=_("Persons with an entry of this state."))

    class Meta:
        ordering = ["site", "state"]
        constraints = [models.UniqueConstraint(fields=["site", "state"], name="state_count_once")]

    def __str__(self) -> str:
        return f"{self.site_id} {self.state}: {self.present}, ever {self.ever}"


class DailyStateCount(models.Model):
    """What one day changed: by how many the persons in a state became more or fewer, and how many were new to it."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="daily_state_counts")
    day = models.DateField()
    state = models.CharField(max_length=20, choices=SubjectState)
    change = models.BigIntegerField(default=0, help_text=_("Persons who came into the state, less those who left it."))
    first = models.BigIntegerField(default=0, help_text=_("Persons who came into the state for the first time."))

    class Meta:
        ordering = ["site", "day", "state"]
        constraints = [models.UniqueConstraint(fields=["site", "state", "day"], name="daily_state_count_once")]
        indexes = [
            models.Index(fields=["site", "day"], name="daily_state_count_by_day"),
            models.Index(fields=["site", "state", "day"], name="daily_first_entries", condition=Q(first__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.site_id} {self.state} on {self.day}: {self.change:+d}, first {self.first}"


class WaitCount(models.Model):
    """How many persons waited so many days from consent until something came on a day; later news may change it."""

    class Until(models.TextChoices):
        VERDICT = "verdict", _("the first verdict that decided")
        DOSE = "dose", _("the first dose")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="wait_counts")
    until = models.CharField(max_length=10, choices=Until)
    day = models.DateField(help_text=_("The day on which the waiting ended."))
    waited = models.IntegerField(help_text=_("Days since screening began."))
    persons = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["site", "until", "day", "waited"]
        constraints = [models.UniqueConstraint(fields=["site", "until", "day", "waited"], name="wait_count_once")]

    def __str__(self) -> str:
        return f"{self.site_id} {self.until} on {self.day} after {self.waited}: {self.persons}"


class ScreenFailureCount(models.Model):
    """How many of a site's screen failures name a criterion: at all, as the primary one, as the only one.

    The row without a criterion counts the failures themselves.
    """

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="screen_failure_counts")
    criterion = models.CharField(max_length=20, blank=True)
    listed = models.BigIntegerField(default=0)
    primary = models.BigIntegerField(default=0)
    sole = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["site", "criterion"]
        constraints = [models.UniqueConstraint(fields=["site", "criterion"], name="screen_failure_count_once")]

    def __str__(self) -> str:
        return f"{self.site_id} {self.criterion}: {self.listed}"


class NamedCriteria(models.Model):
    """The criteria of each screen failure in the order of recording: the last few of a site are found at once."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    criteria = ArrayField(models.CharField(max_length=20))

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["site", "-id"], name="named_criteria_of_site"),
            models.Index(fields=["study", "-id"], name="named_criteria_of_study"),
        ]

    def __str__(self) -> str:
        return f"{self.site_id}: {', '.join(self.criteria)}"
