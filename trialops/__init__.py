"""The project: settings, urls, celery, the embedded servers, and what all apps stand on."""

from trialops.celery import app as celery_app

__all__ = ["celery_app"]
