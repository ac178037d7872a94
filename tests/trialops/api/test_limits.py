"""The limit of each token: exact under parallel requests, told in headers, and open when Redis is away."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import redis
from django.test import Client

from sites.models import Study
from sites.services import issue_token
from tests.factories import StudyFactory
from trialops.api import limits

NOW = datetime(2026, 3, 2, 3, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def fresh_client() -> Iterator[None]:
    def forget() -> None:
        limits.client.cache_clear()
        limits._spend.cache_clear()
        limits.breaker.worked()

    forget()
    yield
    forget()


@pytest.fixture
def study(db: None) -> Study:
    return StudyFactory()


@pytest.fixture
def token(study: Study) -> str:
    return issue_token(study=study, name="poller")[1]


def polled(study: Study, token: str, **headers: str) -> Any:
    return Client().get(
        f"/api/v1/studies/{study.registry_id}/enrollment/", headers={"Authorization": f"Bearer {token}", **headers}
    )


def test_an_answer_costs_five_units_and_a_304_one(study: Study, token: str, settings: Any) -> None:
    settings.API_UNITS_PER_MINUTE = 100
    first = polled(study, token)
    assert first.headers["RateLimit-Policy"] == '"token";q=100;w=60'
    assert first.headers["RateLimit"].startswith('"token";r=95;t=')
    unchanged = polled(study, token, **{"If-None-Match": first.headers["ETag"]})
    assert unchanged.status_code == 304
    assert unchanged.headers["RateLimit"].startswith('"token";r=94;t=')


def test_beyond_its_units_a_token_is_told_when_to_go_on_and_others_go_on(
    study: Study, token: str, settings: Any
) -> None:
    settings.API_UNITS_PER_MINUTE = 12
    etag = polled(study, token).headers["ETag"]
    assert polled(study, token).status_code == 200
    refused = polled(study, token)
    assert refused.status_code == 429
    assert refused.json()["title"] == "Too Many Requests"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.headers["RateLimit"].startswith('"token";r=2;t=')
    assert polled(study, token, **{"If-None-Match": etag}).status_code == 304
    assert polled(study, issue_token(study=study, name="other")[1]).status_code == 200


def test_a_forged_address_of_the_sender_changes_nothing(study: Study, token: str, settings: Any) -> None:
    settings.API_UNITS_PER_MINUTE = 5
    assert polled(study, token).status_code == 200
    assert polled(study, token, **{"X-Forwarded-For": "203.0.113.9"}).status_code == 429


def test_fifty_at_once_are_granted_exactly_what_the_limit_allows(settings: Any) -> None:
    settings.API_UNITS_PER_MINUTE = 100
    begin, granted = threading.Barrier(50), []

    def ask() -> None:
        begin.wait(30)
        allowance = limits.spend("fifty at once", 5, now=NOW)
        granted.append(allowance is not None and allowance.granted)

    threads = [threading.Thread(target=ask) for _ in range(50)]
    limits.client().delete("trialops:units:{fifty at once}")
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert granted.count(True) == 20
    assert len(granted) == 50


def test_use_is_counted_by_kind(study: Study, token: str) -> None:
    before = limits.use_on("counted", NOW)
    limits.spend("counted", limits.UNITS_OF_AN_ANSWER, now=NOW)
    limits.spend("counted", limits.UNITS_OF_A_304, now=NOW)
    after = limits.use_on("counted", NOW)
    assert before is not None
    assert after == {kind: before.get(kind, 0) + 1 for kind in ("answers", "unchanged")}


def test_a_request_makes_one_round_trip_to_redis(study: Study, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    polled(study, token)
    sent: list[str] = []
    send = redis.connection.AbstractConnection.send_command

    def counted(self: Any, *args: Any, **kwargs: Any) -> None:
        sent.append(str(args[0]))
        send(self, *args, **kwargs)

    monkeypatch.setattr(redis.connection.AbstractConnection, "send_command", counted)
    for _ in range(3):
        assert polled(study, token).status_code == 200
    assert sent == ["EVALSHA"] * 3


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "redis://not-a-host.invalid:6379/0"])
def test_without_redis_answers_are_open_right_and_asked_for_only_now_and_then(
    study: Study, token: str, settings: Any, url: str, django_assert_num_queries: Callable[..., Any]
) -> None:
    settings.REDIS_URL = url
    settings.API_UNITS_PER_MINUTE = 5
    tried: list[int] = []
    real = limits._spend()

    def counted(**kwargs: Any) -> Any:
        tried.append(1)
        return real(**kwargs)

    limits._spend.cache_clear()
    patch = pytest.MonkeyPatch()
    patch.setattr(limits, "_spend", lambda: counted)
    try:
        etag = polled(study, token).headers["ETag"]
        for _ in range(20):
            answer = polled(study, token, **{"If-None-Match": etag})
            assert answer.status_code == 304
            assert "RateLimit" not in answer.headers
            assert answer.headers["RateLimit-Policy"] == '"token";q=5;w=60'
    finally:
        patch.undo()
    assert len(tried) == 1
    assert limits.use_on("anybody", NOW) is None


def test_a_revoked_token_is_refused_without_redis_too(study: Study, token: str, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert polled(study, token).status_code == 200
    study.api_tokens.all().delete()
    assert polled(study, token).status_code == 401


def test_after_a_failure_one_asks_again_and_a_success_opens_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    breaker = limits.Breaker()
    breaker.failed()
    assert not breaker.may_try()
    clock[0] += limits.SECONDS_BETWEEN_TRIES
    assert breaker.may_try()
    assert not breaker.may_try()  # another one, while the first one asks
    breaker.worked()
    assert breaker.may_try()
