"""What every view of the staff API shares: who asks, errors of services as problems, requests that may be repeated."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS
from django.core.exceptions import ValidationError as ServiceError
from django.db import transaction
from django.http import HttpResponse
from django.utils.encoding import force_str
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from trialops.accounts.models import RepeatableRequest, User
from trialops.api.authentication import StaffTokenAuthentication
from trialops.api.views import AcceptHeaderNegotiation

Json = dict[str, Any]
KEY_HEADER = "Idempotency-Key"
KEY = re.compile(r"[\x21-\x7e]{1,200}")
KEPT_FOR = timedelta(days=7)


class KeyUsedOtherwise(APIException):
    """The same Idempotency-Key came with another request."""

    status_code = 422
    default_code = "key_used_otherwise"
    default_detail = (
        "This Idempotency-Key was sent with another request before; a new request needs a new key. Nothing was done."
    )


class InOrder(CursorPagination):
    """Pages of a list, each naming the address of the next; rows that are added meanwhile spoil none."""

    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 500
    ordering: tuple[str, ...] = ("id",)


class StaffView(APIView):
    """Authentication comes before everything else, so that nothing is told to strangers. Answers are never kept."""

    authentication_classes = [StaffTokenAuthentication, SessionAuthentication]
    http_method_names = ["get", "head", "post", "patch"]
    content_negotiation_class = AcceptHeaderNegotiation

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        self.perform_authentication(request)
        self.check_permissions(request)
        _ = request._request.body  # read whole, so that it is still there once it has been parsed: see once()
        super().initial(request, *args, **kwargs)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response


def read(serializer: type[Serializer[Any]], request: Request, **context: Any) -> Json:
    """The request's body as a serializer reads it; a member that it does not know is refused, not ignored."""
    if not isinstance(request.data, Mapping):
        raise ValidationError({"": ["Expected a JSON object."]})
    given = serializer(data=request.data, context=context)
    unknown = [name for name in request.data if name not in given.fields]
    if unknown:
        accepted = ", ".join(given.fields)
        raise ValidationError({name: [f"Not a member of this request; accepted: {accepted}."] for name in unknown})
    given.is_valid(raise_exception=True)
    found: Json = dict(given.validated_data)
    return found


@contextmanager
def refusals_as_problems() -> Iterator[None]:
    """What a service refuses is a problem with status 400, by field, in the service's words."""
    try:
        yield
    except ServiceError as error:
        by_field = error.message_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.messages}
        raise ValidationError(
            {"" if name == NON_FIELD_ERRORS else name: messages for name, messages in by_field.items()}
        ) from error


def once(request: Request, *, by: User, now: datetime, respond: Callable[[], tuple[int, Json]]) -> HttpResponse:
    """Do what a request asks for, and answer; sent again with the same Idempotency-Key, it is answered alike.

    The key and the change are one transaction: a request whose answer was lost can be repeated and changes nothing
    twice, also when both arrive at the same time. A refused request leaves no key behind. Keys are kept for a week.
    """
    key = request.headers.get(KEY_HEADER)
    with transaction.atomic(), refusals_as_problems():
        if key is None:
            status, body = respond()
            return Response(body, status=status)
        if KEY.fullmatch(key) is None:
            raise ValidationError({KEY_HEADER: ["Accepted: 1 to 200 printable ASCII characters without blanks."]})
        RepeatableRequest.objects.filter(user=by, made_at__lt=now - KEPT_FOR).delete()
        digest = _digest(request)
        kept, is_new = RepeatableRequest.objects.get_or_create(
            user=by, key=key, defaults={"request_digest": digest, "made_at": now}
        )
        if kept.request_digest != digest:
            raise KeyUsedOtherwise
        if not is_new:
            return HttpResponse(
                kept.body,
                status=kept.status,
                content_type=request.accepted_renderer.media_type,
                headers={"Idempotent-Replayed": "true"},
            )
        kept.status, body = respond()
        kept.body = force_str(request.accepted_renderer.render(body))  # to the byte what is answered now
        kept.save(update_fields=["status", "body"])
        return Response(body, status=kept.status)


def _digest(request: Request) -> str:
    """What tells one request from another: method, address and body."""
    head = f"{request.method} {request.get_full_path()}\n".encode()
    return hashlib.sha256(head + request._request.body).hexdigest()
