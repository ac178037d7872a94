"""`manage.py record_bounce < MAIL`: note that a reminder's mail came back; a mail server pipes the bounces here."""

import re
import sys
import uuid
from email import message_from_bytes, policy
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from screening.models import Message
from screening.reminders.records import record_bounce

LARGEST = 1_000_000
ADDRESSED = ("Delivered-To", "X-Original-To", "Envelope-To", "To")
TAG = re.compile(r"\+([0-9a-f]{32})@")


class Command(BaseCommand):
    help = (
        "Read one mail from standard input. If it was sent back to BOUNCE_ADDRESS with a message's number after the "
        "plus sign, that message counts as failed and the study managers hear of what was in it."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        mail = message_from_bytes(sys.stdin.buffer.read(LARGEST), policy=policy.compat32)
        tagged = (TAG.search(str(value)) for name in ADDRESSED for value in mail.get_all(name, []))
        found = next((match for match in tagged if match), None)
        message = Message.objects.filter(pk=uuid.UUID(found[1])).first() if found else None
        if message is None:
            raise CommandError("This mail belongs to no message of this installation.")
        news = record_bounce(message)
        self.stdout.write("noted" if news else "known already")
