"""What every API view shares: who asks is settled first, and nothing that is asked is silently ignored."""

from types import SimpleNamespace

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.exceptions import ValidationError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView


class AcceptHeaderNegotiation(DefaultContentNegotiation):
    """By the Accept header alone: `?format=` is an unknown parameter like any other."""

    settings = SimpleNamespace(URL_FORMAT_OVERRIDE=None)  # type: ignore[assignment]

    def get_accept_list(self, request: Request) -> list[str]:
        return super().get_accept_list(request) if request.headers.get("accept", "").strip() else ["*/*"]


class ReadOnlyView(APIView):
    """GET and HEAD only. Authentication comes before everything else, so that nothing is told to strangers."""

    http_method_names = ["get", "head"]
    content_negotiation_class = AcceptHeaderNegotiation

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        self.perform_authentication(request)
        self.check_permissions(request)
        super().initial(request, *args, **kwargs)

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        """An answer to HEAD leaves without its body, as some servers send what they are given."""
        response = super().dispatch(request, *args, **kwargs)
        if request.method == "HEAD" and isinstance(response, HttpResponse):
            response.headers.setdefault("Content-Length", str(len(response.content)))
            response.content = b""
        return response


def refuse_unknown_parameters(request: Request, known: frozenset[str] = frozenset()) -> None:
    """A parameter that would be ignored is refused: figures must not pass for an answer to another question."""
    accepted = ", ".join(sorted(known)) or "none"
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        raise ValidationError(
            {name: [f"This address has no such parameter; accepted: {accepted}."] for name in unknown}
        )
