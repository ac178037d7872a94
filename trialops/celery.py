"""The Celery application; tasks live in the apps that own the work."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trialops.settings")

app = Celery("trialops", task_cls="trialops.audit.context:AuditedTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["trialops.audit", "screening", "screening.reminders", "screening.rescoring"])
