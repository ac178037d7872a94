"""A reminder as a signed call of a hospital's own messaging, after the Standard Webhooks specification."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from screening.models import Message, Notice, WebhookEndpoint
from screening.reminders.errors import SendError
from trialops.outbound.safe_http import RefusedAddressError, post
from trialops.outbound.signing import key_of, secret_text, signed_headers

GONE, TOO_EARLY, TOO_MANY = 410, 425, 429
TIMED_OUT = 408
REDIRECTS_FROM, CLIENT_ERRORS_FROM, SERVER_ERRORS_FROM = 300, 400, 500


class GoneError(SendError):
    """The receiver says that it wants no more."""


def secret_of(endpoint: WebhookEndpoint) -> str:
    """The signing secret: derived from this installation's key, so that the database alone does not hold it."""
    return secret_text(_key(endpoint))


def body_of(notices: Sequence[Notice], *, at: datetime) -> bytes:
    """What is told: screening number, what is due and its window; no identifying data and no clinical value."""
    [notice] = notices
    reminder = notice.reminder
    kind = "reminder.missed" if notice.occasion == Notice.Occasion.MISSED else "reminder.due"
    data: dict[str, Any] = {
        "reminder": str(reminder.pk),
        "study": reminder.site.study.registry_id,
        "site": reminder.site.code,
        "screening_number": reminder.subject.screening_number if reminder.subject else None,
        "summary": reminder.summary,
        "source": reminder.get_source_display(),
        "urgent": reminder.urgent,
        "window": {
            "from": reminder.window_from.isoformat(),
            "to": reminder.window_to.isoformat(),
            "time_zone": reminder.site.time_zone,
        },
        "link": settings.BASE_URL + reverse("reminder", args=[reminder.pk]),
    }
    return json.dumps({"type": kind, "timestamp": at.isoformat(), "data": data}).encode()


def call(message: Message, notices: Sequence[Notice], *, at: datetime) -> None:
    """Deliver one message to its endpoint. Raises SendError; the id of the call is the same at every attempt."""
    endpoint = message.endpoint
    assert endpoint is not None  # noqa: S101  a constraint holds it
    if endpoint.disabled_at is not None:
        raise SendError("the webhook has been switched off", permanent=True)
    body, timestamp = body_of(notices, at=at), int(at.timestamp())
    headers = signed_headers([_key(endpoint)], call_id=f"msg_{message.pk.hex}", timestamp=timestamp, body=body)
    try:
        status = post(endpoint.url, body, headers)
    except RefusedAddressError as error:
        raise SendError("RefusedAddressError", permanent=True) from error
    except OSError as error:
        raise SendError(type(error).__name__, of_lane=True) from error
    refuse_failure(status)


def refuse_failure(status: int) -> None:
    """Raises SendError for every answer but success; a redirect is never followed."""
    if status < REDIRECTS_FROM:
        return
    if status == GONE:
        raise GoneError(f"HTTP {status}", permanent=True)
    if status >= SERVER_ERRORS_FROM or status in {TIMED_OUT, TOO_EARLY, TOO_MANY}:
        raise SendError(f"HTTP {status}", of_lane=True)
    raise SendError(f"HTTP {status}", permanent=True)


def _key(endpoint: WebhookEndpoint) -> bytes:
    return key_of(f"webhook:{endpoint.pk}:{endpoint.salt}")
