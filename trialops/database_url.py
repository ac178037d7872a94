"""Addresses of the database, read for the settings; what is wrong with one is said with an example."""

from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

EXAMPLE = "postgresql://USER:PASSWORD@HOST:5432/NAME"


def postgresql(variable: str, address: str) -> dict[str, Any]:
    """Django's database settings for the address that a variable holds. Raises ImproperlyConfigured.

    The message never repeats the address: it holds a password.
    """
    try:
        scheme = urlsplit(address).scheme
        parsed = dict(dj_database_url.parse(address)) if scheme in {"postgresql", "postgres"} else {}
    except (ValueError, KeyError) as error:
        raise ImproperlyConfigured(f"{variable} cannot be read; accepted: {EXAMPLE}.") from error
    if not parsed:
        found = f"begins with “{scheme}:”" if scheme else "is no address"
        raise ImproperlyConfigured(f"{variable} {found}, but only PostgreSQL is supported; accepted: {EXAMPLE}.")
    if not parsed.get("NAME"):
        raise ImproperlyConfigured(f"{variable} names no database; accepted: {EXAMPLE}.")
    parsed.setdefault("OPTIONS", {})
    return parsed
