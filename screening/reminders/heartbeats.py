"""Signs of life of recurring work, on the database's clock."""

from datetime import datetime

from django.db.models.functions import Now

from screening.models import Heartbeat

SWEEP, RECONCILE, COMPARING = "sweep", "reconcile", "comparing"


def beat(name: str, detail: str = "") -> None:
    """Note on the database's clock that a recurring piece of work was completed."""
    Heartbeat.objects.update_or_create(name=name, defaults={"completed_at": Now(), "detail": detail[:500]})


def last_beat(name: str) -> datetime | None:
    """When that piece of work was last completed; None for never."""
    return Heartbeat.objects.filter(name=name).values_list("completed_at", flat=True).first()
