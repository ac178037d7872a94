"""Whatever is sent to any form: it is answered, and what is refused has stored nothing, not even in part."""

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import UserFactory
from tests.repo.test_authorisation_table import ROLES, TABLE, filled
from tests.repo.world import World, make_world
from trialops.audit.models import Event

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_stands_still")]

FORMS = [route for route, methods in TABLE.items() if "POST" in methods and not route.startswith("api/")]
"""The API is tried by its own description."""
OF_A_PERSON = ("sign-", "password/", "account/")
"""These begin and end a person's session: each is sent by a browser of its own."""
ASKERS = ("coordinator", "pi", "manager")
COMMON = ["reason", "text", "question", "password", "code", "shown", "seen", "on", "unknown"]
ANSWERED = {200, 302, 400, 404, 409, 413}
REFUSED = {400, 404, 409, 413}

LONG, DIGITS = "x" * 5_000, "9" * 400
HOSTILE = ["\x00", "=1+1", LONG, DIGITS, "-1", "1e999", "NaN", "2026-02-30", "9999-12-31", "0001-01-01", "٧", "new",
           "<b>", "../..", "null", "[]", "true", "on", "2026-11-20", "1", "yes"]  # fmt: skip
VALUES = st.sampled_from(HOSTILE) | st.text(max_size=30)
FILES = st.binary(max_size=200) | st.sampled_from([
    b"", b"PK\x03\x04", b"[{", b'{"resourceType": "Bundle"}', b"\xff\xfe\x00", b"subject,fact\nnew,\x00\n",
    b"subject,fact,value,on\nnew,ecog,1,2026-11-20\n",
])  # fmt: skip


@pytest.fixture
def world(settings: Any) -> World:
    settings.ACCOUNT_RATE_LIMITS = False  # here one person asks faster than any hand types
    return make_world()


@pytest.fixture
def asked(world: World) -> dict[str, tuple[Client, str, list[str]]]:
    """Address to who may send its form, where, and the names of its fields and the values that it offers."""
    return {route: _asked(world, route) for route in FORMS}


def _asked(world: World, route: str) -> tuple[Client, str, list[str]]:
    row = dict(zip(ROLES, TABLE[route]["POST"].split(), strict=True))
    asker = next((role for role in ASKERS if row[role] == "ok"), None)
    client = Client() if asker is None or route.startswith(OF_A_PERSON) else world.askers[asker][0]
    if client.session.is_empty():
        client.force_login(UserFactory(is_superuser=asker is None))
    client.raise_request_exception = False
    path = filled(route, world.here.values())
    names = list(COMMON)
    if "GET" in TABLE[route]:
        page = client.get(path).content.decode()
        names += re.findall(r'<(?:input|select|textarea)[^>]* name="([^"]+)"', page)
    return client, path, sorted(set(names) - {"csrfmiddlewaretoken"})


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_every_form_answers_whatever_is_sent_and_stores_all_or_nothing(
    asked: dict[str, tuple[Client, str, list[str]]], data: st.DataObject
) -> None:
    for route, (client, path, names) in asked.items():
        typed: dict[str, Any] = data.draw(st.dictionaries(st.sampled_from(names), VALUES, max_size=8), label=route)
        if "file" in names:
            typed["file"] = SimpleUploadedFile("some.csv", data.draw(FILES, label="file"))
        latest = Event.objects.latest("id").pk
        with transaction.atomic():
            answer = client.post(path, typed)
            stored = Event.objects.filter(id__gt=latest).exclude(action="read").count()
            transaction.set_rollback(True)
        assert answer.status_code in ANSWERED, (route, answer.status_code)
        assert answer.status_code not in REFUSED or not stored, (route, answer.status_code, stored)


def test_there_are_as_many_forms_as_the_table_has() -> None:
    assert len(FORMS) > 30
