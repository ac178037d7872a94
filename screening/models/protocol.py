"""Versions of a study's protocol, and from when a site works under which."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from screening.triggers import adoption_is_possible
from sites.models import Site, Study
from sites.triggers import append_only
from trialops.models import who_and_when

NEVER_CHANGES_ONCE_PUBLISHED = (
    "study", "label", "document", "written", "digest", "effective_on", "drafted_at", "drafted_by", "published_at",
    "published_by",
)  # fmt: skip


def _any_changed(fields: tuple[str, ...]) -> pgtrigger.Q:
    changed = pgtrigger.Q()
    for name in fields:
        changed |= pgtrigger.Q(**{f"old__{name}__df": pgtrigger.F(f"new__{name}")})
    return changed


class ProtocolVersion(models.Model):
    """One version of a study's protocol document. A draft changes freely; once published, a version never changes.

    The newest published version is `published`, those before it `superseded`: a superseded one can still be in force
    at a site that has not taken the newer one up, and subjects stay under it until they consent to another.
    """

    only_these_change = (
        "label", "status", "document", "written", "digest", "effective_on", "drafted_at", "drafted_by_id",
        "published_at", "published_by_id",
    )  # fmt: skip
    may_be_deleted = True  # drafts; a trigger keeps the others

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        PUBLISHED = "published", _("published")
        SUPERSEDED = "superseded", _("superseded")

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="protocol_versions")
    label = models.CharField(max_length=40)
    status = models.CharField(max_length=12, choices=Status, default=Status.DRAFT)
    effective_on = models.DateField(help_text=_("No site takes it up before this day."))
    document = models.TextField(help_text=_("The canonical text of the protocol document."))
    written = models.TextField(blank=True, help_text=_("The document as it was written, with its comments."))
    digest = models.CharField(max_length=64, help_text=_("SHA-256 of the document."))
    drafted_at = models.DateTimeField(null=True, blank=True, help_text=_("When the text was last stored as a draft."))
    drafted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
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
                & _any_changed(NEVER_CHANGES_ONCE_PUBLISHED),
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
            pgtrigger.Trigger(
                name="data_version",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func=(  # pollers see the criteria of the newest published version; the study's own trigger counts up
                    "IF NEW.status = 'published' THEN"
                    " UPDATE trial_sites_study SET data_version = data_version WHERE id = NEW.study_id;"
                    " END IF; RETURN NULL;"
                ),
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["study", "label"], name="protocol_label_unique_in_study"),
            models.UniqueConstraint(
                fields=["study"], condition=Q(status="published"), name="one_newest_protocol_version_in_study"
            ),
            who_and_when("drafted", "protocol_version_drafted"),
            who_and_when("published", "protocol_version_published"),
            models.CheckConstraint(
                condition=Q(status="draft", published_at__isnull=True)
                | (~Q(status="draft") & Q(published_at__isnull=False)),
                name="protocol_version_published_is_signed",
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(study)s version %(version)s") % {"study": self.study.registry_id, "version": self.label}

    @property
    def is_draft(self) -> bool:
        return self.status == self.Status.DRAFT


class ProtocolAdoption(models.Model):
    """A site takes an amendment up, as its review board approved it; corrected or taken back by a superseding row.

    A study's first version needs no such row: it is in force at every site from the start.
    """

    append_only = True

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="protocol_adoptions")
    protocol_version = models.ForeignKey(ProtocolVersion, on_delete=models.PROTECT, related_name="adoptions")
    effective_on = models.DateField(help_text=_("The day at the site from which subjects consent to this version."))
    approved_on = models.DateField(help_text=_("The day on which the site's review board approved it."))
    approval = models.CharField(max_length=200, help_text=_("The board's reference of the approval."))
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="newer",
        help_text=_("The entry that this one corrects."),
    )  # fmt: skip
    retracted = models.BooleanField(default=False, help_text=_("This entry only takes the superseded one back."))
    reason = models.TextField(blank=True, help_text=_("Why the earlier entry was wrong."))
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["site", "-effective_on", "-id"]
        triggers = [append_only(), adoption_is_possible()]
        indexes = [models.Index(fields=["site", "-effective_on", "-id"], name="protocol_adoption_in_force")]
        constraints = [
            models.CheckConstraint(condition=Q(approval__regex=r"\S"), name="protocol_adoption_names_approval"),
            models.CheckConstraint(
                condition=Q(approved_on__lte=F("effective_on")), name="protocol_adoption_after_approval"
            ),
            models.CheckConstraint(
                condition=Q(supersedes__isnull=True) | Q(reason__regex=r"\S"),
                name="protocol_adoption_correction_reason",
            ),
            models.CheckConstraint(
                condition=Q(retracted=False) | Q(supersedes__isnull=False),
                name="protocol_adoption_retraction_names_row",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.site.code}: version {self.protocol_version.label} from {self.effective_on}"
