"""Bearer tokens: who is behind one and which study it opens, in one query; safe against headers that are no text."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, connection
from django.http import HttpRequest
from django.utils import timezone
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from rest_framework.authentication import get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from trialops.accounts.models import User
from trialops.scope import Scope, scoped, switch_scope

TOKEN_TEXT = re.compile(rb"[A-Za-z0-9_]{1,200}")
REFUSED = "The token is not valid: unknown, revoked or expired."
USE_IS_NOTED_EVERY = timedelta(hours=1)

LOOK_UP = "SELECT * FROM public.trialops_token(%s, %s)"
NOTE_USE = "UPDATE trial_sites_apitoken SET last_used_at = %s WHERE digest = %s"


@dataclass(frozen=True, slots=True)
class TokenPrincipal:
    """Who asks by a token: one study, some of its resources, and the version of its data at this moment."""

    digest: str
    pk: int
    """The account's."""
    resources: tuple[str, ...]
    last_used_at: datetime | None
    study_id: int
    registry_id: str
    data_version: int
    data_changed_at: datetime

    is_authenticated = True
    is_active = True
    is_anonymous = False

    @property
    def scope(self) -> str:
        """What no two principals share; part of every ETag."""
        return f"token {self.digest}"


def principal_of(text: bytes, *, now: datetime) -> TokenPrincipal | None:
    """The principal behind a token's text, or None: revoked, expired and unknown tokens are not told apart.

    The one place where a token leads to a study. It asks the database each time, so what has ended is refused at once.
    """
    if TOKEN_TEXT.fullmatch(text) is None:
        return None
    row = _looked_up([hash_token(text.decode("ascii")), now])
    if row is None:
        return None
    digest, account, resources, last_used_at, *study = row
    return TokenPrincipal(digest, account, tuple(resources), last_used_at, *study)


def _looked_up(parameters: list[str | datetime]) -> tuple[Any, ...] | None:
    """The query is its own health check: on a connection that has died meanwhile it is asked again on a new one."""
    connection.health_check_done = True  # type: ignore[attr-defined]  # unknown to the stubs
    try:
        return _fetched(parameters)
    except OperationalError:
        if connection.in_atomic_block:
            raise
        connection.close()
        return _fetched(parameters)


def _fetched(parameters: list[str | datetime]) -> tuple[Any, ...] | None:
    with scoped(None), connection.cursor() as cursor:  # the function brings its own scope: one round trip is enough
        cursor.execute(LOOK_UP, parameters)
        row: tuple[Any, ...] | None = cursor.fetchone()
    return row


def use_is_noted(principal: TokenPrincipal, *, now: datetime) -> bool:
    """Whether the token's last use is on record to the hour."""
    return principal.last_used_at is not None and now - principal.last_used_at < USE_IS_NOTED_EVERY


def note_use(principal: TokenPrincipal, *, now: datetime) -> None:
    """When the token was last used, to the hour: reading writes at most once an hour."""
    if use_is_noted(principal, now=now):
        return
    with connection.cursor() as cursor:
        cursor.execute(NOTE_USE, [now, principal.digest])


class BearerTokenAuthentication(TokenAuthentication):  # type: ignore[misc]  # knox has no types
    """`Authorization: Bearer TOKEN`; only the token's digest is stored. Who has been looked up is not asked again."""

    def authenticate(self, request: Request) -> tuple[object, object] | None:
        known = getattr(getattr(request, "_request", request), "token_principal", None)
        if known is not None:
            return self._in_its_scope(known)
        try:
            result: tuple[object, object] | None = super().authenticate(request)
        except UnicodeError:  # a header outside Latin-1
            raise AuthenticationFailed(REFUSED) from None
        return None if result is None else self._in_its_scope(result[1])

    @staticmethod
    def _in_its_scope(principal: object) -> tuple[object, object]:
        """From here on the request sees what its token opens, and nothing that a cookie beside it would."""
        assert isinstance(principal, TokenPrincipal)  # noqa: S101  tells the type checker
        switch_scope(Scope.of_counts(principal.study_id))
        return principal, principal

    def authenticate_credentials(self, token: bytes) -> tuple[object, object]:
        principal = principal_of(token, now=timezone.now())
        if principal is None:
            raise AuthenticationFailed(REFUSED)
        return principal, principal

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class StaffTokenAuthentication(BearerTokenAuthentication):
    """A token of the staff API: the request is its owner's, in the token's study alone."""

    def authenticate(self, request: Request) -> tuple[object, object] | None:
        found = super().authenticate(request)
        if found is None:
            return None
        principal = found[1]
        assert isinstance(principal, TokenPrincipal)  # noqa: S101  tells the type checker
        if "staff" not in principal.resources:
            raise AuthenticationFailed(
                "This token reads aggregates only; the staff API needs one that includes “staff”."
            )
        return User.objects.get(pk=principal.pk), principal


def token_principal(request: HttpRequest, *, now: datetime) -> TokenPrincipal | None:
    """The principal of a request with a valid token, looked up once and kept on it; None for any other."""
    if hasattr(request, "token_principal"):
        return request.token_principal  # type: ignore[no-any-return]
    try:
        words = get_authorization_header(request).split()  # type: ignore[arg-type]
    except UnicodeError:
        words = []
    bearer = len(words) == 2 and words[0].lower() == b"bearer"
    request.token_principal = principal_of(words[1], now=now) if bearer else None  # type: ignore[attr-defined]
    return request.token_principal  # type: ignore[attr-defined,no-any-return]
