"""The Celery task of the webhooks: thin, and harmless however often, late or side by side it runs."""

from celery import shared_task

from sites.webhooks.sweeping import sweep
from trialops.hints import Hint


@shared_task(base=Hint)
def sweep_webhooks() -> None:
    """Call the webhooks that are owed a call."""
    sweep()
