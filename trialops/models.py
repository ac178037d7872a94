"""Building blocks that the apps' models share."""

from django.db import models
from django.db.models import Q


def who_and_when(prefix: str, name: str) -> models.CheckConstraint:
    """`<prefix>_at` and `<prefix>_by` are both set or both empty."""
    both_empty = Q(**{f"{prefix}_at__isnull": True, f"{prefix}_by__isnull": True})
    both_set = Q(**{f"{prefix}_at__isnull": False, f"{prefix}_by__isnull": False})
    return models.CheckConstraint(condition=both_empty | both_set, name=f"{name}_who_and_when")
