"""Fixtures for all tests: databases migrated by the owner and used by the app role, as in production."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test import override_settings
from hypothesis import settings as hypothesis_settings

from tests.tables import empty_all_tables, made_for_a_module
from trialops.db import as_owner
from trialops.scope import system_scope

# No test fails for being slow: the machine may be busy.
hypothesis_settings.register_profile("trialops", deadline=None)
hypothesis_settings.load_profile("trialops")


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_blocker: Any, django_db_modify_db_settings: None
) -> Iterator[None]:
    """One test database, made and migrated by the owner role; every test then works as the app role."""
    original = connection.settings_dict["NAME"]
    with django_db_blocker.unblock():
        with as_owner():
            name = connection.creation.create_test_db(verbosity=0, autoclobber=True)
        connection.settings_dict["NAME"] = name
    yield
    with django_db_blocker.unblock(), as_owner():
        connection.creation.destroy_test_db(original, verbosity=0)


@pytest.fixture
def committed_db(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Real commits, for threads and processes of their own; all tables are emptied afterwards."""
    with django_db_blocker.unblock():
        assert not connection.in_atomic_block, (
            "This test cannot stand in a module with shared rows: inside their transaction nothing is committed."
        )
        yield
        empty_all_tables()
        connection.close()


@pytest.fixture(scope="module")
def shared_world(django_db_setup: None, django_db_blocker: Any) -> Iterator[Any]:
    """The world of the authorisation table, made once for a module; `world` of each test is a copy on the same rows."""
    from tests.repo.world import make_world  # models are not ready when this module is imported

    with made_for_a_module(django_db_blocker, make_world) as made:
        yield made


@pytest.fixture
def process_env(django_db_setup: None) -> dict[str, str]:
    """The environment for a real process that works on this test session's database."""

    def with_test_database(url: str) -> str:
        parts = urlsplit(url)
        return urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))

    return {
        **os.environ,
        "DATABASE_URL": with_test_database(os.environ["DATABASE_URL"]),
        "DATABASE_OWNER_URL": with_test_database(os.environ["DATABASE_OWNER_URL"]),
    }


@pytest.fixture(autouse=True, scope="session")
def static_files_from_source() -> Iterator[None]:
    """Pages find their files without collecting and hashing them first."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain}):
        yield


@pytest.fixture(autouse=True, scope="session")
def fixtures_in_system_scope() -> Iterator[None]:
    """Also those that are made for a whole module."""
    with system_scope():
        yield


@pytest.fixture(autouse=True)
def tests_in_system_scope() -> Iterator[None]:
    """Tests call services as tasks and commands do; requests of a test's client get the scope of whoever asks."""
    with system_scope():
        yield


@pytest.fixture(autouse=True, scope="session")
def quick_password_hashes() -> Iterator[None]:
    """Factories make many users; the real hash is slow by design."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(autouse=True)
def failures_counted_in_memory() -> Iterator[None]:
    """Each test counts failed sign-ins for itself; the cache of production works on a connection of its own."""
    memory = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": uuid4().hex}
    with override_settings(CACHES={"default": memory}):
        yield


@pytest.fixture(autouse=True)
def this_process_has_just_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the tests have run: the alarm about missing sweeps is for tests of the alarm."""
    monkeypatch.setattr("trialops.health.STARTED_AT", datetime.now(UTC))


@pytest.fixture(autouse=True)
def nothing_is_kept() -> None:
    """Another test's database may have had the same study, in the same version, with other data."""
    from trialops.api.kept import kept  # settings are not ready when this module is imported

    kept.clear()


@pytest.fixture
def clock_stands_still() -> Iterator[None]:
    """At tests.people.NOW, for pages that speak of today."""
    from tests.people import NOW  # models are not ready when this module is imported

    with time_machine.travel(NOW, tick=False):
        yield
