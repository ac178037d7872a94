"""Processes on this session's databases, with a mail server of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.processes import Processes, celery_processes
from tests.smtp import MailServer, running_mail_server


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with running_mail_server() as mail:
        yield mail


@pytest.fixture
def processes(
    committed_db: None, process_env: dict[str, str], mail_server: MailServer, tmp_path: Path
) -> Iterator[Processes]:
    env = process_env | {
        "DJANGO_SETTINGS_MODULE": "tests.faults.worker_settings",
        "EMAIL_URL": f"smtp://127.0.0.1:{mail_server.port}",
    }
    with celery_processes(env, tmp_path) as processes:
        yield processes
