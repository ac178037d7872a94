"""How the product bends django-allauth: nobody signs up, lockout by user name, OIDC for known people."""

import base64
import hashlib
import logging
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from trialops.accounts.models import User
from trialops.accounts.sessions import PREVIOUS_SIGN_IN
from trialops.language import language_of
from trialops.views import permission_denied

logger = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no full type information
    """Accounts are made by study managers; what an answer says never tells whether an account exists."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": gettext_lazy(
            "This user name and password do not go together. After five failures an account rests for five minutes."
        ),
        "too_many_login_attempts": gettext_lazy("Too many failed attempts. Wait five minutes, then try again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """An attempt on an account that rests is refused before anything is looked up, and noted."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            logging.getLogger("trialops.security").warning(
                "sign-in refused while the account rests: from %s", self.get_client_ip(request)
            )
            raise

    def login(self, request: HttpRequest, user: Any) -> None:
        """Sign in, and tell when that happened last: whoever did not do that themselves notices it here."""
        previous = user.last_login
        super().login(request, user)
        if previous is not None:
            request.session[PREVIOUS_SIGN_IN] = previous.isoformat()
            when = date_format(localtime(previous), "Y-m-d H:i")
            messages.info(request, _("Your last sign-in was on %(when)s UTC.") % {"when": when})

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """A mail server that fails changes no answer: it would tell which addresses have an account."""
        try:
            with override(language_of(context.get("user"))):
                super().send_mail(template_prefix, email, context)
        except OSError as error:
            logger.error("A mail about an account could not be sent: %s", type(error).__name__)  # noqa: TRY400

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Never built from the Host header of whoever asks."""
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return settings.BASE_URL + path.replace("UID-KEY", key)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """One count for each user name, whatever the Host header says."""
        return attempts_key(str(credentials.get("username", "")))


def attempts_key(username: str) -> str:
    """Under which failures of a user name are counted: at sign-in and wherever the password is asked again."""
    return f"attempts:{username.lower()}"


class OidcAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """An identity provider says who somebody is; whether they have an account was decided here before."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Tie a first sign-in to the one active account with the verified address; refuse everybody else."""
        if sociallogin.is_existing:
            return
        verified = [each.email for each in sociallogin.email_addresses if each.verified and each.email]
        user = User.objects.filter(email__iexact=verified[0], is_active=True).first() if verified else None
        if user is None:
            said = _("No account here has the verified e-mail address of this sign-in. A study manager makes accounts.")
            raise ImmediateHttpResponse(permission_denied(request, PermissionDenied(said)))
        sociallogin.user = user
        sociallogin.account.user = user
        sociallogin.account.extra_data = {}  # what the provider tells of a person is not kept
        sociallogin.account.save()

    def on_authentication_error(self, request: HttpRequest, provider: Any, **kwargs: Any) -> None:
        """Something went wrong between here and the provider; nothing of it is shown but that."""
        logger.warning("An OIDC sign-in failed: %s", type(kwargs.get("exception")).__name__)
        messages.error(request, _("The sign-in with your organisation did not work. Try again, or use your password."))
        raise ImmediateHttpResponse(redirect("account_login"))


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """What a second factor consists of is sealed with the product's secret key: a database dump opens nothing."""

    def encrypt(self, text: str) -> str:
        return _seals().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _seals().decrypt(encrypted_text.encode()).decode()


def _seals() -> MultiFernet:
    """The present key first, then those that are being retired."""
    keys = [str(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    return MultiFernet(
        [Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"second factor {key}".encode()).digest())) for key in keys]
    )
