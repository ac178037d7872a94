"""Processes on this session's databases, with a mail server of their own."""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.faults.processes import Processes, celery_processes
from tests.smtp import MailServer, running_mail_server


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with running_mail_server() as mail:
        yield mail


@pytest.fixture
def env(committed_db: None, process_env: dict[str, str], mail_server: MailServer) -> dict[str, str]:
    return process_env | {
        "DJANGO_SETTINGS_MODULE": "tests.faults.worker_settings",
        "EMAIL_URL": f"smtp://127.0.0.1:{mail_server.port}",
    }


@pytest.fixture
def processes(env: dict[str, str], tmp_path: Path) -> Iterator[Processes]:
    """On the broker that the test itself sends to."""
    with celery_processes(env, tmp_path) as processes:
        yield processes


@pytest.fixture
def processes_apart(env: dict[str, str], tmp_path: Path) -> Iterator[Processes]:
    """On a broker of their own, so that no other test's worker takes their messages."""
    number = 1 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    broker = urlsplit(env["REDIS_URL"])._replace(path=f"/{number}").geturl()
    with celery_processes(env | {"REDIS_URL": broker}, tmp_path) as processes:
        yield processes
