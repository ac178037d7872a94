"""Studies, sites, investigators and their terms, site status and its history, who may do what, API tokens."""

import uuid
import zoneinfo
from datetime import date
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from knox.models import AbstractAuthToken

from sites.statuses import REASON_REQUIRED, STUDY_DECLARED, SiteStatus
from sites.triggers import append_only, bumps_data_version, legal_timeline, own_data_version
from sites.webhooks.models import CallAttempt, StudyWebhook, WebhookCall

__all__ = ["CallAttempt", "StudyWebhook", "WebhookCall"]  # Django finds an app's models by way of this module


def validate_time_zone(value: str) -> None:
    """Only names that this system's IANA time zone database knows."""
    if value not in zoneinfo.available_timezones() or ("/" not in value and value != "UTC"):
        raise ValidationError(
            _("“%(value)s” is not an IANA time zone; for instance America/Chicago."), params={"value": value}
        )


def _only(value: str | models.expressions.Combinable) -> Func:
    """A row by its id, as a range of one element: plain GiST compares it, without an extension.

    Named by field, not by column: only then does validation put the value of the row in question in its place.
    """
    return Func(value, value, models.Value("[]"), function="int8range")


_DAYS = Func(F("starts_on"), F("ends_on"), models.Value("[]"), function="daterange")


class Study(models.Model):
    """A clinical study under its registry id."""

    registry_id = models.CharField(
        max_length=20,
        unique=True,
        validators=[RegexValidator(r"^[A-Z0-9][A-Z0-9-]+\Z", gettext_lazy("A registry id, for instance NCT03464916."))],
    )
    title = models.CharField(max_length=300)
    short_title = models.CharField(max_length=100)
    phase = models.CharField(max_length=50, blank=True)
    sponsor = models.CharField(max_length=200, blank=True)
    planned_enrollment = models.PositiveIntegerField(null=True, blank=True)
    declared_status = models.CharField(  # noqa: DJ001  NULL is "nothing declared"; a constraint tells it from any text
        max_length=30,
        null=True,
        blank=True,
        choices=[(status.value, status.label) for status in SiteStatus if status in STUDY_DECLARED],
        help_text=gettext_lazy(
            "Set only to halt or end the study as a whole; otherwise its status follows from its sites."
        ),
    )
    contact_name = models.CharField(max_length=200, blank=True)
    contact_phone = models.CharField(max_length=40, blank=True)
    is_demo = models.BooleanField(gettext_lazy("invented demo data"), default=False)
    failure_threshold = models.PositiveSmallIntegerField(
        default=5,
        validators=[MinValueValidator(2), MaxValueValidator(100)],
        help_text=gettext_lazy(
            "Screen failures by criterion are told to sponsors in steps of this many; fewer are withheld."
        ),
    )
    data_version = models.BigIntegerField(default=0, editable=False)
    data_changed_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name_plural = "studies"
        ordering = ["registry_id"]
        triggers = [own_data_version()]
        constraints = [
            models.CheckConstraint(
                condition=Q(declared_status__isnull=True) | Q(declared_status__in=sorted(STUDY_DECLARED)),
                name="study_declared_status_known",
            ),
            models.CheckConstraint(
                condition=Q(failure_threshold__range=(2, 100)),
                name="study_failure_threshold_in_range",
                violation_error_message=gettext_lazy("The threshold for screen failures lies between 2 and 100."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.registry_id} {self.short_title}"


class Site(models.Model):
    """A place that enrolls subjects of one study."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="sites")
    code = models.CharField(
        max_length=8,
        validators=[
            RegexValidator(
                r"^[A-Z][A-Z0-9]{1,7}\Z", gettext_lazy("Two to eight capital letters or digits, for instance JAX.")
            )
        ],
        help_text=gettext_lazy("Begins every screening number of the site."),
    )
    facility = models.CharField(max_length=200)
    city = models.CharField(max_length=100, blank=True)
    state = models.CharField(gettext_lazy("state or province"), max_length=100, blank=True)
    country = models.CharField(max_length=100, blank=True)
    time_zone = models.CharField(max_length=64, validators=[validate_time_zone])
    contact_name = models.CharField(max_length=200, blank=True)
    contact_phone = models.CharField(max_length=40, blank=True)
    contact_email = models.EmailField(blank=True)
    target = models.PositiveIntegerField(
        null=True, blank=True, help_text=gettext_lazy("Subjects this site means to enroll.")
    )

    class Meta:
        ordering = ["study", "code"]
        triggers = [bumps_data_version("site", site="NEW.id")]
        constraints = [models.UniqueConstraint(fields=["study", "code"], name="site_code_unique_in_study")]

    def __str__(self) -> str:
        return f"{self.code} {self.facility}"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class Investigator(models.Model):
    """A physician who answers for a site."""

    name = models.CharField(max_length=200)
    credentials = models.CharField(max_length=50, blank=True, help_text=gettext_lazy("For instance M.D."))
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return ", ".join(part for part in (self.name, self.credentials) if part)


class InvestigatorTerm(models.Model):
    """Who was (sub-)investigator of a site from when to when; one principal at a time."""

    class Role(models.TextChoices):
        PRINCIPAL = "principal", gettext_lazy("principal investigator")
        SUB = "sub", gettext_lazy("sub-investigator")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="investigator_terms")
    investigator = models.ForeignKey(Investigator, on_delete=models.PROTECT, related_name="terms")
    role = models.CharField(max_length=10, choices=Role)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True, help_text=gettext_lazy("Last day; empty while the term lasts."))

    class Meta:
        ordering = ["site", "-starts_on"]
        triggers = [bumps_data_version("investigator")]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="investigator_term_in_order",
                violation_error_message=gettext_lazy("A term cannot end before it starts."),
            ),
            ExclusionConstraint(
                name="one_principal_at_a_time",
                expressions=[
                    (_only("site"), RangeOperators.OVERLAPS),
                    (_DAYS, RangeOperators.OVERLAPS),
                ],
                condition=Q(role="principal"),
                violation_error_message=gettext_lazy(
                    "The site has a principal investigator in this time; end that term first."
                ),
            ),
        ]

    def __str__(self) -> str:
        return _("%(person)s, %(role)s of %(place)s") % {
            "person": self.investigator, "role": self.get_role_display(), "place": self.site.code,
        }  # fmt: skip


class SiteStatusChange(models.Model):
    """One entry of a site's status history: append-only, with the day it takes effect and when it was recorded."""

    append_only = True

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="status_changes")
    status = models.CharField(max_length=30, choices=SiteStatus)
    effective_on = models.DateField(help_text=gettext_lazy("The day at the site from which the status holds."))
    reason = models.TextField(blank=True)
    supersedes = models.OneToOneField(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        help_text=gettext_lazy("The entry that this one corrects."),
    )
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["site", "-effective_on", "-id"]
        verbose_name = "site status"
        verbose_name_plural = "site status history"
        indexes = [models.Index(fields=["site", "-effective_on", "-id"], name="status_change_in_force")]
        triggers = [
            append_only(),
            legal_timeline(),
            bumps_data_version("status"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=SiteStatus.values), name="site_status_known"),
            models.CheckConstraint(
                condition=~Q(status__in=sorted(REASON_REQUIRED)) | Q(reason__regex=r"\S"),
                name="site_status_reason_given",
                violation_error_message=gettext_lazy("A reason is required for this status."),
            ),
        ]

    def __str__(self) -> str:
        return _("%(site)s %(status)s from %(day)s") % {
            "site": self.site.code, "status": self.get_status_display(), "day": self.effective_on,
        }  # fmt: skip


