"""Bearer tokens: looked up by their digest in one query, whatever the account holds besides."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from sites.models import ApiToken
from sites.services import issue_token
from tests.factories import StudyFactory
from trialops.api.authentication import BearerTokenAuthentication

EVERYTHING = ("enrollment", "screen_failures", "sites", "changes")


def asked_with(header: str | None) -> Any:
    headers = {} if header is None else {"Authorization": header}
    return BearerTokenAuthentication().authenticate(Request(APIRequestFactory().get("/", headers=headers)))


def test_one_query_finds_the_token_its_account_and_its_study_among_many(
    db: None, django_assert_num_queries: Callable[..., Any]
) -> None:
    study = StudyFactory()
    texts = [issue_token(study=study, name=f"token {n}", expires_in_days=1)[1] for n in range(5)]
    ApiToken.objects.exclude(name="token 2").update(expiry="2020-01-01T00:00Z")
    with django_assert_num_queries(1):
        user, token = asked_with(f"Bearer {texts[2]}")
    assert user is token
    assert (token.study_id, token.registry_id, token.resources) == (study.pk, study.registry_id, EVERYTHING)
    assert token.digest == ApiToken.objects.get(name="token 2").digest
    assert ApiToken.objects.count() == 5


def test_only_a_digest_of_the_token_is_stored(db: None) -> None:
    row, text = issue_token(study=StudyFactory(), name="poller")
    stored = ApiToken.objects.values().get(pk=row.pk)
    secret = text.removeprefix("trialops_")
    assert text.startswith("trialops_")
    assert not any(secret[8:] in str(value) for value in stored.values())


@pytest.mark.parametrize("header", [None, "", "Basic dXNlcjpwYXNz", "Digest x"])
def test_another_scheme_is_left_to_other_authenticators(db: None, header: str | None) -> None:
    assert asked_with(header) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-1],
        lambda text: text + "0",
        lambda text: text.upper(),
        lambda text: text.removeprefix("trialops_"),
        lambda text: text[:15] + "0" * (len(text) - 15),
    ],
)
def test_a_token_with_one_difference_is_refused(db: None, change: Callable[[str], str]) -> None:
    text = issue_token(study=StudyFactory(), name="poller")[1]
    with pytest.raises(AuthenticationFailed):
        asked_with(f"Bearer {change(text)}")


def test_a_token_ends_at_the_very_moment_of_its_expiry(db: None, time_machine: Any) -> None:
    time_machine.move_to("2026-03-02T12:00:00Z", tick=False)
    row, text = issue_token(study=StudyFactory(), name="poller", expires_in_days=1)
    assert row.expiry is not None
    time_machine.move_to(row.expiry - timedelta(seconds=1), tick=False)
    assert asked_with(f"Bearer {text}") is not None
    time_machine.move_to(row.expiry, tick=False)
    with pytest.raises(AuthenticationFailed):
        asked_with(f"Bearer {text}")
