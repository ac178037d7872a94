"""What the audit trail keeps: events, written by triggers alone, and the links that seal them into chains."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

INSTALLATION = 0
"""The chain of whatever belongs to no study: people, groups, rows of none."""


def never_changes() -> pgtrigger.Protect:
    """Rows may be added, never changed or deleted."""
    return pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


class Event(models.Model):
    """One row added, changed, deleted or read: who, in which role, what, when, why, from where.

    Rows are named by their keys and not by references: an event outlives what it is about.
    """

    class Action(models.TextChoices):
        INSERT = "insert", _("added")
        UPDATE = "update", _("changed")
        DELETE = "delete", _("deleted")
        READ = "read", _("read")

    append_only = True
    written_by_triggers = True

    recorded_at = models.DateTimeField(db_default=Now(), editable=False, help_text=_("By the database's clock."))
    transaction = models.BigIntegerField(help_text=_("The database's number of the transaction."))
    action = models.CharField(max_length=6, choices=Action)
    model = models.CharField(max_length=60, help_text=_("App label and model, for instance screening.Subject."))
    row = models.CharField(max_length=64, help_text=_("The row's primary key as text; its SHA-256 if it is a secret."))
    study_pk = models.BigIntegerField(null=True, help_text=_("The study that the row itself names."))
    site_pk = models.BigIntegerField(null=True, help_text=_("The site that the row itself names."))
    subject_pk = models.UUIDField(null=True, help_text=_("The subject that the row itself names."))
    user_pk = models.BigIntegerField(null=True, help_text=_("Empty: nobody was signed in."))
    user_name = models.TextField(blank=True, help_text=_("The user name, as it was then."))
    roles = ArrayField(models.TextField(), default=list, help_text=_("The roles held then."))
    database_role = models.TextField(help_text=_("Who was signed in to the database."))
    origin = models.TextField(help_text=_("Method and route of a request, or the command, or the task."))
    request_id = models.TextField(blank=True)
    reason = models.TextField(blank=True)
    old = models.JSONField(null=True, help_text=_("The values before, by column: of a change, only what changed."))
    new = models.JSONField(null=True, help_text=_("The values after, by column: of a change, only what changed."))

    class Meta:
        ordering = ["id"]
        triggers = [never_changes()]
        indexes = [
            models.Index(fields=["model", "row", "id"], name="event_of_row"),
            models.Index(fields=["subject_pk", "-id"], condition=Q(subject_pk__isnull=False), name="event_of_subject"),
            models.Index(
                fields=["site_pk", "-id"], condition=Q(site_pk__isnull=False, subject_pk=None), name="event_of_site"
            ),
            models.Index(
                fields=["study_pk", "-id"],
                condition=Q(study_pk__isnull=False, site_pk=None, subject_pk=None),
                name="event_of_study",
            ),
            models.Index(fields=["transaction"], name="event_by_transaction"),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.row} {self.action}"


class Sealing(models.Model):
    """One time that events were sealed, and the transaction before which none can appear any more."""

    append_only = True

    sealed_at = models.DateTimeField(db_default=Now(), editable=False)
    horizon = models.BigIntegerField(help_text=_("All transactions with a smaller number had ended."))

    class Meta:
        ordering = ["id"]
        triggers = [never_changes()]

    def __str__(self) -> str:
        return f"sealing {self.pk}"


class Link(models.Model):
    """An event's place in the chain of its study: SHA-256 of its content and of the link before it."""

    append_only = True

    chain = models.BigIntegerField(help_text=_("The study's key; 0: the installation's own chain."))
    sequence = models.BigIntegerField(help_text=_("From 1, without a gap."))
    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="link")
    digest = models.CharField(max_length=64)
    sealing = models.ForeignKey(Sealing, on_delete=models.PROTECT, related_name="links", db_index=False)

    class Meta:
        ordering = ["chain", "sequence"]
        triggers = [never_changes()]
        constraints = [models.UniqueConstraint(fields=["chain", "sequence"], name="one_link_at_a_place_of_a_chain")]

    def __str__(self) -> str:
        return f"chain {self.chain}, link {self.sequence}"
