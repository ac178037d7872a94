"""Bearer tokens: knox's, looked up by digest in one query and safe against headers that are no text."""

import re

from django.utils import timezone
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from knox.models import get_token_model
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

TOKEN_TEXT = re.compile(rb"[A-Za-z0-9_]{1,200}")
REFUSED = "The token is not valid: unknown, revoked or expired."


class BearerTokenAuthentication(TokenAuthentication):  # type: ignore[misc]  # knox has no types
    """`Authorization: Bearer TOKEN`; only the token's digest is stored.

    Every request asks the database, so a revoked or expired token is refused at once. Reading never writes: knox
    itself would delete expired tokens here, and look at all tokens of the account to find them.
    """

    def authenticate(self, request: Request) -> tuple[object, object] | None:
        try:
            result: tuple[object, object] | None = super().authenticate(request)
        except UnicodeError:  # a header outside Latin-1
            raise AuthenticationFailed(REFUSED) from None
        return result

    def authenticate_credentials(self, token: bytes) -> tuple[object, object]:
        if TOKEN_TEXT.fullmatch(token) is None:
            raise AuthenticationFailed(REFUSED)
        tokens = get_token_model().objects.select_related("user", "study")
        row = tokens.filter(digest=hash_token(token.decode("ascii"))).first()
        expired = row is not None and row.expiry is not None and row.expiry <= timezone.now()
        if row is None or expired or not row.user.is_active:
            raise AuthenticationFailed(REFUSED)
        return row.user, row

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
