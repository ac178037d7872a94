"""A mail server for tests: real SMTP on a free port, keeping what it accepts and failing as it is told to."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from trialops.embedded.ports import free_port

ACCEPTED = "250 Message accepted"


@dataclass
class Received:
    """One accepted message with its envelope."""

    message: EmailMessage
    recipients: list[str]
    sender: str = ""

    @property
    def message_id(self) -> str:
        return str(self.message["Message-ID"])

    def part(self, kind: str) -> str:
        """The text of the part of one kind: "plain" or "html"."""
        found = self.message.get_body((kind,))
        assert found is not None
        content = found.get_content()
        assert isinstance(content, str)
        return content


@dataclass
class MailServer:
    """What the server accepted. `answers` are given to the next messages instead of accepting them;
    `before_answer` is called when a message has arrived and is not yet answered; `refused` are addresses it refuses;
    recipients of the domain, or at the address, `hang_for` are never answered. `loses_reply` is asked with the number
    of the accepted message whether the connection breaks before the sender hears of it.
    """

    accepted: list[Received] = field(default_factory=list)
    answers: deque[str] = field(default_factory=deque)
    refused: set[str] = field(default_factory=set)
    hang_for: str = ""
    before_answer: Callable[[], None] | None = None
    loses_reply: Callable[[int], bool] | None = None
    port: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.hang_for and f"@{address}".endswith("@" + self.hang_for):
            await asyncio.sleep(3600)
        if address in self.refused:
            return "550 No such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.before_answer is not None:
            self.before_answer()
        if self.answers:
            return self.answers.popleft()
        content: Any = envelope.content
        message = message_from_bytes(content, policy=policy.default)
        with self.lock:
            self.accepted.append(Received(message, list(envelope.rcpt_tos), str(envelope.mail_from)))
            count = len(self.accepted)
        if self.loses_reply is not None and self.loses_reply(count) and server.transport is not None:
            server.transport.abort()
        return ACCEPTED

    @property
    def count(self) -> int:
        """How many messages were accepted; cheap, for whoever asks again and again."""
        return len(self.accepted)

    @property
    def message_ids(self) -> list[str]:
        with self.lock:
            return [received.message_id for received in self.accepted]


@contextmanager
def running_mail_server() -> Iterator[MailServer]:
    """The server on a free port of 127.0.0.1, in a thread of its own."""
    mail = MailServer(port=free_port())
    controller = Controller(mail, hostname="127.0.0.1", port=mail.port)
    controller.start()
    try:
        yield mail
    finally:
        controller.stop()
