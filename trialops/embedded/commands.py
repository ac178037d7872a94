"""The commands of the application processes; docker-compose.yml says the same, and a test compares."""

import sys
from collections.abc import Sequence

QUEUES = ("reminders", "default")
"""Each has workers of its own."""


def web(bind: str) -> list[str]:
    """The web server, listening on `bind` (HOST:PORT); gunicorn.conf.py says the rest."""
    return ["gunicorn", "--config", "gunicorn.conf.py", "--bind", bind, "trialops.wsgi:application"]


def worker(queue: str) -> list[str]:
    """The workers of one queue, named after it: a long run in another queue delays no reminder."""
    size = ["--loglevel", "INFO", "--concurrency", "2"]
    return ["celery", "-A", "trialops", "worker", *size, "--hostname", f"{queue}@%h", "-Q", queue]


def beat(schedule: str) -> list[str]:
    """The clock that wakes the workers; `schedule` is the file in which it notes when it last did."""
    return ["celery", "-A", "trialops", "beat", "--loglevel", "INFO", "--schedule", schedule]


def backups() -> list[str]:
    """A backup each day, and the old ones away."""
    return ["python", "manage.py", "backup", "--every", "24"]


def in_this_python(command: Sequence[str]) -> list[str]:
    """`command`, whose first word is an installed tool, run by this very interpreter."""
    return [sys.executable, "-m", *command]


def manage(*arguments: str) -> list[str]:
    return [sys.executable, "manage.py", *arguments]
