"""The API's own description in OpenAPI 3.1, and what drf-spectacular cannot see by itself."""

from functools import lru_cache
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.utils.decorators import method_decorator
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from trialops.api.problems import DETAILS, MEDIA_TYPE, problem_document


class FieldErrorSerializer(serializers.Serializer[Any]):
    """One value that was not accepted."""

    field = serializers.CharField(help_text="The parameter or field.")
    code = serializers.CharField()
    detail = serializers.CharField(help_text="What is wrong, and what would be accepted.")


class ProblemSerializer(serializers.Serializer[Any]):
    """A problem document (RFC 9457)."""

    type = serializers.CharField(help_text="Always about:blank: the status alone tells the kind of problem.")
    title = serializers.CharField(help_text="The status in words.")
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="What happened and what to do.")
    instance = serializers.CharField(required=False, help_text="The path that was asked for.")
    errors = FieldErrorSerializer(many=True, required=False)  # type: ignore[assignment]


def documented_problems(path: str, wording: dict[int, str]) -> dict[tuple[int, str], OpenApiResponse]:
    """Problem responses for extend_schema: status to when it is given, each with an example for `path`."""
    return {
        (status, MEDIA_TYPE): OpenApiResponse(
            ProblemSerializer,
            description=when,
            examples=[OpenApiExample(f"{status}", value=_example(path, status), media_type=MEDIA_TYPE)],
        )
        for status, when in wording.items()
    }


def _example(path: str, status: int) -> dict[str, Any]:
    errors = [{"field": "format", "code": "invalid", "detail": "This address has no such parameter; accepted: none."}]
    document = problem_document(None, status, DETAILS.get(status, ""))
    return {**document, "instance": path, **({"errors": errors} if status == 400 else {})}


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Tells drf-spectacular about the bearer tokens."""

    target_class = "trialops.api.authentication.BearerTokenAuthentication"
    name = "bearerAuth"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "From the API tokens page or `manage.py issue_token`; it reads aggregates of one study.",
        }


@method_decorator(login_not_required, name="dispatch")
class SchemaView(SpectacularAPIView):
    """The OpenAPI description, as YAML (default) or JSON by the Accept header. It reveals no data: no sign-in."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    http_method_names = ["get", "head"]

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(_schema(), headers={"Content-Disposition": 'inline; filename="trialops-api"'})


@lru_cache(maxsize=1)
def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return schema
