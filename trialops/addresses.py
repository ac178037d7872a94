"""Addresses of servers and networks, read for the settings; no message repeats one, since it may hold a password."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import dj_email_url
from django.core.exceptions import ImproperlyConfigured

SECURITY = {"": 25, "tls": 587, "ssl": 465}
"""By what stands after the plus sign of a scheme, which dj_email_url does not know: the usual port."""


def with_password(address: str, password: str) -> str:
    """The address with this password put in, if it names a server and has none."""
    try:
        parts = urlsplit(address)
    except ValueError:  # said where the address is read
        return address
    if not address or not password or parts.password is not None or not parts.netloc:
        return address
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}"))


def mail_server(address: str) -> dict[str, Any]:
    """Django's mail settings for an address. Raises ImproperlyConfigured for one that names no mail server."""
    scheme = urlsplit(address).scheme
    plain, _, security = scheme.partition("+")
    if plain not in dj_email_url.SCHEMES or security not in SECURITY:
        raise ImproperlyConfigured(f"begins with “{scheme}:”, which is no kind of mail server")
    server = dict(dj_email_url.parse(f"{plain}{address.removeprefix(scheme)}"))
    if security:
        server |= {"EMAIL_USE_TLS": security == "tls", "EMAIL_USE_SSL": security == "ssl"}
        server["EMAIL_PORT"] = urlsplit(address).port or SECURITY[security]
    return server


def mail_servers_of_sites(text: str) -> dict[str, dict[str, Any]]:
    """By site code: the mail servers of SITE=ADDRESS, with commas between them."""
    servers = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        site, equals, address = entry.partition("=")
        if not equals or not site:
            raise ImproperlyConfigured("has an entry without a site code before its address")
        servers[site] = mail_server(address)
    return servers


def by_study(text: str) -> dict[str, str]:
    """By registry id: the mail addresses of STUDY=ADDRESS, with commas between them."""
    found = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        study, equals, address = entry.partition("=")
        if not equals or not study or "@" not in address:
            raise ImproperlyConfigured("has an entry that is not STUDY=ADDRESS")
        found[study.strip()] = address.strip()
    return found


def networks(text: str) -> list[IPv4Network | IPv6Network]:
    """Networks in the usual notation, with commas between them. Raises ValueError."""
    return [ip_network(part.strip()) for part in text.split(",") if part.strip()]
