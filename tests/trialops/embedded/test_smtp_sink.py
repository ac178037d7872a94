"""The SMTP sink as its own process, spoken to over real SMTP."""

import email
import email.policy
import os
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.trialops.embedded.looking import wait_for
from trialops.embedded.demo import sink_answers
from trialops.embedded.ports import free_port
from trialops.embedded.smtp_sink import LARGEST_MESSAGE
from trialops.embedded.state import CHECKOUT


@pytest.fixture
def mails(tmp_path: Path) -> Path:
    return tmp_path / "kept mails"


@pytest.fixture
def port(mails: Path) -> Iterator[int]:
    port = free_port()
    argv = [sys.executable, "-m", "trialops.embedded.smtp_sink", "--port", str(port), "--dir", str(mails)]
    process = subprocess.Popen(argv, cwd=CHECKOUT, env=dict(os.environ), stdout=subprocess.DEVNULL)
    wait_for(lambda: sink_answers(port))
    yield port
    process.terminate()
    assert process.wait(5) == 0


def message(text: str) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = "Pregnancy test due for JAX-0001"
    mail["Message-ID"] = "<reminder-1@trialops>"
    mail.set_content(text)
    return mail


def test_a_mail_is_kept_as_it_came_with_its_envelope(port: int, mails: Path) -> None:
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.send_message(
            message("Due on Monday, 7 days before."), "trialops@localhost", ["pi@jax", "coordinator@jax"]
        )
    (path,) = mails.iterdir()
    assert path.suffix == ".eml"
    kept = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert kept.get_all("X-Envelope-To") == ["pi@jax", "coordinator@jax"]
    assert kept["X-Envelope-From"] == "trialops@localhost"
    assert kept["Subject"] == "Pregnancy test due for JAX-0001"
    assert kept["Message-ID"] == "<reminder-1@trialops>"
    assert kept.get_content().strip() == "Due on Monday, 7 days before."


def test_mails_sort_by_their_arrival(port: int, mails: Path) -> None:
    with smtplib.SMTP("127.0.0.1", port) as client:
        for number in range(5):
            client.send_message(message(f"number {number}"), "a@b", ["c@d"])
    texts = [email.message_from_bytes(path.read_bytes()).get_payload().strip() for path in sorted(mails.iterdir())]
    assert texts == [f"number {number}" for number in range(5)]


def test_a_mail_beyond_the_limit_is_refused_and_not_kept(port: int, mails: Path) -> None:
    with smtplib.SMTP("127.0.0.1", port) as client, pytest.raises(smtplib.SMTPException):
        client.send_message(oversized(), "a@b", ["c@d"])
    assert list(mails.iterdir()) == []


def oversized() -> EmailMessage:
    return message(("x" * 70 + "\n") * (LARGEST_MESSAGE // 70 + 1))


def test_a_mail_that_cannot_be_stored_is_not_acknowledged(port: int, mails: Path) -> None:
    mails.rename(mails.with_name("gone"))
    with smtplib.SMTP("127.0.0.1", port) as client, pytest.raises(smtplib.SMTPDataError, match="could not be stored"):
        client.send_message(message("lost?"), "a@b", ["c@d"])
