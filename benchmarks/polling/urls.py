"""The product's addresses, and below /bench/ what they are compared with; all pass the same middleware."""

import hashlib
import json
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.urls import path
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from rest_framework.authentication import get_authorization_header
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from screening.models import SubjectStateChange
from sites.models import ApiToken, Study
from trialops.scope import system_scope
from trialops.urls import handler400, handler403, handler404, handler500, urlpatterns

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

SMALL = json.dumps({"a": "constant", "of": "two sites", "padding": "x" * 2000}).encode()
CONSTANTS = {"small": SMALL}


@login_not_required
def constant(request: HttpRequest, size: str) -> HttpResponse:
    """A constant of the size of an answer; `large` takes the first size it is asked for."""
    body = CONSTANTS.setdefault(size, b"x" * int(request.GET.get("bytes", "0")))
    return HttpResponse(body, content_type="application/json")


class ConstantView(APIView):
    """The same by DRF."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def get(self, request: Request) -> Response:
        return Response({"a": "constant"})


class OrmTokens(TokenAuthentication):  # type: ignore[misc]  # knox has no types
    """A token looked up as DRF's documentation shows it: the ORM, then its account."""

    def authenticate(self, request: Request) -> tuple[object, object]:
        text = get_authorization_header(request).split()[1].decode()
        token = ApiToken.objects.get(digest=hash_token(text))
        return token.user, token


class PlainView(APIView):
    """A 304 as one would write it first: token, study, ETag from its version, all in DRF."""

    authentication_classes = (OrmTokens,)

    def get(self, request: Request, registry_id: str) -> Response:
        study = Study.objects.get(registry_id=registry_id)
        etag = f'"{hashlib.sha256(f"{request.auth.pk} {study.data_version}".encode()).hexdigest()}"'
        status = 304 if request.headers.get("If-None-Match") == etag else 200
        return Response(
            None if status == 304 else {"version": study.data_version}, status=status, headers={"ETag": etag}
        )


class GroupByView(APIView):
    """Counting each time: present and ever by site and state, from the state rows."""

    authentication_classes = (OrmTokens,)

    @system_scope()
    def get(self, request: Request, registry_id: str) -> Response:
        rows = SubjectStateChange.objects.filter(subject__site__study__registry_id=registry_id).order_by()
        last = rows.order_by("subject_id", "-effective_on", "-id").distinct("subject_id").values("pk")
        current = SubjectStateChange.objects.filter(pk__in=last).order_by()
        found: list[Any] = [
            list(current.values_list("subject__site_id", "state").annotate(Count("pk"))),
            list(rows.values_list("subject__site_id", "state").annotate(Count("subject_id", distinct=True))),
        ]
        return Response(found)


urlpatterns += [
    path("bench/constant/<str:size>/", constant),
    path("bench/drf/", ConstantView.as_view()),
    path("bench/plain/<str:registry_id>/", PlainView.as_view()),
    path("bench/group-by/<str:registry_id>/", GroupByView.as_view()),
]
