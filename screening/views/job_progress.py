"""The progress of a long job as its page asks for it every second."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def progress_answer(request: HttpRequest, template: str, context: dict[str, Any], *, ended: bool) -> HttpResponse:
    """The progress alone; when the job has ended, the page around it loads anew."""
    response = render(request, template, context)
    if ended:
        response["HX-Refresh"] = "true"
    return response
