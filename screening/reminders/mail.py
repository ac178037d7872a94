"""The mail of one reminder: screening number, what is due, the window, a link; nothing else about the subject."""

from collections.abc import Sequence
from datetime import date

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse

from screening.models import Reminder


def compose(reminder: Reminder, *, recipients: Sequence[str]) -> EmailMultiAlternatives:
    """The message to all recipients at once, plain text with an HTML alternative.

    Its Message-ID is the reminder's own, the same at every attempt, so that a second copy can be told from a second
    reminder. No identifying data and no clinical value is in it: the page behind the link asks for a sign-in.
    """
    subject = reminder.subject
    site = subject.site
    context = {
        "screening_number": subject.screening_number,
        "summary": reminder.summary,
        "window": window_text(reminder.window_from, reminder.window_to),
        "time_zone": site.time_zone,
        "site": site,
        "study": site.study,
        "link": settings.BASE_URL + reverse("subject", args=[subject.pk]),
        "urgent": reminder.urgent,
        "demo": site.study.is_demo or settings.DEMO,
    }
    labels = [label for label, wanted in (("[Demo data]", context["demo"]), ("Urgent:", reminder.urgent)) if wanted]
    message = EmailMultiAlternatives(
        subject=_one_line(*labels, f"{subject.screening_number}: {reminder.summary}"),
        body=render_to_string("screening/mail/reminder.txt", context),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=list(recipients),
        headers={"Message-ID": reminder.message_id, "Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(render_to_string("screening/mail/reminder.html", context), "text/html")
    return message


def window_text(first: date, last: date) -> str:
    """The window in words, both days included: "Tuesday 1 December 2026 to Saturday 5 December 2026"."""
    return _day(first) if first == last else f"{_day(first)} to {_day(last)}"


def _day(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B} {day.year}"


def _one_line(*parts: str) -> str:
    """Header text: whatever line breaks a part may hold, it stays one line."""
    return " ".join(" ".join(parts).split())
