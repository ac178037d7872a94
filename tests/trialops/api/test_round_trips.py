"""A poll that finds nothing new is one round trip to the database, as its protocol shows; and it leaves no scope."""

import tempfile
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.utils import timezone
from psycopg.pq import Trace

from sites.models import Membership, Study
from sites.tokens import issue_token
from tests.factories import SiteFactory, StudyFactory
from tests.people import Role, member
from trialops.api.authentication import principal_of
from trialops.scope import NOBODY, scoped


def round_trips(work: Callable[[], object]) -> int:
    """How often this process asked the server and waited while `work` ran, from libpq's own trace."""
    connection.ensure_connection()
    pgconn: Any = connection.connection.pgconn
    with tempfile.TemporaryFile() as file:
        pgconn.trace(file.fileno())
        pgconn.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS)
        try:
            work()
        finally:
            pgconn.untrace()
        file.seek(0)
        messages = [line.split("\t") for line in file.read().decode(errors="replace").splitlines()]
    return sum(parts[0] == "F" and parts[2].split()[0] in {"Query", "Sync"} for parts in messages if len(parts) > 2)


def personal_token(study: Study) -> str:
    """One whose look-up has to see a membership."""
    return issue_token(study=study, name="poller", by=member(Role.SPONSOR, study=study), personal=True)[1]


def test_a_304_and_a_kept_answer_are_one_round_trip_each(committed_db: None) -> None:
    study = SiteFactory().study
    headers = {"Authorization": f"Bearer {personal_token(study)}"}
    address = f"/api/v1/studies/{study.registry_id}/enrollment/"
    etag = Client().get(address, headers=headers)["ETag"]
    answers: list[Any] = []
    with scoped(None):
        unchanged = round_trips(
            lambda: answers.append(Client().get(address, headers={**headers, "If-None-Match": etag}))
        )
        kept = round_trips(lambda: answers.append(Client().get(address, headers=headers)))
    assert [answer.status_code for answer in answers] == [304, 200]
    assert (unchanged, kept) == (1, 1)


def test_the_look_up_sees_memberships_and_nobody_sees_them_after_it(db: None) -> None:
    token = personal_token(StudyFactory())
    with scoped(NOBODY), transaction.atomic():
        assert not Membership.objects.exists()
        assert principal_of(token.encode(), now=timezone.now()) is not None
        assert not Membership.objects.exists()


def test_a_kept_answer_looks_like_the_one_that_took_the_long_way(db: None) -> None:
    study = SiteFactory().study
    headers = {"Authorization": f"Bearer {personal_token(study)}", "X-Request-Id": "the-same-for-both"}
    address = f"/api/v1/studies/{study.registry_id}/enrollment/"
    made, kept = (Client().get(address, headers=headers) for _ in range(2))
    told = [{**answer.headers, "RateLimit": "", "Allow": ""} for answer in (made, kept)]  # Allow is DRF's own
    assert made.content == kept.content
    assert told[0] == told[1]


def test_a_kept_answer_is_given_without_looking_for_a_person(db: None, settings: Any) -> None:
    study = SiteFactory().study
    headers = {"Authorization": f"Bearer {personal_token(study)}"}
    address = f"/api/v1/studies/{study.registry_id}/enrollment/"
    assert Client().get(address, headers=headers).status_code == 200
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "tests.trialops.api.test_round_trips.nothing_further"]
    assert Client().get(address, headers=headers).status_code == 200
    assert Client().get(address).status_code == 418
    assert Client().get(address, headers={"Authorization": "Bearer to_unknown"}).status_code == 418


def test_a_name_that_is_not_ours_gets_no_kept_answer(db: None, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    study = SiteFactory().study
    headers = {"Authorization": f"Bearer {personal_token(study)}"}
    address = f"/api/v1/studies/{study.registry_id}/enrollment/"
    assert [Client().get(address, headers={**headers, **host}).status_code for host in ({}, {"Host": "elsewhere"})] == [
        200,
        400,
    ]


def nothing_further(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """A middleware after all others that answers by itself."""
    return lambda request: HttpResponse(status=418)
