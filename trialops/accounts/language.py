"""The language of pages: which one a request is answered in, and how it is chosen."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.views import i18n
from django.views.decorators.http import require_POST

from trialops.accounts.models import User
from trialops.accounts.services import choose_language
from trialops.language import record_language
from trialops.middleware import API


class LanguageMiddleware:
    """Each request is answered in one language: what the person has chosen, else what the browser asks for.

    The API speaks English to everybody: its answers are kept, compared and read by programs.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(API):
            with record_language():
                return self.get_response(request)
        chosen = request.user.language if isinstance(request.user, User) else ""
        language = chosen or translation.get_language_from_request(request)
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        if not chosen:
            patch_vary_headers(response, ("Accept-Language", "Cookie"))
        return response


@login_not_required
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Choose a language: kept in a cookie, and with the account of who is signed in. Any other text changes nothing.

    Leads back to the page that was seen, by the browser's Referer: no address is written into a page.
    """
    language = request.POST.get("language", "")
    if isinstance(request.user, User) and language in dict(settings.LANGUAGES):
        choose_language(user=request.user, language=language)
    return i18n.set_language(request)
