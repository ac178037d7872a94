"""The audit trail as an app."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "trialops.audit"
    label = "audit"
    verbose_name = "audit trail"
