"""Cookies that belong to this host alone."""

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage


class HostCookieStorage(CookieStorage):
    """What is to be said on the next page, under a name that no other host can set (`__Host-`, over TLS)."""

    cookie_name = f"{settings.COOKIE_PREFIX}messages"


class HostMessages(FallbackStorage):
    """In a cookie while it fits, else in the session, as Django does by default."""

    storage_classes = (HostCookieStorage, SessionStorage)
