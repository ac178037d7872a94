"""Every request has an id: a fitting one is kept, any other replaced; answers, problems and log lines carry it."""

import logging
from typing import Any

import pytest
from django.test import Client

from trialops.request_id import current, id_for


@pytest.mark.parametrize("sent", ["abcdefgh", "A-b.c_9" * 9, "0" * 64])
def test_a_fitting_id_is_kept(db: None, sent: str) -> None:
    assert Client().get("/api/v1/schema/", headers={"X-Request-Id": sent}).headers["X-Request-Id"] == sent


@pytest.mark.parametrize("sent", ["", "short", "0" * 65, "a b c d e f", "ünïcödé-ïd", "x\r\nY: z-------", "<script>"])
@pytest.mark.parametrize("path", ["/api/v1/studies/X/enrollment/", "/nowhere/", "/sign-in/", "/healthz"])
def test_any_other_is_replaced_in_every_kind_of_answer(db: None, sent: str, path: str) -> None:
    first = Client().get(path, headers={"X-Request-Id": sent}).headers["X-Request-Id"]
    assert len(first) == 32
    assert first != Client().get(path, headers={"X-Request-Id": sent}).headers["X-Request-Id"]


def test_a_log_line_carries_the_id_of_its_request(db: None, caplog: pytest.LogCaptureFixture) -> None:
    Client().get("/api/v1/nowhere/", headers={"X-Request-Id": "an-id-of-mine"})
    ids: set[Any] = {id_for(record) for record in caplog.records if "nowhere" in record.message}
    assert ids == {"an-id-of-mine"}


def test_outside_a_request_there_is_a_dash() -> None:
    record = logging.LogRecord("x", logging.INFO, "x", 1, "x", None, None)
    assert id_for(record) == id_for(None) == "-"
    assert current.get() == "-"