class SiteStatusVerification(models.Model):
    """Somebody made sure, on a day, that the site's status is as recorded."""

    append_only = True

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="status_verifications")
    verified_on = models.DateField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["site", "-verified_on", "-id"]
        triggers = [
            append_only(),
            bumps_data_version("verification"),
        ]

    def __str__(self) -> str:
        return _("%(site)s verified on %(day)s") % {"site": self.site.code, "day": self.verified_on}


class RegistryCopy(models.Model):
    """The registry's record of a study as somebody fetched it: what ours is compared with. The newest counts."""

    append_only = True

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="registry_copies")
    document = models.JSONField(
        help_text=gettext_lazy("The record as version 2 of the ClinicalTrials.gov API gives it.")
    )
    digest = models.CharField(max_length=64, help_text=gettext_lazy("SHA-256 of the record's canonical text."))
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["study", "-id"]
        verbose_name_plural = "registry copies"
        triggers = [append_only()]

    def __str__(self) -> str:
        return f"{self.study.registry_id} as in the registry on {self.recorded_at:%Y-%m-%d}"


class Membership(models.Model):
    """What a person may do in a study, or at one site of it, from when to when."""

    class Role(models.TextChoices):
        STUDY_MANAGER = "study_manager", gettext_lazy("study manager")
        PRINCIPAL_INVESTIGATOR = "principal_investigator", gettext_lazy("principal investigator")
        SUB_INVESTIGATOR = "sub_investigator", gettext_lazy("sub-investigator")
        COORDINATOR = "coordinator", gettext_lazy("coordinator")
        MONITOR = "monitor", gettext_lazy("monitor")
        SPONSOR = "sponsor", gettext_lazy("sponsor")

    STUDY_WIDE = (Role.STUDY_MANAGER, Role.SPONSOR)
    """Roles in a whole study; a monitor is assigned to one site or to the whole study, everybody else to a site."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="memberships")
    site = models.ForeignKey(Site, on_delete=models.CASCADE, null=True, blank=True, related_name="memberships")
    role = models.CharField(max_length=30, choices=Role)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True, help_text=gettext_lazy("Last day; empty while it lasts."))

    class Meta:
        ordering = ["study", "site", "role", "user"]
        constraints = [
            models.CheckConstraint(
                condition=Q(role__in=["study_manager", "sponsor"], site__isnull=True)
                | Q(role__in=["principal_investigator", "sub_investigator", "coordinator"], site__isnull=False)
                | Q(role="monitor"),
                name="membership_site_fits_role",
                violation_error_message=gettext_lazy(
                    "Site staff belong to a site; study managers and sponsors do not."
                ),
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="membership_in_order",
                violation_error_message=gettext_lazy("A membership cannot end before it starts."),
            ),
            *(
                ExclusionConstraint(
                    name=f"{role}_membership_once_at_a_time",
                    expressions=[
                        (_only("user"), RangeOperators.OVERLAPS),
                        (_only("study"), RangeOperators.OVERLAPS),
                        (_only(Coalesce("site", models.Value(0))), RangeOperators.OVERLAPS),
                        (_DAYS, RangeOperators.OVERLAPS),
                    ],
                    condition=Q(role=role),
                    violation_error_message=gettext_lazy(
                        "This person has the role here in this time already; end that one first."
                    ),
                )
                for role in (
                    "study_manager",
                    "principal_investigator",
                    "sub_investigator",
                    "coordinator",
                    "monitor",
                    "sponsor",
                )
            ),
        ]

    def __str__(self) -> str:
        return _("%(person)s, %(role)s of %(place)s") % {
            "person": self.user, "role": self.get_role_display(),
            "place": self.site.code if self.site else self.study.registry_id,
        }  # fmt: skip

    def clean(self) -> None:
        if self.site_id and self.study_id and self.site and self.site.study_id != self.study_id:
            raise ValidationError({"site": _("This site belongs to another study.")})

    @staticmethod
    def active_on(day: date) -> Q:
        """Memberships that hold on a day."""
        return Q(starts_on__lte=day) & (Q(ends_on__isnull=True) | Q(ends_on__gte=day))


class StudyChange(models.Model):
    """Something that pollers can see has changed: which data version it made, what kind of thing, at which site."""

    append_only = True

    class Kind(models.TextChoices):
        STUDY = "study", gettext_lazy("the study's own data")
        SITE = "site", gettext_lazy("a site's own data")
        INVESTIGATOR = "investigator", gettext_lazy("investigators of a site")
        STATUS = "status", gettext_lazy("a site's status history")
        VERIFICATION = "verification", gettext_lazy("a verification of a site's status")
        COUNTS = "counts", gettext_lazy("counts of persons")
        SCREEN_FAILURES = "screen_failures", gettext_lazy("reasons of screen failures")

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="changes")
    version = models.BigIntegerField()
    kind = models.CharField(max_length=20, choices=Kind)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["study", "version"]
        triggers = [append_only()]
        constraints = [
            models.UniqueConstraint(fields=["study", "version"], name="study_change_once_for_each_version"),
            models.CheckConstraint(
                condition=Q(kind__in=["study", "site", "investigator", "status", "verification", "counts",
                                      "screen_failures"]),
                name="study_change_kind_known",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.study_id} version {self.version}: {self.kind}"


class ApiResource(models.TextChoices):
    """What a token may read of its study."""

    ENROLLMENT = "enrollment", gettext_lazy("enrollment counts")
    SCREEN_FAILURES = "screen_failures", gettext_lazy("screen failures by criterion")
    SITES = "sites", gettext_lazy("sites and their status history")
    CHANGES = "changes", gettext_lazy("what has changed")
    STAFF = "staff", gettext_lazy("everything its owner may do in the study (staff API)")


AGGREGATES = tuple(resource for resource in ApiResource if resource is not ApiResource.STAFF)
"""What a token reads unless it is said otherwise; no person's data are among them."""


