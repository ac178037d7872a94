"""The product's settings with its waiting times cut short, for processes that tests start and kill."""

import os
from datetime import UTC, datetime, timedelta

from trialops.settings import *  # noqa: F403
from trialops.settings import CELERY_BEAT_SCHEDULE

REMINDER_LEASE_SECONDS = 5
REMINDER_PAUSE_SECONDS = 1
RESCORING_LEASE_SECONDS = 3
MAIL_TOTAL_SECONDS = 3
EMAIL_TIMEOUT = 3
CELERY_BEAT_SCHEDULE = {
    name: CELERY_BEAT_SCHEDULE[name] | {"schedule": 1.0} for name in ("sweep-reminders", "sweep-runs", "sweep-jobs")
}

if _skew := os.environ.get("FAULTS_CLOCK_SKEW_HOURS"):
    import time_machine

    time_machine.travel(datetime.now(UTC) + timedelta(hours=float(_skew)), tick=True).start()
