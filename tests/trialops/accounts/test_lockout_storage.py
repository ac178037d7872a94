"""Where failures are counted in production: in the database, beside whatever transaction fails with them."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, connections, transaction
from django.test import Client, override_settings

from tests.factories import UserFactory
from trialops.accounts.credentials import check_credentials

PRODUCTION = settings.CACHES
PASSWORD = "a-password-for-tests"


@pytest.fixture
def as_in_production(committed_db: None) -> Iterator[None]:
    connections["apart"].settings_dict["NAME"] = connection.settings_dict["NAME"]
    with override_settings(CACHES=PRODUCTION):
        yield
    connections["apart"].close()


def wrong_inside_a_transaction(user: Any) -> None:
    with pytest.raises(ValidationError), transaction.atomic():
        check_credentials(user=user, password="wrong")


def test_a_failure_counts_although_the_transaction_around_it_is_rolled_back(as_in_production: None) -> None:
    user = UserFactory(username="somebody")
    for _ in range(5):
        wrong_inside_a_transaction(user)
    with pytest.raises(ValidationError) as refused:
        check_credentials(user=user, password=PASSWORD)
    assert "Too many" in refused.value.message_dict["password"][0]


@override_settings(CELERY_BROKER_URL="redis://127.0.0.1:9/0", REDIS_URL="redis://127.0.0.1:9/0")
def test_signing_in_and_the_lockout_need_no_redis(as_in_production: None) -> None:
    UserFactory(username="somebody")
    UserFactory(username="other")
    assert Client().post("/sign-in/", {"username": "other", "password": PASSWORD}).status_code == 302
    for _ in range(5):
        Client().post("/sign-in/", {"username": "somebody", "password": "wrong"})
    assert Client().post("/sign-in/", {"username": "somebody", "password": PASSWORD}).status_code == 200


def test_the_cache_of_production_is_the_table_that_migrate_makes(as_in_production: None) -> None:
    assert PRODUCTION["default"]["BACKEND"].endswith("DatabaseCache")
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)::text", [PRODUCTION["default"]["LOCATION"]])
        assert cursor.fetchone() == (PRODUCTION["default"]["LOCATION"],)
