"""What outside of screening moves reminders: a site's time zone, and its status being set or verified."""

from typing import Any

from django.db.models.signals import post_save, pre_save
from django.utils import timezone

from screening.reminders.plan import reconcile_site, reconcile_site_itself
from sites.models import Site, SiteStatusChange, SiteStatusVerification

ZONE_BEFORE = "_time_zone_before"


def connect() -> None:
    """Called once when the app is ready."""
    pre_save.connect(_remember_zone, sender=Site, dispatch_uid="reminders-zone-before")
    post_save.connect(_follow_zone, sender=Site, dispatch_uid="reminders-zone-after")
    post_save.connect(_follow_status, sender=SiteStatusChange, dispatch_uid="reminders-status-changed")
    post_save.connect(_follow_status, sender=SiteStatusVerification, dispatch_uid="reminders-status-verified")


def _remember_zone(sender: type[Site], instance: Site, **kwargs: Any) -> None:
    before = Site.objects.filter(pk=instance.pk).values_list("time_zone", flat=True).first()
    setattr(instance, ZONE_BEFORE, before)


def _follow_zone(sender: type[Site], instance: Site, created: bool, **kwargs: Any) -> None:
    """In the transaction that changes the zone, the reminders of the site's open subjects move to its mornings."""
    if not created and getattr(instance, ZONE_BEFORE, None) != instance.time_zone:
        reconcile_site(instance, now=timezone.now())


def _follow_status(sender: Any, instance: SiteStatusChange | SiteStatusVerification, **kwargs: Any) -> None:
    """In the same transaction, the reminder to verify the status moves or is done."""
    reconcile_site_itself(instance.site, now=timezone.now())
