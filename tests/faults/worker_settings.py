"""The product's settings with its waiting times cut short, for processes that tests start and kill."""

from trialops.settings import *  # noqa: F403
from trialops.settings import CELERY_BEAT_SCHEDULE

REMINDER_LEASE_SECONDS = 3
RESCORING_LEASE_SECONDS = 3
CELERY_BEAT_SCHEDULE = {
    name: entry | ({"schedule": 1.0} if name in {"sweep-reminders", "sweep-runs"} else {})
    for name, entry in CELERY_BEAT_SCHEDULE.items()
}
