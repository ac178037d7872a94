"""Figures for Prometheus: for whoever may, without a word about anybody, and still there without a database."""

import re
from ipaddress import ip_network
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.db import connection
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from tests.screening.reminders.rows import a_reminder, in_seconds
from trialops.embedded.ports import free_port

pytestmark = pytest.mark.usefixtures("committed_db")
TOKEN = "a-token-for-figures"


@pytest.fixture(autouse=True)
def with_token(settings: Any) -> None:
    settings.METRICS_TOKEN, settings.METRICS_ALLOWED_NETWORKS = TOKEN, []


def figures() -> dict[str, float]:
    """By name and labels: each sample that is shown."""
    answer = Client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    samples = [
        sample for family in text_string_to_metric_families(answer.content.decode()) for sample in family.samples
    ]
    return {f"{sample.name}{sorted(sample.labels.items())}": sample.value for sample in samples}


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer another"}, {"Authorization": "Bearer "}])
def test_without_the_token_there_is_no_such_page(headers: dict[str, str]) -> None:
    assert Client().get("/metrics", headers=headers).status_code == 404


def test_with_neither_token_nor_networks_there_is_no_such_page(settings: Any) -> None:
    settings.METRICS_TOKEN = ""
    assert Client().get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_a_network_inside_may_read_and_nobody_through_the_proxy(settings: Any) -> None:
    settings.METRICS_ALLOWED_NETWORKS = [ip_network("10.30.0.0/24")]
    assert Client(REMOTE_ADDR="10.30.0.7").get("/metrics").status_code == 200
    assert Client(REMOTE_ADDR="10.31.0.7").get("/metrics").status_code == 404
    assert Client(REMOTE_ADDR="10.30.0.7", HTTP_X_FORWARDED_FOR="1.2.3.4").get("/metrics").status_code == 404


def test_requests_are_counted_by_route_never_by_address() -> None:
    name = "trialops_requests_total[('method', 'GET'), ('route', 'unmatched'), ('status', '404')]"
    before = figures().get(name, 0)
    Client().get("/nobody/JAX-0001/")
    now = figures()
    assert now[name] == before + 1
    assert not [label for label in now if "JAX-0001" in label]


def test_sign_ins_are_counted_by_how_they_ended() -> None:
    name = "trialops_sign_ins_total[('outcome', 'failed')]"
    before = figures().get(name, 0)
    assert authenticate(username="nobody", password="wrong") is None
    assert figures()[name] == before + 1


def test_queues_and_lateness_come_from_the_database() -> None:
    a_reminder(due_at=in_seconds(-60))
    found = figures()
    assert found["trialops_database_up[]"] == 1
    assert found["trialops_reminder_lateness_seconds[]"] > 0
    assert found["trialops_quarantine[]"] == 0
    assert found["trialops_sweep_age_seconds[]"] == -1
    assert {"trialops_messages_waiting[('channel', 'mail')]", "trialops_alarm_open[]"} <= set(found)


def test_without_a_database_the_counts_of_processes_are_still_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "PORT", free_port())
    found = figures()
    assert found["trialops_database_up[]"] == 0
    assert [name for name in found if re.match(r"trialops_request_seconds_count", name)]
    connection.close()
