"""Handing one mail to a mail server, within a total deadline; every failure comes out as a SendError."""

import contextlib
import smtplib
import socket
import ssl
from collections.abc import Mapping
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.message import sanitize_address

from screening.reminders.errors import from_mail_server
from trialops.outbound.deadline import Deadline

TOTAL_SECONDS = 40
READY = 220
SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"


def transmit(mail: EmailMessage, *, route: str = "") -> None:
    """Returns once the server has accepted the mail for its recipient. Raises SendError.

    `route` is the code of a site with a mail server of its own. The envelope's sender is the mail's `from_email`, to
    which bounces go.
    """
    server = settings.SITE_EMAIL_URLS.get(route) or default_server()
    if server["EMAIL_BACKEND"] != SMTP_BACKEND:
        mail.send()
        return
    recipients = [sanitize_address(address, "utf-8") for address in mail.to]  # domains beyond ASCII are written in it
    sender, content = parseaddr(mail.from_email)[1], _wire_format(mail)
    try:
        with Deadline(getattr(settings, "MAIL_TOTAL_SECONDS", TOTAL_SECONDS)) as deadline:
            client = _connected(server, deadline)
            try:
                client.sendmail(sender, recipients, content)
            finally:
                _leave(client, deadline)
    except (smtplib.SMTPException, OSError) as error:
        raise from_mail_server(error) from error


def _wire_format(mail: EmailMessage) -> bytes:
    message: Any = mail.message()  # Django's own classes know the line ends that SMTP needs
    return bytes(message.as_bytes(linesep="\r\n"))


def default_server() -> dict[str, Any]:
    """The mail server of EMAIL_URL."""
    names = ("BACKEND", "HOST", "PORT", "HOST_USER", "HOST_PASSWORD", "USE_TLS", "USE_SSL")
    return {f"EMAIL_{name}": getattr(settings, f"EMAIL_{name}") for name in names}


class _Client(smtplib.SMTP):
    """A client whose connection the deadline can cut; TLS from the start if asked for."""

    def __init__(self, deadline: Deadline, *, tls: ssl.SSLContext | None) -> None:
        self._deadline, self._tls = deadline, tls
        super().__init__(timeout=settings.EMAIL_TIMEOUT)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        line = socket.create_connection((host, port), timeout)
        self._deadline.watch(line)
        self._host = host
        return self._tls.wrap_socket(line, server_hostname=host) if self._tls else line


def _connected(server: Mapping[str, Any], deadline: Deadline) -> smtplib.SMTP:
    context = ssl.create_default_context()
    client = _Client(deadline, tls=context if server["EMAIL_USE_SSL"] else None)
    try:
        _greet(client, server)
        if server["EMAIL_USE_TLS"]:
            client.starttls(context=context)
        if server["EMAIL_HOST_USER"]:
            client.login(server["EMAIL_HOST_USER"], server["EMAIL_HOST_PASSWORD"])
    except BaseException:
        client.close()
        raise
    return client


def _greet(client: smtplib.SMTP, server: Mapping[str, Any]) -> None:
    code, answer = client.connect(server["EMAIL_HOST"], server["EMAIL_PORT"])
    if code != READY:
        raise smtplib.SMTPConnectError(code, answer)


def _leave(client: smtplib.SMTP, deadline: Deadline) -> None:
    """Part politely; what the server makes of that no longer matters to the mail."""
    with contextlib.suppress(smtplib.SMTPException, OSError):
        if not deadline.expired:
            if client.sock is not None:
                client.sock.settimeout(2)
            client.quit()
    client.close()
