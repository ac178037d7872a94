"""What the OpenAPI description says about the staff API: answers, pages, every problem, the Idempotency-Key."""

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers

from trialops.api.schema import documented_problems

Answer = TypeVar("Answer", bound=Callable[..., Any])
Shape = type[serializers.Serializer[Any]]

PROBLEMS = {
    400: "Something in the request is not accepted, or a rule of the study refuses it; see errors.",
    401: "Not signed in and no valid token, or one that does not include “staff”.",
    403: "Seen, but not yours to change; or a session's request without its form token.",
    404: "Absent, or not yours to see; the two are not told apart.",
    405: "Another method.",
    406: "The Accept header leaves no room for application/json.",
    413: "The body is too large.",
    415: "The body is not application/json.",
    500: "Our fault; it has been logged.",
}
KEY_USED_OTHERWISE = {422: "The Idempotency-Key was sent with another request before."}
KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="1 to 200 printable ASCII characters without blanks. Sent again with the same request within a week, "
    "nothing is done twice and the answer is the same, with `Idempotent-Replayed: true`.",
)
PAGING = (
    OpenApiParameter("cursor", OpenApiTypes.STR, description="From `next` or `previous` of another page."),
    OpenApiParameter("page_size", OpenApiTypes.INT, description="1 to 500; 100 without it."),
)


def staff_describes(
    operation: str,
    summary: str,
    *,
    tag: str,
    answer: Any,
    takes: Any = None,
    status: int = 200,
    pages: bool = False,
) -> Callable[[Answer], Answer]:
    """The description of one operation. `takes` is the shape of its body; an operation with a body may be repeated."""
    changes = takes is not None or status == 201
    problems = {**PROBLEMS, **(KEY_USED_OTHERWISE if changes else {})}
    path = f"/api/v1/…/{operation}"
    decorate: Callable[[Answer], Answer] = extend_schema(
        operation_id=operation,
        summary=summary,
        tags=[f"staff: {tag}"],
        request=takes,
        parameters=[*((KEY,) if changes else ()), *(PAGING if pages else ())],
        responses={
            (status, "application/json"): OpenApiResponse(
                _page(answer) if pages else answer, description="The answer."
            ),
            **documented_problems(path, problems),
        },
    )
    return decorate


def _page(shape: Shape) -> Any:
    return inline_serializer(
        name=f"PageOf{shape.__name__.removesuffix('Shape')}s",
        fields={
            "next": serializers.URLField(allow_null=True, help_text="Null where there is none."),
            "previous": serializers.URLField(allow_null=True, help_text="Null where there is none."),
            "results": shape(many=True),
        },
    )
