"""What happened at a site against the protocol: recorded, never approved."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from screening.models.subjects import Subject
from sites.triggers import append_only


class ProtocolDeviation(models.Model):
    """One deviation from the protocol; a later insight is a further row."""

    append_only = True

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="deviations")
    happened_on = models.DateField()
    what = models.TextField(help_text=_("What happened."))
    criteria = ArrayField(
        models.CharField(max_length=20), default=list, blank=True, help_text=_("Ids of the criteria it went against.")
    )
    rule = models.CharField(
        max_length=200, blank=True, help_text=_("The rule of the protocol, where it is not one of the criteria.")
    )
    why = models.TextField()
    corrective_action = models.TextField(blank=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["subject", "happened_on", "id"]
        triggers = [append_only()]
        constraints = [
            models.CheckConstraint(condition=Q(what__regex=r"\S") & Q(why__regex=r"\S"), name="deviation_says_why"),
            models.CheckConstraint(condition=~Q(criteria=[]) | Q(rule__regex=r"\S"), name="deviation_names_a_rule"),
        ]

    def __str__(self) -> str:
        return f"{self.subject}: deviation on {self.happened_on}"
