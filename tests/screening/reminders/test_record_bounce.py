"""`manage.py record_bounce`: from a mail that came back to the message that it was."""

import io
import sys
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from screening.models import Message
from screening.reminders.sweeping import sweep
from tests.screening.reminders.rows import a_reminder
from tests.smtp import MailServer

pytestmark = pytest.mark.usefixtures("committed_db")


def bounce(monkeypatch: pytest.MonkeyPatch, header: str) -> None:
    stdin: Any = io.TextIOWrapper(io.BytesIO(f"{header}\r\nSubject: Undelivered\r\n\r\nNo such user\r\n".encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    call_command("record_bounce")


@pytest.mark.parametrize("header", ["To", "Delivered-To", "X-Original-To"])
def test_the_message_named_after_the_plus_sign_has_come_back(
    header: str, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    a_reminder(urgent=True)
    sweep()
    message = Message.objects.order_by("pk")[0]
    for said in ("noted", "known already"):
        bounce(monkeypatch, f"{header}: <bounces+{message.pk.hex}@example.org>")
        assert capsys.readouterr().out.strip() == said
    message.refresh_from_db()
    assert message.state == "failed"


@pytest.mark.parametrize(
    "header", ["To: bounces@example.org", f"To: bounces+{'0' * 32}@example.org", "To: bounces+zz@example.org", "X: y"]
)
def test_a_mail_of_no_message_is_said_so(header: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="no message"):
        bounce(monkeypatch, header)
