"""Addresses of sign-in and account: those of allauth that the product offers, each by name, and no others."""

from allauth.account import views as own
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.socialaccount.providers.openid_connect import views as oidc
from allauth.usersessions import views as sessions
from django.urls import path, register_converter
from django.urls.converters import StringConverter
from django.views.decorators.http import require_http_methods, require_safe

from trialops.accounts.language import set_language
from trialops.accounts.views import SignIn, SignOut, account


class Base36Converter(StringConverter):
    """A number in base 36, as the link of a reset begins: without a dash, which divides it from the key."""

    regex = "[0-9A-Za-z]+"


register_converter(Base36Converter, "base36")
FACTOR = "account/second-factor"
asked, shown = require_http_methods(["GET", "HEAD", "POST"]), require_safe

urlpatterns = [
    path("sign-in/", asked(SignIn.as_view()), name="sign-in"),
    path("sign-in/", asked(SignIn.as_view()), name="account_login"),
    path("sign-in/code/", asked(mfa.authenticate), name="mfa_authenticate"),
    path("sign-in/inactive/", shown(own.account_inactive), name="account_inactive"),
    path("sign-in/with/<str:provider_id>/", asked(oidc.login), name="openid_connect_login"),
    path("sign-in/with/<str:provider_id>/callback/", shown(oidc.callback), name="openid_connect_callback"),
    path("sign-out/", SignOut.as_view(), name="sign-out"),
    path("sign-out/", SignOut.as_view(), name="account_logout"),
    path("password/forgotten/", asked(own.password_reset), name="account_reset_password"),
    path("password/forgotten/sent/", shown(own.password_reset_done), name="account_reset_password_done"),
    path(
        "password/new/<base36:uidb36>-<str:key>/",
        asked(own.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    path("password/new/done/", shown(own.password_reset_from_key_done), name="account_reset_password_from_key_done"),
    path("account/language/", set_language, name="language"),
    path("account/", account, name="account"),
    path("account/confirm/", asked(own.reauthenticate), name="account_reauthenticate"),
    path("account/confirm/code/", asked(mfa.reauthenticate), name="mfa_reauthenticate"),
    path("account/password/", asked(own.password_change), name="account_change_password"),
    path("account/password/first/", asked(own.password_set), name="account_set_password"),
    path("account/sessions/", asked(sessions.list_usersessions), name="usersessions_list"),
    path(f"{FACTOR}/", account, name="mfa_index"),
    path(f"{FACTOR}/app/", asked(totp.activate_totp), name="mfa_activate_totp"),
    path(f"{FACTOR}/app/remove/", asked(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path(f"{FACTOR}/recovery-codes/", shown(recovery_codes.view_recovery_codes), name="mfa_view_recovery_codes"),
    path(
        f"{FACTOR}/recovery-codes/new/",
        asked(recovery_codes.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path(
        f"{FACTOR}/recovery-codes/file/",
        shown(recovery_codes.download_recovery_codes),
        name="mfa_download_recovery_codes",
    ),
]
