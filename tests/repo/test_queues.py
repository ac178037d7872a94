"""Every queue that a task goes to is consumed, in the demo and under Docker; every schedule names a task there is."""

import re
from pathlib import Path

import pytest
from celery import current_app
from celery.schedules import crontab
from django.conf import settings

from trialops.embedded import commands

ROOT = Path(__file__).resolve().parents[2]
ASKING_NO_CLOCK = frozenset({"verify-fact-sheets", "verify-counts", "verify-signatures", "close-audit-day"})
"""Tasks of the night that compare, whatever the time."""


def consumed(command: str) -> set[str]:
    """The queues after -Q of a worker's command."""
    found = re.search(r"-Q\s+([\w,]+)", command)
    assert found is not None, command
    return set(found[1].split(","))


@pytest.fixture
def used() -> set[str]:
    """The queues to which the tasks of the product are routed."""
    current_app.loader.import_default_modules()
    ours = [name for name in current_app.tasks if not name.startswith("celery.")]
    assert len(ours) >= 4
    return {current_app.amqp.router.route({}, name)["queue"].name for name in ours}


def test_every_queue_in_use_is_declared_and_there_is_no_other(used: set[str]) -> None:
    assert used == {queue.name for queue in settings.CELERY_TASK_QUEUES}
    assert settings.CELERY_TASK_CREATE_MISSING_QUEUES is False


def test_the_demos_workers_consume_every_queue(used: set[str]) -> None:
    assert {queue for name in commands.QUEUES for queue in consumed(" ".join(commands.worker(name)))} == used


def test_the_workers_under_docker_consume_every_queue(used: set[str]) -> None:
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    lines = [line for line in compose.splitlines() if "celery -A trialops worker" in line]
    assert set().union(*map(consumed, lines)) == used


def test_the_documented_workers_consume_every_queue(used: set[str]) -> None:
    operations = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert set().union(*(consumed(found) for found in re.findall(r"worker -Q [\w,]+", operations))) == used


def test_every_scheduled_task_exists(used: set[str]) -> None:
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(current_app.tasks)


def test_no_schedule_depends_on_a_change_of_clocks() -> None:
    """The clock of beat is UTC, and what looks at a site's time runs every hour or oftener."""
    assert settings.CELERY_TIMEZONE == "UTC"
    for name, entry in settings.CELERY_BEAT_SCHEDULE.items():
        schedule = entry["schedule"]
        hourly = isinstance(schedule, float) or (isinstance(schedule, crontab) and len(schedule.hour) == 24)
        assert hourly or name in ASKING_NO_CLOCK


def test_lost_workers_and_silent_brokers_are_provided_for() -> None:
    assert settings.CELERY_TASK_ACKS_LATE
    assert settings.CELERY_TASK_REJECT_ON_WORKER_LOST
    assert settings.CELERY_TASK_SOFT_TIME_LIMIT < settings.CELERY_TASK_TIME_LIMIT
    options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    assert all(options[name] for name in ("socket_timeout", "socket_connect_timeout", "health_check_interval"))
    assert options["visibility_timeout"] > settings.CELERY_TASK_TIME_LIMIT


def test_nothing_is_scheduled_inside_the_queue() -> None:
    """`eta` and `countdown` run again past the visibility timeout: never used."""
    for app in ("screening", "sites", "dashboards", "trialops"):
        for path in (ROOT / app).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"\b(eta|countdown)\s*=", text), path
