"""The examples of docs/api.md, run as they stand there against a running product."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.utils import timezone

from screening.models import Observation
from screening.services import create_subject
from sites.models import Membership, Study
from sites.services import issue_token
from tests.dashboards.people import person
from tests.factories import SiteFactory, StudyFactory
from tests.people import member
from tests.screening.study import open_reference_site

DOCS = Path(__file__).resolve().parents[2] / "docs" / "api.md"
HAS_HTTR2 = (
    shutil.which("Rscript") is not None
    and not subprocess.run(["Rscript", "-e", "library(httr2)"], capture_output=True, check=False).returncode
)


class Quiet(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        """Nothing: the tests look at what the examples print."""


@pytest.fixture
def running(committed_db: None) -> Iterator[str]:
    """The address of the product, served by a thread."""
    server = make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet)

    def serve() -> None:
        server.serve_forever()
        connections.close_all()

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def example(language: str, running: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    assert sum(bool(line.strip()) for line in found[1].splitlines()) <= 12
    text: str = found[1].replace("https://trialops.example.org", running)
    return text


@pytest.fixture
def token(committed_db: None) -> str:
    study: Study = StudyFactory(registry_id="NCT03464916")
    person(SiteFactory(study=study, code="JAX"), "in_screening", "eligible", "enrolled")
    return issue_token(study=study, name="of the documentation")[1]


def test_the_curl_line_prints_once_and_then_nothing(token: str, running: str, tmp_path: Path) -> None:
    line = example("bash", running)
    outputs = [
        subprocess.run(
            ["sh", "-c", line],
            cwd=tmp_path,
            env={**os.environ, "TOKEN": token},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for _ in range(2)
    ]
    assert json.loads(outputs[0])["totals"]["ever"]["enrolled"] == 1
    assert outputs[1] == ""


def test_the_curl_line_of_the_staff_api_records_the_fact(committed_db: None, running: str) -> None:
    site = open_reference_site()
    manager = member(Membership.Role.STUDY_MANAGER, study=site.study)
    subject = create_subject(site=site, by=manager, now=timezone.now())
    _, text = issue_token(study=site.study, name="CTMS", resources=["staff"], by=manager, personal=True)
    found = re.search(r"```\n(curl -H .*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    line = found[1].replace("https://trialops.example.org", running)
    environment = {**os.environ, "TOKEN": text, "SUBJECT": str(subject.pk)}
    done = subprocess.run(["sh", "-c", line], env=environment, capture_output=True, text=True, check=True)
    assert "id" in json.loads(done.stdout)
    assert Observation.objects.get(subject=subject).fact == "ecog"


def first_line(command: list[str], token: str) -> str:
    """What a program that polls for ever prints first."""
    with subprocess.Popen(command, env={**os.environ, "TOKEN": token}, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        try:
            return program.stdout.readline()
        finally:
            program.kill()


def test_the_python_lines_print_the_counts(token: str, running: str) -> None:
    line = first_line([sys.executable, "-c", example("python", running)], token)
    assert json.loads(line)["totals"]["ever"]["enrolled"] == 1


if HAS_HTTR2:  # `make test` installs it on Debian, as root; elsewhere it says that this is not run

    def test_the_r_lines_print_the_counts(token: str, running: str) -> None:
        line = first_line(["Rscript", "-e", example("r", running)], token)
        assert json.loads(line)["totals"]["ever"]["enrolled"] == 1
