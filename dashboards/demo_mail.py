"""The mails of the demo, as the local sink kept them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from sites.viewing import viewer_of

SHOWN = 100
LARGEST = 200_000


@dataclass(frozen=True)
class Mail:
    """One mail: what its header says, and its plain text."""

    name: str
    subject: str
    to: str
    sent_at: datetime | None
    text: str


@require_safe
def demo_mail(request: HttpRequest) -> HttpResponse:
    """The newest mails of the demo, for staff and study managers; outside a demo there is no such page."""
    access = viewer_of(request).access
    if not settings.DEMO or not (request.user.is_staff or access.managed_studies.exists()):
        raise Http404
    mails = list(newest_mails(Path(settings.DEMO_MAIL_DIR)))
    return render(request, "dashboards/demo_mail.html", {"mails": mails, "section": "mail", "shown": SHOWN})


def newest_mails(directory: Path, *, limit: int = SHOWN) -> Iterator[Mail]:
    """The newest mails of a directory of .eml files; one that vanishes or cannot be read is left out."""
    found = []
    for path in directory.glob("*.eml"):
        try:
            found.append((path.stat().st_mtime_ns, path.name, path))
        except OSError:
            continue
    for _time, _name, path in sorted(found, reverse=True)[:limit]:
        try:
            with path.open("rb") as file:
                yield read_mail(path.name, file.read(LARGEST))
        except OSError:
            continue


def read_mail(name: str, content: bytes) -> Mail:
    """A mail from its bytes; whatever is wrong with it, what can be read is shown."""
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)  # noqa: S101  what policy.default makes
    return Mail(
        name=name,
        subject=_header(message, "Subject"),
        to=_header(message, "To") or _header(message, "X-Envelope-To"),
        sent_at=_sent_at(_header(message, "Date")),
        text=_text(message),
    )


def _header(message: EmailMessage, name: str) -> str:
    try:
        return str(message[name] or "")
    except (ValueError, LookupError, IndexError, AttributeError):  # what broken headers make the parser raise
        return ""


def _sent_at(date: str) -> datetime | None:
    try:
        sent_at = parsedate_to_datetime(date)
        return sent_at if timezone.is_aware(sent_at) else timezone.make_aware(sent_at)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _text(message: EmailMessage) -> str:
    try:
        body = message.get_body(preferencelist=("plain", "html"))
        return str(body.get_content()) if body is not None else ""
    except (LookupError, ValueError, AttributeError, AssertionError):  # an unknown charset, a broken part
        return "(This mail's text cannot be read.)"
