"""Pages of the product as a whole: health, errors, the way from the admin to the sign-in."""

import sys
from http import HTTPStatus
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import is_valid_path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import requires_csrf_token
from django.views.decorators.http import require_safe

from trialops.api.problems import problem_response
from trialops.health import problems
from trialops.middleware import API
from trialops.outage import RETRY_AFTER, Outage, outage_in


@never_cache
@login_not_required
def admin_sign_in(request: HttpRequest) -> HttpResponseBase:
    """The admin's own sign-in address leads to the product's; who is signed in but no staff is told so."""
    if request.user.is_authenticated:
        raise PermissionDenied(_("The set-up pages are for study managers."))
    return redirect_to_login(request.GET.get("next") or reverse("admin:index"))


@never_cache
@require_safe
@login_not_required
def healthz(request: HttpRequest) -> JsonResponse:
    """200 while this process reaches its database and the work behind it goes on, else 503; reveals nothing more."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        found = problems(timezone.now())
    except DatabaseError:
        return JsonResponse({"status": "database unavailable"}, status=HTTPStatus.SERVICE_UNAVAILABLE)
    if found:
        return JsonResponse({"status": " ".join(found)}, status=HTTPStatus.SERVICE_UNAVAILABLE)
    return JsonResponse({"status": "ok"})


@requires_csrf_token
def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400, with the reason when the product itself gave one; a session that could not be stored is no bad request."""
    if (outage := outage_in(exception)) is not None:
        return _unavailable(request, outage)
    said = str(exception) if isinstance(exception, BadRequest) else ""
    detail = said or _("Something in the address or the form cannot be read. Go back, correct it and try again.")
    return _error(request, HTTPStatus.BAD_REQUEST, _("This request cannot be understood"), detail)


@requires_csrf_token
def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: it exists, and this person may see it, but not do this."""
    detail = str(exception or "") or _("Your role does not include this. Ask a study manager if you need it.")
    return _error(request, HTTPStatus.FORBIDDEN, _("You may not do this"), detail)


@requires_csrf_token
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404, the same for what does not exist and for what is not this person's to see."""
    if request.path.startswith(API) and not request.path.endswith("/") and is_valid_path(f"{request.path}/"):
        return problem_response(request, HTTPStatus.NOT_FOUND, "The API's addresses end with a slash; add it.")
    detail = _("There is nothing at this address, or it is not yours to see. Check it for a typing error.")
    return _error(request, HTTPStatus.NOT_FOUND, _("Nothing here"), detail)


@requires_csrf_token
def server_error(request: HttpRequest) -> HttpResponse:
    """500, or 503 when it was the database: rendered without it, the session or any context processor."""
    if (outage := outage_in(sys.exception())) is not None:  # Django calls this while it handles the exception
        return _unavailable(request, outage)
    if request.path.startswith(API):
        return problem_response(request, HTTPStatus.INTERNAL_SERVER_ERROR)
    context = {
        "status": 500,
        "heading": _("Something failed on our side"),
        "detail": _("It has been logged, and nothing was saved. Try again in a minute."),
    }
    return HttpResponse(render_to_string("trialops/error.html", context), status=HTTPStatus.INTERNAL_SERVER_ERROR)


@requires_csrf_token
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form whose token does not fit, most often because the sign-in has ended in another window."""
    detail = _("The form is too old, or your sign-in has changed since. Go back, reload the page and send it again.")
    return _error(request, HTTPStatus.FORBIDDEN, _("Please send the form again"), detail)


def _unavailable(request: HttpRequest, outage: Outage) -> HttpResponse:
    """503, which passes by itself: with what is wrong, and when to come again."""
    status, headers = HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": str(RETRY_AFTER)}
    if request.path.startswith(API):
        return problem_response(request, status, outage.problem, headers=headers)
    context = {"status": status.value, "heading": outage.heading, "detail": outage.detail}
    page = render_to_string("trialops/error.html", context)
    return HttpResponse(page, status=status, headers=headers | {"Cache-Control": "no-store"})


def _error(request: HttpRequest, status: HTTPStatus, heading: str, detail: str) -> HttpResponse:
    if request.path.startswith(API):
        return problem_response(request, status)
    context: dict[str, Any] = {"status": status.value, "heading": heading, "detail": detail}
    return render(request, "trialops/error.html", context, status=status)
