"""Signatures after the Standard Webhooks specification; secrets are derived from this installation's key.

The database holds salts alone: whoever reads it cannot sign.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence

from django.conf import settings


def key_of(purpose: str) -> bytes:
    """The signing key for a purpose, which names the endpoint and its salt."""
    return hmac.new(settings.SECRET_KEY.encode(), purpose.encode(), hashlib.sha256).digest()


def secret_text(key: bytes) -> str:
    """A key as the receiver is given it."""
    return "whsec_" + base64.b64encode(key).decode()


def signed_headers(keys: Sequence[bytes], *, call_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of one call, with a signature by each key: a receiver who knows any of them can verify it."""
    signed = f"{call_id}.{timestamp}.".encode() + body
    signatures = (base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in keys)
    return {
        "Content-Type": "application/json",
        "User-Agent": "trialops",
        "webhook-id": call_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
