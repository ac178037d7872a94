"""Readable pages over the API's description."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.utils.decorators import method_decorator
from drf_spectacular.utils import extend_schema
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.renderers import TemplateHTMLRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class AnyAcceptNegotiation(DefaultContentNegotiation):
    """The page is HTML whatever is asked for."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> tuple[Any, str]:
        return renderers[0], renderers[0].media_type


@method_decorator(login_not_required, name="dispatch")
class DocsView(APIView):
    """Readable pages over the description: Swagger UI, with every script and style in a file of its own."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    http_method_names = ["get", "head"]
    renderer_classes = (TemplateHTMLRenderer,)
    content_negotiation_class = AnyAcceptNegotiation

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        return Response({}, template_name="dashboards/api_docs.html")
