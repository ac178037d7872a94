"""Traces and error reports as a collector gets them: with the request's id, and nothing that somebody typed."""

import gzip
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from sites.models import Membership
from sites.tokens import issue_token
from tests.faults.processes import Processes, celery_processes
from tests.http_receiver import receiver
from tests.people import member
from tests.screening.study import open_reference_site
from trialops.embedded.ports import free_port

pytestmark = [pytest.mark.usefixtures("committed_db"), pytest.mark.faults]
REASON, PATH, QUERY, AGENT, BIRTH_YEAR = "canary-reason", "canary-path", "canary-query", "canary-agent", 1937
TYPED = [REASON, PATH, QUERY, AGENT, str(BIRTH_YEAR), "127.0.0.1"]
SUBJECTS = "/api/v1/studies/NCT03464916/sites/JAX/subjects/"
SECONDS = 60
SESSION = "canarysession0123456789canary012"
"""Is looked up in the database, whatever the address."""


@pytest.fixture
def collector() -> Iterator[Any]:
    with receiver() as server:
        yield server


@pytest.fixture
def watched(collector: Any, process_env: dict[str, str], tmp_path: Path) -> Iterator[Processes]:
    """Processes that send their traces and reports to the collector."""
    port = collector.server_address[1]
    told = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "SENTRY_DSN": f"http://key@127.0.0.1:{port}/1",
    }
    with celery_processes(process_env | told, tmp_path) as processes:
        yield processes


def asked(
    port: int, path: str, body: dict[str, Any] | None = None, *, request_id: str, token: str = "", session: str = ""
) -> int:
    headers = {
        "X-Request-Id": request_id, "User-Agent": AGENT, "Authorization": f"Bearer {token}",
        "Content-Type": "application/json", "Cookie": f"sessionid={session}",
    }  # fmt: skip
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, headers)
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310  of this test
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def until(condition: Callable[[], bool], processes: Processes) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, processes.tails()
        time.sleep(0.1)


def begun(processes: Processes) -> int:
    port = free_port()
    processes.web(port)

    def answers() -> bool:
        try:
            return asked(port, "/healthz/live", request_id="is-it-there") == 200
        except OSError:
            return False

    until(answers, processes)
    return port


def spans_in(collector: Any) -> list[Any]:
    """Every span so far, as OTLP has it."""
    found = []
    for _headers, body in list(collector.received):
        if b"trialops-web" in body and not body.startswith(b"\x1f\x8b"):
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                found += [span for scope in resource.scope_spans for span in scope.spans]
    return found


def ids_of(spans: list[Any]) -> set[str]:
    return {each.value.string_value for span in spans for each in span.attributes if each.key == "request_id"}


def found_in(text: str, *canaries: str) -> list[str]:
    """Those that stand in a text as words: a time in nanoseconds or an id may well hold the four digits of a year."""
    return [canary for canary in canaries if re.search(rf"(?<!\w){re.escape(canary)}(?!\w)", text)]


def reports_in(collector: Any) -> list[str]:
    """What went to Sentry, uncompressed."""
    envelopes = [body for headers, body in list(collector.received) if headers.get("x-sentry-auth")]
    return [(gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body).decode() for body in envelopes]


def test_a_trace_names_the_request_and_its_queries_and_tells_nothing_typed(collector: Any, watched: Processes) -> None:
    site = open_reference_site("JAX")
    by = member(Membership.Role.STUDY_MANAGER, study=site.study)
    _, token = issue_token(study=site.study, name="staff", resources=["staff"], by=by, personal=True)
    port = begun(watched)
    entered = {"sex": "female", "birth_year": BIRTH_YEAR}
    assert asked(port, SUBJECTS, entered, request_id="the-first-one", token=token) == 201
    left = f"/api/v1/subjects/{site.subjects.get().pk}/state-changes/"
    gone = {"action": "withdraw", "on": "2099-01-01", "reason": REASON}
    assert asked(port, left, gone, request_id="the-second-one", token=token) == 400
    assert asked(port, f"/api/v1/{PATH}/?q={QUERY}", request_id="the-third-one") == 404
    until(lambda: {"the-first-one", "the-second-one", "the-third-one"} <= ids_of(spans_in(collector)), watched)

    spans = spans_in(collector)
    statements = [each.value.string_value for span in spans for each in span.attributes if each.key == "db.statement"]
    assert any("INSERT INTO" in said for said in statements), statements[:20]
    assert found_in("".join(map(str, spans)), *TYPED, SESSION, token, by.username) == []


def test_a_report_names_the_request_and_the_kind_and_tells_nothing_typed(collector: Any, watched: Processes) -> None:
    gone = urlsplit(watched.env["DATABASE_URL"])
    address = gone._replace(netloc=gone.netloc.replace(str(gone.port), str(free_port())))
    lost = Processes({**watched.env, "DATABASE_URL": address.geturl()}, watched.logs, watched.started)
    port = begun(lost)
    token = "trialops_canary_token"
    status = asked(port, f"{SUBJECTS}?q={QUERY}", {"comment": REASON}, request_id="the-lost-one", token=token)
    assert status == 503
    assert asked(port, f"/api/v1/{PATH}/?q={QUERY}", request_id="the-strange-one", session=SESSION) == 503
    for one in ("the-lost-one", "the-strange-one"):
        until(lambda: any(one in report for report in reports_in(collector)), lost)  # noqa: B023
    until(lambda: "the-lost-one" in ids_of(spans_in(collector)), lost)

    reports = "".join(reports_in(collector))
    assert "django.db.utils.OperationalError" in reports
    everything = reports + "".join(map(str, spans_in(collector)))
    assert [canary for canary in (REASON, PATH, QUERY, AGENT, SESSION, token) if canary in everything] == []
    assert "connection refused" not in everything.lower()
