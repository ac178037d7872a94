"""Signing in and out, and a person's own account: allauth's views, a little stricter, and the account page."""

from datetime import datetime
from typing import Any

from allauth.account.views import LoginView, LogoutView
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from trialops.accounts.models import User
from trialops.accounts.sessions import PREVIOUS_SIGN_IN

SECRETS = frozenset({"password", "oldpassword", "password1", "password2", "code"})


@method_decorator(login_not_required, name="dispatch")
class SignIn(LoginView):  # type: ignore[misc]  # allauth's views have no full type information
    """The one sign-in page, for the pages and for the admin."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """A password in the address would stand in logs and histories: it is refused, lest one get used to it."""
        if SECRETS & set(request.GET):
            raise BadRequest(_("A password never belongs in an address. Change it if it was yours, and use the form."))
        answer: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return answer

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """`oidc`: how the organisation's sign-in is called, where there is one."""
        apps = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]
        return {**super().get_context_data(**kwargs), "oidc": apps[0]["name"] if apps else ""}


@method_decorator(login_not_required, name="dispatch")
class SignOut(LogoutView):  # type: ignore[misc]
    """Signing out takes a POST, so that no link does it; the browser is asked to forget what it keeps of the pages."""

    http_method_names = ["post"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        answer: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        answer["Clear-Site-Data"] = '"cache", "storage"'
        return answer


@never_cache
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """The person's own account: sign-ins, second factor, roles."""
    assert isinstance(request.user, User)  # noqa: S101  signed in, as every view here asks
    previous = request.session.get(PREVIOUS_SIGN_IN)
    factors = Authenticator.objects.filter(user=request.user)
    context = {
        "section": "account",
        "previous_sign_in": datetime.fromisoformat(previous) if previous else None,
        "sessions": sorted(UserSession.objects.purge_and_list(request.user), key=lambda session: session.created_at),
        "totp": factors.filter(type=Authenticator.Type.TOTP).first(),
        "has_recovery_codes": factors.filter(type=Authenticator.Type.RECOVERY_CODES).exists(),
        "memberships": request.user.memberships.select_related("study", "site").order_by("study", "site", "starts_on"),
    }
    return render(request, "account/account.html", context)
