"""What of the API is going to end: told with each answer by Deprecation (RFC 9745) and Sunset (RFC 8594)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from django.utils.http import http_date

SHORTEST_NOTICE = timedelta(days=365)


@dataclass(frozen=True)
class Deprecation:
    """An address, as the OpenAPI description writes it, or with `parameter` one of its parameters, is going to end.

    `link` leads to what replaces it. Raises ValueError where the notice is shorter than the policy promises.
    """

    path: str
    since: date
    ends: date
    link: str
    parameter: str = ""

    def __post_init__(self) -> None:
        if self.ends - self.since < SHORTEST_NOTICE:
            raise ValueError(f"{self.path}: at least {SHORTEST_NOTICE.days} days lie between the notice and the end.")

    def concerns(self, request: HttpRequest) -> bool:
        return not self.parameter or self.parameter in request.GET

    @property
    def headers(self) -> Mapping[str, str]:
        return {
            "Deprecation": f"@{_seconds(self.since)}",
            "Sunset": http_date(_seconds(self.ends)),
            "Link": f'<{self.link}>; rel="deprecation"; type="text/html"',
        }


class DeprecationMiddleware:
    """Adds the headers to whatever is answered, errors and 304 included. Costs nothing while nothing is deprecated."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        if not settings.API_DEPRECATIONS:
            raise MiddlewareNotUsed
        self.get_response = get_response
        self.by_path: dict[str, list[Deprecation]] = {}
        for each in settings.API_DEPRECATIONS:
            self.by_path.setdefault(each.path, []).append(each)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.resolver_match is not None:
            known = self.by_path.get(described(request.resolver_match.route), [])
            concerned = [each for each in known if each.concerns(request)]
            if concerned:
                soonest = min(concerned, key=lambda each: each.ends)
                for name, value in soonest.headers.items():
                    response.headers[name] = value
        return response


@lru_cache(maxsize=200)
def described(route: str) -> str:
    """A route of Django as the OpenAPI description writes its path."""
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)


def mark_deprecated(result: dict[str, Any], **_others: Any) -> dict[str, Any]:
    """A hook of drf-spectacular: what is deprecated says so in the description."""
    for each in settings.API_DEPRECATIONS:
        for operation in result["paths"][each.path].values():
            if not each.parameter:
                operation["deprecated"] = True
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "query" and parameter["name"] == each.parameter:
                    parameter["deprecated"] = True
    return result


def _seconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