def every_resource() -> list[str]:
    return [resource.value for resource in AGGREGATES]


class ApiToken(AbstractAuthToken):  # type: ignore[misc]  # knox has no type information
    """A token that reads aggregates of one study; only its digest is stored.

    It is valid until it expires or is revoked; a personal one also only while its owner has a role in the whole study.
    """

    public_id = models.UUIDField(
        default=uuid.uuid4, unique=True, editable=False, help_text=gettext_lazy("Its name in addresses.")
    )
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    resources = ArrayField(models.CharField(max_length=20, choices=ApiResource), default=every_resource)
    personal = models.BooleanField(default=False, help_text=gettext_lazy("Ends with its owner's role in the study."))
    replaces = models.OneToOneField(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="replaced_by",
        editable=False,
    )
    is_replaced = models.BooleanField(default=False, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False, help_text=gettext_lazy("To the hour."))
    revoked_at = models.DateTimeField(null=True, editable=False)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )

    class Meta:
        ordering = ["study", "name", "-created"]
        constraints = [
            models.UniqueConstraint(
                fields=["study", "name"],
                condition=Q(revoked_at__isnull=True, is_replaced=False),
                name="api_token_name_unique_in_study",
            ),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, revoked_by__isnull=True)
                | Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="api_token_revoked_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(resources__contained_by=["enrollment", "screen_failures", "sites", "changes", "staff"])
                & ~Q(resources=[]),
                name="api_token_resources_known",
            ),
            models.CheckConstraint(
                condition=~Q(resources__contains=["staff"]) | Q(personal=True), name="api_token_for_staff_is_personal"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.study.registry_id})"
