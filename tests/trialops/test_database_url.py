"""Addresses of the database: what is wrong is said with an example and without the password."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from trialops.database_url import postgresql


def test_an_address_of_postgresql_is_read() -> None:
    parsed = postgresql("DATABASE_URL", "postgresql://app:secret@db.example:5433/trialops")
    assert (parsed["NAME"], parsed["HOST"], parsed["PORT"], parsed["USER"]) == ("trialops", "db.example", 5433, "app")


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("garbage", "is no address"),
        ("sqlite:///x.db", "begins with “sqlite:”, but only PostgreSQL"),
        ("mysql://root:secret@db/x", "begins with “mysql:”"),
        ("postgresql://app:secret@db", "names no database"),
        ("postgresql://app:secret@db:port/x", "cannot be read"),
    ],
)
def test_another_address_is_refused_with_an_example(address: str, problem: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        postgresql("DATABASE_URL", address)
    assert problem in str(refused.value)
    assert "postgresql://USER:PASSWORD@HOST:5432/NAME" in str(refused.value)
    assert "secret" not in str(refused.value)
