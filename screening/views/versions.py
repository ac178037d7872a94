"""A study's protocol versions, for its managers: the list, drafts, publication."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from screening.amendment_forms import DraftForm, SeenForm
from screening.criteria import DocumentError
from screening.criteria.differences import differences
from screening.models import ProtocolVersion
from screening.publishing import discard_draft, publish_draft, replace_draft, store_draft
from screening.queries import (
    newest_version,
    protocol_of,
    published_versions,
    version_overviews,
    versions_at_sites,
    versions_in_force,
)
from screening.states import CONSENTED
from screening.views.differences import shown
from sites.models import Site, Study
from sites.queries import site_days
from sites.viewing import Viewer, viewer_of
from trialops.forms import add_service_errors, day_in_words, posted

PROBLEMS_SHOWN = 100


@require_safe
def versions_page(request: HttpRequest, registry_id: str) -> HttpResponse:
    """Every version: its status, where it is in force, who stands under it; and each site's version."""
    viewer = viewer_of(request)
    study = viewer.managed_study(registry_id)
    context = {
        "study": study,
        "section": "studies",
        "overviews": version_overviews(study, now=viewer.now),
        "sites": versions_at_sites(study, now=viewer.now),
    }
    return render(request, "screening/versions.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new_draft(request: HttpRequest, registry_id: str) -> HttpResponse:
    """Store a document as a new draft; the form starts from the newest version's text."""
    viewer = viewer_of(request)
    study = viewer.managed_study(registry_id)
    newest = newest_version(study)
    initial = {"document": newest.written or newest.document} if newest else {}
    form = DraftForm(posted(request), request.FILES or None, initial=initial)
    return _draft_page(request, viewer, study, form, None)


@require_http_methods(["GET", "HEAD", "POST"])
def edit_draft(request: HttpRequest, registry_id: str, version_id: int) -> HttpResponse:
    """Replace a draft's text."""
    viewer = viewer_of(request)
    study = viewer.managed_study(registry_id)
    version = _version_or_404(study, version_id)
    if not version.is_draft:
        return _no_draft(request, version)
    initial = {"document": version.written or version.document, "seen": version.digest}
    form = DraftForm(posted(request), request.FILES or None, initial=initial)
    return _draft_page(request, viewer, study, form, version)


@require_http_methods(["GET", "HEAD", "POST"])
def publish(request: HttpRequest, registry_id: str, version_id: int) -> HttpResponse:
    """Say what publishing a draft causes and what it changes; then publish it."""
    viewer = viewer_of(request)
    study = viewer.managed_study(registry_id)
    draft = _version_or_404(study, version_id)
    if not draft.is_draft:
        return _no_draft(request, draft)
    form = SeenForm(posted(request), initial={"seen": draft.digest})
    if request.method == "POST" and form.is_valid():
        try:
            version = publish_draft(draft=draft, by=viewer.user, now=viewer.now, seen=form.cleaned_data["seen"])
        except ValidationError as error:
            add_service_errors(form, error)
        else:
            messages.success(request, _("Version %(version)s is published.") % {"version": version.label})
            return redirect("protocol-versions", registry_id)
    former = newest_version(study)
    context = {
        "study": study,
        "section": "studies",
        "draft": draft,
        "form": form,
        "former": former,
        "effects": _effects(draft, former, viewer),
        "differences": shown(differences(protocol_of(former), protocol_of(draft))) if former else None,
    }
    return render(request, "screening/publish.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def discard(request: HttpRequest, registry_id: str, version_id: int) -> HttpResponse:
    """Ask, then delete a draft."""
    viewer = viewer_of(request)
    study = viewer.managed_study(registry_id)
    draft = _version_or_404(study, version_id)
    if not draft.is_draft:
        return _no_draft(request, draft)
    form = forms.Form(posted(request))
    if request.method == "POST" and form.is_valid():
        label = draft.label
        try:
            discard_draft(draft=draft, by=viewer.user)
        except ValidationError as error:
            add_service_errors(form, error)
        else:
            messages.success(request, _("The draft of version %(version)s is discarded.") % {"version": label})
            return redirect("protocol-versions", registry_id)
    context = {"study": study, "section": "studies", "draft": draft, "form": form}
    return render(request, "screening/discard.html", context, status=400 if form.errors else 200)


def _draft_page(
    request: HttpRequest, viewer: Viewer, study: Study, form: DraftForm, draft: ProtocolVersion | None
) -> HttpResponse:
    """A draft's form, stored if it was sent; every mistake of the document is shown at once."""
    problems: list[Any] = []
    if request.method == "POST" and form.is_valid():
        try:
            stored = _store(viewer, study, form, draft)
        except DocumentError as error:
            problems = list(error.problems)
            form.add_error(None, _said(len(problems)))
        except ValidationError as error:
            add_service_errors(form, error)
        else:
            messages.success(request, _("The draft of version %(version)s is stored.") % {"version": stored.label})
            return redirect("protocol-versions", study.registry_id)
    context = {
        "study": study,
        "section": "studies",
        "form": form,
        "draft": draft,
        "problems": problems[:PROBLEMS_SHOWN],
        "more": max(0, len(problems) - PROBLEMS_SHOWN),
    }
    return render(request, "screening/draft.html", context, status=400 if form.errors else 200)


def _store(viewer: Viewer, study: Study, form: DraftForm, draft: ProtocolVersion | None) -> ProtocolVersion:
    text = form.cleaned_data["document"]
    if draft is None:
        return store_draft(study=study, text=text, by=viewer.user, now=viewer.now)
    seen = form.cleaned_data["seen"] or None
    return replace_draft(draft=draft, text=text, by=viewer.user, now=viewer.now, seen=seen)


def _said(mistakes: int) -> str:
    return ngettext(
        "Nothing is stored: the document has %d mistake.", "Nothing is stored: the document has %d mistakes.", mistakes
    ) % (mistakes)


def _effects(draft: ProtocolVersion, former: ProtocolVersion | None, viewer: Viewer) -> list[str]:
    """What publishing a draft will cause, as sentences."""
    effects = [_("Its text never changes again, and it cannot be deleted.")]
    if former is None:
        return [*effects, _("It is the study's first version: it is in force at every site at once.")]
    sites = list(draft.study.sites.order_by("code"))
    still = _still_under(sites, viewer)
    effects.append(_("Version %(version)s is superseded.") % {"version": former.label})
    effects.append(
        _("No site works under it yet: each takes it up when its review board has approved it. Until then: %(sites)s.")
        % {"sites": still or "–"}
    )
    count = sum(version.subjects.filter(state__in=CONSENTED).count() for version in published_versions(draft.study))
    effects.append(
        ngettext(
            "%d subject stays under the version it consented to, until re-consent.",
            "%d subjects stay under the version they consented to, until re-consent.",
            count,
        )
        % count
    )
    effects.append(
        _("No site can take it up before %(day)s.")
        % {"day": day_in_words(max(draft.effective_on, former.effective_on))}
    )
    return effects


def _still_under(sites: list[Site], viewer: Viewer) -> str:
    """JAX version 1, RST version 1."""
    in_force = versions_in_force(sites, days=site_days(sites, viewer.now))
    return ", ".join(
        _("%(site)s version %(version)s") % {"site": site.code, "version": in_force[site.pk].version.label}
        for site in sites
    )


def _version_or_404(study: Study, version_id: int) -> ProtocolVersion:
    version = study.protocol_versions.select_related("study", "drafted_by").filter(pk=version_id).first()
    if version is None:
        raise Http404
    return version


def _no_draft(request: HttpRequest, version: ProtocolVersion) -> HttpResponse:
    messages.error(request, _("Version %(version)s is published: it never changes.") % {"version": version.label})
    return redirect("protocol-versions", version.study.registry_id)
