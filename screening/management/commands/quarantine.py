"""Look at, begin or end the quarantine in which a restored database sends nothing."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from screening.reminders.quarantine import (
    begin_quarantine,
    held_messages,
    held_reminders,
    in_quarantine,
    last_sign_of_life,
    release_quarantine,
)
from trialops.accounts.models import User


class Command(BaseCommand):
    help = "Shows, begins or releases the quarantine in which a restored or copied database sends nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("show", help="what is held, by id")
        for name, text in (("begin", "hold everything from now on"), ("release", "let this database send")):
            action = actions.add_parser(name, help=text)
            action.add_argument("--by", required=True, metavar="USERNAME", help="who decides this")
            action.add_argument("--reason", required=True)
            if name == "release":
                action.add_argument(
                    "--send", nargs="*", default=[], metavar="ID", help="held reminders to send; or: all"
                )
                action.add_argument("--send-messages", action="store_true", help="send the other held messages as well")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "show":
            self.show()
            return
        by = User.objects.filter(username=options["by"], is_active=True).first()
        if by is None:
            raise CommandError("--by names no active user.")
        try:
            if options["action"] == "begin":
                begin_quarantine(by=by, reason=options["reason"])
                self.stdout.write("Nothing is sent from now on.")
            else:
                self.release(by, options)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error

    def show(self) -> None:
        if not in_quarantine():
            self.stdout.write("This database is not in quarantine: reminders go out.")
            return
        last = last_sign_of_life()
        self.stdout.write(f"In quarantine. Its last sweep: {f'{last:%Y-%m-%d %H:%M:%S} UTC' if last else 'none'}.")
        for reminder in held_reminders().select_related("site"):
            self.stdout.write(
                f"{reminder.pk}  due {reminder.due_at:%Y-%m-%d %H:%M} UTC  {reminder.site.code}  {reminder.rule}"
            )
        self.stdout.write(f"{held_messages().count()} other messages wait.")

    def release(self, by: User, options: dict[str, Any]) -> None:
        held = {reminder.pk for reminder in held_reminders()}
        try:
            chosen = held if options["send"] == ["all"] else {UUID(text) for text in options["send"]}
        except ValueError:
            raise CommandError("--send takes ids as manage.py quarantine show prints them, or: all.") from None
        if unknown := chosen - held:
            raise CommandError(f"Not held: {', '.join(sorted(map(str, unknown)))}.")
        released = release_quarantine(
            by=by, now=timezone.now(), reason=options["reason"], send=chosen, send_messages=options["send_messages"]
        )
        self.stdout.write(
            f"Released: {released.to_send} reminders are sent, {released.told_before} count as told before, "
            f"{released.dropped} messages were dropped."
        )
