"""The mail of one message: screening number, what is due, the window, a link; nothing else about any subject."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, override

from screening.models import Message, Notice
from trialops.accounts.models import User
from trialops.language import language_of

Occasion = Notice.Occasion


@dataclass(frozen=True)
class Item:
    """One reminder as a mail tells it."""

    about: str
    summary: str
    window: str
    time_zone: str
    source: str
    site: str
    study: str
    link: str
    urgent: bool
    said_before: str
    stands_in_for: str


def compose(message: Message, notices: Sequence[Notice]) -> EmailMultiAlternatives:
    """The mail to one person in their language, plain text with an HTML alternative; one reminder or a digest of many.

    Its Message-ID is the message's own, the same at every attempt, so that a second copy can be told from a second
    message. No identifying data and no clinical value is in it: the pages behind the links ask for a sign-in.
    `from_email` is the envelope's sender, to which a bounce goes; the header names the product's address.
    """
    assert message.user is not None  # noqa: S101  a constraint holds it
    with override(language_of(message.user)):
        return _composed(message, message.user, notices)


def _composed(message: Message, user: User, notices: Sequence[Notice]) -> EmailMultiAlternatives:
    items = [_item(notice) for notice in notices]
    demo = settings.DEMO or any(notice.reminder.site.study.is_demo for notice in notices)
    context = {"items": items, "single": len(items) == 1, "demo": demo, "preferences": _link("preferences")}
    mail = EmailMultiAlternatives(
        subject=_subject(items, notices, demo=demo),
        body=render_to_string("screening/mail/reminder.txt", context),
        from_email=bounce_address(message),
        to=[user.email],
        headers={
            "From": settings.DEFAULT_FROM_EMAIL,
            "Message-ID": message.message_id,
            "Auto-Submitted": "auto-generated",
        },
    )
    mail.attach_alternative(render_to_string("screening/mail/reminder.html", context), "text/html")
    return mail


def bounce_address(message: Message) -> str:
    """Where a mail that cannot be delivered comes back to; it names the message after a plus sign."""
    if not settings.BOUNCE_ADDRESS:
        return str(settings.DEFAULT_FROM_EMAIL)
    local, _at, domain = settings.BOUNCE_ADDRESS.rpartition("@")
    return f"{local}+{message.pk.hex}@{domain}"


def window_text(first: date, last: date) -> str:
    """The window in words, both days included: "Tuesday 1 December 2026 to Saturday 5 December 2026"."""
    return _day(first) if first == last else _("%(first)s to %(last)s") % {"first": _day(first), "last": _day(last)}


def _item(notice: Notice) -> Item:
    reminder = notice.reminder
    return Item(
        about=reminder.about,
        summary=reminder.told,
        window=window_text(reminder.window_from, reminder.window_to),
        time_zone=reminder.site.time_zone,
        source=reminder.get_source_display(),
        site=f"{reminder.site.code}, {reminder.site.facility}",
        study=reminder.site.study.registry_id,
        link=_link("reminder", reminder.pk),
        urgent=reminder.urgent,
        said_before=str(OCCASIONS.get(Occasion(notice.occasion), "")),
        stands_in_for=str(notice.stands_in_for or ""),
    )


OCCASIONS = {
    Occasion.MISSED: gettext_lazy("Missed: the window has passed and nothing was recorded."),
    Occasion.UNDELIVERED: gettext_lazy("Could not be delivered to the people of the site, and comes to you instead."),
    Occasion.RESENT: gettext_lazy("Sent again by an operator."),
}
"""What a mail says on all but the ordinary occasion."""


def _subject(items: Sequence[Item], notices: Sequence[Notice], *, demo: bool) -> str:
    missed = all(notice.occasion == Occasion.MISSED for notice in notices)
    urgent = all(item.urgent for item in items) and not missed
    labels = [
        text for text, wanted in ((_("[Demo data]"), demo), (_("Missed:"), missed), (_("Urgent:"), urgent)) if wanted
    ]
    if len(items) == 1:
        said = f"{items[0].about}: {items[0].summary}"
    else:
        sites = ", ".join(sorted({notice.reminder.site.code for notice in notices}))
        count = ngettext("%(count)s reminder", "%(count)s reminders", len(items)) % {"count": len(items)}
        said = _("%(reminders)s at %(sites)s") % {"reminders": count, "sites": sites}
    return _one_line(*labels, said)


def _link(name: str, *args: object) -> str:
    return str(settings.BASE_URL) + reverse(name, args=args)


def _day(day: date) -> str:
    return date_format(day, _("l j F Y"))


def _one_line(*parts: str) -> str:
    """Header text: whatever line breaks a part may hold, it stays one line."""
    return " ".join(" ".join(parts).split())
