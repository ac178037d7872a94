"""A person's preferences, and the private address under which their calendar fetches the windows."""

from typing import Any

from allauth.core.internal import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import quote_etag
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from screening.context import hears
from screening.models import CalendarFeed
from screening.preference_forms import PreferenceForm, values_of
from screening.reminders.audience import wishes_of
from screening.reminders.ical import calendar_of
from screening.reminders.queries import for_calendar
from screening.reminders.services import (
    digest_of,
    issue_calendar_feed,
    possible_deputies,
    revoke_calendar_feed,
    set_preferences,
)
from sites.access import access_of
from sites.scopes import person_scope
from sites.viewing import Viewer, viewer_of
from trialops.forms import add_service_errors, posted
from trialops.language import language_of
from trialops.scope import scoped


@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """Channels, hours, absence and deputy."""
    viewer = _member(request)
    form = PreferenceForm(
        posted(request),
        deputies=possible_deputies(viewer.user, now=viewer.now),
        initial=values_of(wishes_of(viewer.user)),
    )
    if request.method == "POST" and form.is_valid():
        try:
            set_preferences(user=viewer.user, now=viewer.now, **form.cleaned_data)
        except ValidationError as error:
            add_service_errors(form, error)
        else:
            messages.success(request, _("Your preferences have been saved."))
            return redirect("preferences")
    return _page(request, viewer, form=form)


@require_POST
def calendar_address(request: HttpRequest) -> HttpResponse:
    """A new private address (shown once, which ends the one before), or none any more."""
    viewer = _member(request)
    if request.POST.get("action") == "revoke":
        revoke_calendar_feed(user=viewer.user, now=viewer.now)
        messages.success(request, _("The calendar address has been revoked; it shows nothing any more."))
        return redirect("preferences")
    token = issue_calendar_feed(user=viewer.user, now=viewer.now)
    form = PreferenceForm(
        deputies=possible_deputies(viewer.user, now=viewer.now), initial=values_of(wishes_of(viewer.user))
    )
    return _page(request, viewer, form=form, address=settings.BASE_URL + reverse("calendar-feed", args=[token]))


@require_safe
@login_not_required
def calendar_feed(request: HttpRequest, token: str) -> HttpResponse:
    """The windows of whom the address belongs to; a wrong, revoked or retired address is nothing at all.

    Whoever asks for many of those is refused for a minute, whatever they ask for.
    """
    if not _wrong_address(request, only_look=True):
        return HttpResponse(
            _("Too many wrong addresses. Try again in a minute."), status=429, content_type="text/plain; charset=utf-8",
            headers={"Retry-After": "60"},
        )  # fmt: skip
    feed = CalendarFeed.objects.select_related("user").filter(digest=digest_of(token), revoked_at__isnull=True).first()
    now = timezone.now()
    if feed is None or not feed.user.is_active:
        _wrong_address(request)
        raise Http404
    access = access_of(feed.user, now.date())
    with scoped(person_scope(access)):
        if not hears(access):
            raise Http404
        CalendarFeed.objects.filter(pk=feed.pk).update(fetched_at=now)
        with override(language_of(feed.user)):
            content = calendar_of(for_calendar(access, now=now), name=_("trialops reminders"))
    etag = quote_etag(digest_of(content.decode()))
    unchanged = request.headers.get("If-None-Match") == etag
    response = HttpResponse(b"" if unchanged else content, status=304 if unchanged else 200)
    response["Content-Type"] = "text/calendar; charset=utf-8"
    response["Content-Disposition"] = 'inline; filename="trialops.ics"'
    response["Cache-Control"] = "private, no-cache"
    response["ETag"] = etag
    return response


def _wrong_address(request: HttpRequest, *, only_look: bool = False) -> bool:
    """Count one wrong address of this client's network address; False when there have been too many already."""
    usage = ratelimit.consume(request, app="allauth.account", action="calendar_feed", limit_get=True, dry_run=only_look)
    return usage is not None


def _member(request: HttpRequest) -> Viewer:
    viewer = viewer_of(request)
    if not hears(viewer.access):
        raise PermissionDenied(_("Reminders are for the people of the sites and for study managers."))
    return viewer


def _page(request: HttpRequest, viewer: Viewer, *, form: PreferenceForm, address: str = "") -> HttpResponse:
    context: dict[str, Any] = {
        "section": "reminders",
        "form": form,
        "feed": CalendarFeed.objects.filter(user=viewer.user, revoked_at__isnull=True).first(),
        "address": address,
    }
    return render(request, "screening/preferences.html", context, status=400 if form.errors else 200)
