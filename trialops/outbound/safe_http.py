"""Calling an address that somebody typed, without ever reaching into the own network.

The name is resolved once, every address is checked, and the connection goes to an address that was checked: a name
that resolves differently a moment later changes nothing. Redirects are not followed. Private, loopback, link-local and
other special addresses, also inside an IPv6 one, are refused unless the configuration allows their network.
"""

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from trialops.outbound.deadline import Deadline

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
TOTAL_SECONDS = 20
SECONDS_OF_SILENCE = 10
LARGEST_ANSWER = 65536
NAT64 = ipaddress.ip_network("64:ff9b::/96")


class RefusedAddressError(ValueError):
    """An address that may not be called; the text says why and is for people."""


@dataclass(frozen=True)
class Target:
    """Where to call: the parts of the address, and the network addresses that may be connected to."""

    url: SplitResult
    port: int
    addresses: tuple[str, ...]


def target_of(url: str) -> Target:
    """The checked target of a URL. Raises RefusedAddressError; OSError when the name cannot be resolved."""
    parts = _checked_parts(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    host = parts.hostname or ""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    addresses = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
    for text in addresses:
        refuse_inside(ipaddress.ip_address(text.partition("%")[0]), host)
    return Target(parts, port, addresses)


def refuse_inside(address: Address, host: str) -> None:
    """Raises RefusedAddressError for an address inside, whatever it is wrapped in."""
    for each in _judged(address):
        if each.is_global and not each.is_multicast:
            continue
        if not any(each in network for network in settings.WEBHOOK_ALLOWED_NETWORKS):
            raise RefusedAddressError(
                _(
                    "%(host)s leads to %(address)s, which is not a public address. An administrator can "
                    "allow its network."
                )
                % {"host": host, "address": address}
            )


def post(url: str, body: bytes, headers: Mapping[str, str], *, seconds: float = TOTAL_SECONDS) -> int:
    """POST to a checked target; returns the status of its answer. Raises RefusedAddressError or OSError."""
    target = target_of(url)
    path = (target.url.path or "/") + (f"?{target.url.query}" if target.url.query else "")
    try:
        with Deadline(seconds) as deadline:
            connection = _Pinned(target, deadline)
            try:
                connection.request("POST", path, body=body, headers=dict(headers))
                answer = connection.getresponse()
                answer.read(LARGEST_ANSWER)
                return answer.status
            finally:
                connection.close()
    except http.client.HTTPException as error:
        raise ConnectionError(type(error).__name__) from error


class _Pinned(http.client.HTTPConnection):
    """A connection to the checked addresses alone, with TLS for the name in the URL."""

    def __init__(self, target: Target, deadline: Deadline) -> None:
        super().__init__(target.url.hostname or "", target.port, timeout=SECONDS_OF_SILENCE)
        self._target, self._deadline = target, deadline
        self._context = ssl.create_default_context() if target.url.scheme == "https" else None

    def connect(self) -> None:
        line = _first_that_answers(self._target.addresses, self._target.port)
        self._deadline.watch(line)
        self.sock = self._context.wrap_socket(line, server_hostname=self.host) if self._context else line


def _first_that_answers(addresses: Sequence[str], port: int) -> socket.socket:
    failure: OSError = ConnectionError("no address")
    for address in addresses:
        try:
            return socket.create_connection((address, port), SECONDS_OF_SILENCE)
        except OSError as error:
            failure = error
    raise failure


def _checked_parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise RefusedAddressError(_("This is not an address that can be called.")) from None
    schemes = {"https", "http"} if settings.WEBHOOK_ALLOWED_NETWORKS else {"https"}
    if parts.scheme not in schemes or not parts.hostname or port == 0:
        raise RefusedAddressError(_("An address that begins with https:// is needed."))
    if parts.username or parts.password:
        raise RefusedAddressError(_("Leave user and password out of the address; calls are signed instead."))
    return parts


def _judged(address: Address) -> list[Address]:
    """What has to be public: the address itself, or the IPv4 ones that an IPv6 address leads to.

    Mapped addresses and NAT64 stand for an IPv4 address; 6to4, Teredo and the old compatible form hold one besides.
    """
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    last = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address in NAT64:
        return [last]
    inner: list[Address] = [*(address.teredo or ()), *([address.sixtofour] if address.sixtofour else [])]
    return [address, *inner, *([last] if int(address) < 1 << 32 else [])]
