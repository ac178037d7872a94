"""Requests that no browser sends get an answer that helps, never an error of the server."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/", "/sign-in/", "/admin/", "/nope", "/healthz", "/api/v1/studies/NCT1/enrollment/"])
def test_a_cookie_with_nul_is_as_good_as_none(client: Client, path: str) -> None:
    without = client.get(path).status_code
    client.cookies["sessionid"] = "\x00aaaaaaaaaaaa"
    assert client.get(path).status_code == without


def test_a_form_said_to_be_in_another_encoding_is_read_as_utf_8(client: Client) -> None:
    for charset in ("utf-16", "utf-7", "idna", "nope"):
        kind = f"application/x-www-form-urlencoded; charset={charset}"
        answer = client.generic("POST", "/sign-in/", b"username=x&password=y", content_type=kind)
        assert answer.status_code in {200, 400}, charset


def test_nul_in_an_address_is_refused(client: Client) -> None:
    assert client.get("/sign-in/?next=%00").status_code == 400
