"""What a call says, and one attempt at it. It tells that something has changed and where to ask, never a figure."""

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from sites.models import StudyChange
from sites.webhooks.models import StudyWebhook, WebhookCall
from trialops.outbound.safe_http import RefusedAddressError, post
from trialops.outbound.signing import key_of, secret_text, signed_headers

SECONDS = 10
"""For connecting, sending and the answer together."""
SUCCESS = range(200, 300)
GONE = 410


@dataclass(frozen=True)
class Answer:
    """How an attempt ended: the answer's status, or the kind of failure. Never the answer's text."""

    text: str
    delivered: bool
    gone: bool
    milliseconds: int


def secret_of(webhook: StudyWebhook) -> str:
    """The signing secret, as the receiver is given it."""
    return secret_text(_key(webhook, webhook.salt))


def body_of(call: WebhookCall) -> bytes:
    """The same bytes at every attempt: what is told was fixed when the call was made."""
    data: dict[str, Any] = {"study": call.webhook.study.registry_id}
    if call.kind == WebhookCall.Kind.CHANGED:
        address = f"{settings.BASE_URL}/api/v1/studies/{call.webhook.study.registry_id}/changes/"
        data |= {
            "data_version": call.to_version,
            "kinds": _kinds(call),
            "changes": f"{address}?cursor={call.after_version}",
        }
    made_at = call.created_at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return json.dumps({"type": call.kind, "timestamp": made_at, "data": data}).encode()


def attempt(call: WebhookCall, *, now: datetime) -> Answer:
    """Make the call once, outside any transaction. Whatever goes wrong with the receiver is an answer, no error."""
    webhook, body = call.webhook, body_of(call)
    keys = [_key(webhook, webhook.salt)]
    if webhook.earlier_until is not None and now < webhook.earlier_until:
        keys.append(_key(webhook, webhook.earlier_salt))
    headers = signed_headers(keys, call_id=f"call_{call.pk.hex}", timestamp=int(now.timestamp()), body=body)
    begun = time.monotonic()
    status = 0
    try:
        status = post(webhook.url, body, headers, seconds=SECONDS)
        text = f"HTTP {status}"
    except RefusedAddressError:
        text = "not a public address"
    except OSError as error:
        text = type(error).__name__
    return Answer(text, status in SUCCESS, status == GONE, round(1000 * (time.monotonic() - begun)))


def _kinds(call: WebhookCall) -> list[str]:
    """What the address that is named lists too; nothing of it is withheld there."""
    rows = StudyChange.objects.filter(
        study=call.webhook.study, version__gt=call.after_version, version__lte=call.to_version
    )
    return sorted(rows.order_by().values_list("kind", flat=True).distinct())


def _key(webhook: StudyWebhook, salt: str) -> bytes:
    return key_of(f"study-webhook:{webhook.pk}:{salt}")
