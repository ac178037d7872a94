"""A real mail server, to which the application is pointed."""

from collections.abc import Iterator

import pytest
from django.conf import LazySettings

from tests.smtp import MailServer, running_mail_server


@pytest.fixture
def mail_server(settings: LazySettings) -> Iterator[MailServer]:
    with running_mail_server() as mail:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", mail.port
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        yield mail
