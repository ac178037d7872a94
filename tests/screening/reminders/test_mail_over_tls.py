"""Mail servers named by smtp+tls:// and smtp+ssl:// get the mail encrypted, to the host that the address names."""

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core.mail import EmailMessage

from screening.reminders.errors import SendError
from screening.reminders.smtp import transmit
from trialops.addresses import mail_server, mail_servers_of_sites
from trialops.embedded.ports import free_port


class Ciphers:
    """Notes for each accepted mail by which cipher it came; None: by none."""

    def __init__(self) -> None:
        self.found: list[str | None] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        transport: Any = server.transport
        cipher = transport.get_extra_info("cipher")
        self.found.append(cipher[0] if cipher else None)
        return "250 OK"


class FromTheStart(Controller):
    """TLS from the start; the controller's own trial connection would shake hands as a server, as it answers."""

    def _trigger_server(self) -> None:
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection((self.hostname, self.port)) as line, trusting.wrap_socket(line) as first:
            first.recv(64)


def self_signed(directory: Path) -> Path:
    """A certificate for 127.0.0.1 with its key, in one file."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=True)
        .sign(key, SHA256())
    )  # fmt: skip
    path = directory / "certificate.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate.public_bytes(Encoding.PEM)
    )
    return path


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return self_signed(tmp_path)


@pytest.fixture(params=["smtp+tls", "smtp+ssl"])
def server(request: pytest.FixtureRequest, certificate: Path, settings: Any) -> Iterator[Ciphers]:
    """A server that takes mail by TLS alone, and the settings that an address of this scheme makes."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    seen, port = Ciphers(), free_port()
    if request.param == "smtp+tls":
        kind, how = Controller, {"tls_context": context, "require_starttls": True}
    else:
        kind, how = FromTheStart, {"ssl_context": context}
    controller = kind(seen, hostname="127.0.0.1", port=port, **how)
    controller.start()
    address = f"{request.param}://127.0.0.1:{port}"
    for name, value in mail_server(address).items():
        setattr(settings, name, value)
    settings.SITE_EMAIL_URLS = mail_servers_of_sites(f"JAX={address}")
    yield seen
    controller.stop()


@pytest.mark.parametrize("route", ["", "JAX"])
def test_mail_goes_encrypted(server: Ciphers, certificate: Path, route: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    transmit(EmailMessage("a", "b", "from@example.org", ["to@example.org"]), route=route)
    assert len(server.found) == 1
    assert server.found[0] is not None


def test_a_certificate_that_nobody_vouches_for_gets_no_mail(server: Ciphers) -> None:
    with pytest.raises(SendError):
        transmit(EmailMessage("a", "b", "from@example.org", ["to@example.org"]))
    assert server.found == []
