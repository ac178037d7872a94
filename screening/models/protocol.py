"""Versions of a study's protocol: criteria and reminder practice as one validated document."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from sites.models import Study
from trialops.models import who_and_when


class ProtocolVersion(models.Model):
    """One version of a study's protocol document; immutable once published."""

    only_these_change = ("status", "document", "digest", "effective_on", "published_at", "published_by_id")

    class Status(models.TextChoices):
        DRAFT = "draft", "draft"
        PUBLISHED = "published", "published"
        SUPERSEDED = "superseded", "superseded"

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="protocol_versions")
    label = models.CharField(max_length=40)
    status = models.CharField(max_length=12, choices=Status, default=Status.DRAFT)
    effective_on = models.DateField()
    document = models.TextField(help_text="The canonical text of the protocol document.")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the document.")
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["study", "-effective_on", "-id"]
        triggers = [
            pgtrigger.Protect(
                name="published_is_immutable",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__status__in=["published", "superseded"])
                & (
                    pgtrigger.Q(old__document__df=pgtrigger.F("new__document"))
                    | pgtrigger.Q(old__digest__df=pgtrigger.F("new__digest"))
                    | pgtrigger.Q(old__label__df=pgtrigger.F("new__label"))
                    | pgtrigger.Q(old__study__df=pgtrigger.F("new__study"))
                    | pgtrigger.Q(old__effective_on__df=pgtrigger.F("new__effective_on"))
                    | pgtrigger.Q(old__published_at__df=pgtrigger.F("new__published_at"))
                ),
            ),
            pgtrigger.Protect(
                name="published_is_kept",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Q(old__status__in=["published", "superseded"]),
            ),
            pgtrigger.FSM(
                name="status_moves_forward",
                field="status",
                transitions=[("draft", "published"), ("published", "superseded")],
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["study", "label"], name="protocol_label_unique_in_study"),
            who_and_when("published", "protocol_version_published"),
            models.CheckConstraint(
                condition=Q(status="draft") | Q(published_at__isnull=False), name="protocol_version_published_is_signed"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.study.registry_id} version {self.label}"
