"""Celery tasks of the audit trail: thin, and harmless however often they run."""

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from trialops.audit.chains import chain_numbers
from trialops.audit.services import chain_names, keep_head, seal, send_head


@shared_task
def seal_audit() -> int:
    """Seal what is new; returns how many events."""
    return seal(now=timezone.now()).events


@shared_task
def close_audit_day() -> None:
    """Each night: look through the whole trail for anything unsealed, sign every chain's head and mail it on."""
    now = timezone.now()
    seal(now=now, everything=True)
    names = chain_names()
    for chain in chain_numbers():
        name = names.get(chain, f"chain {chain}")
        if address := settings.AUDIT_HEADS_TO.get(name):
            send_head(chain=chain, name=name, to=address, now=now)
        else:
            keep_head(chain=chain, now=now)
