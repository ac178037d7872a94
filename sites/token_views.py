"""The page of a study's API tokens: a sponsor's own ones, for a study manager all; made, rotated, revoked here."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View
from django.views.decorators.http import require_POST

from sites.models import AGGREGATES, ApiResource, ApiToken, Study
from sites.tokens import LONGEST_DAYS, issue_token, revoke_token, rotate_token, tokens_of
from sites.viewing import Viewer, viewer_of
from trialops.api.limits import use_on
from trialops.forms import add_service_errors, posted

OVERLAP = timedelta(days=1)


class TokenForm(forms.Form):
    """What a new token is called, what it may read and for how long."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=100, help_text=gettext_lazy("Which system will use it.")
    )
    resources = forms.MultipleChoiceField(
        label=gettext_lazy("May read"),
        choices=ApiResource.choices,
        initial=[resource.value for resource in AGGREGATES],
        help_text=gettext_lazy("A token for the staff API acts as you, in this study alone, and ends with your role."),
        widget=forms.CheckboxSelectMultiple,
    )
    expires_in_days = forms.IntegerField(
        label=gettext_lazy("Valid for, in days"), min_value=1, max_value=LONGEST_DAYS, initial=365
    )


@dataclass(frozen=True)
class TokenRow:
    """A token as the page shows it; `used_today` is None while the counter cannot be asked."""

    token: ApiToken
    state: str
    used_today: dict[str, int] | None

    @property
    def is_live(self) -> bool:
        return self.state == "live"

    @property
    def can_end(self) -> bool:
        return self.state in {"live", "replaced"}


class Tokens(View):
    """The tokens, and the form for a new one. The text of a new token stands in the answer to the form, only there."""

    http_method_names = ["get", "head", "post"]

    def get(self, request: HttpRequest, registry_id: str) -> HttpResponse:
        viewer = viewer_of(request)
        study = viewer.counted_study(registry_id)
        return _page(request, viewer, study, TokenForm())

    def post(self, request: HttpRequest, registry_id: str) -> HttpResponse:
        viewer = viewer_of(request)
        study = viewer.counted_study(registry_id)
        form = TokenForm(posted(request))
        if not form.is_valid():
            return _page(request, viewer, study, form)
        try:
            token, text = issue_token(
                study=study,
                by=viewer.user,
                personal=not viewer.access.manages(study) or ApiResource.STAFF in form.cleaned_data["resources"],
                **form.cleaned_data,
            )
        except ValidationError as error:
            add_service_errors(form, error)
            return _page(request, viewer, study, form)
        return _page(request, viewer, study, TokenForm(), made=(token, text))


@require_POST
def rotate(request: HttpRequest, registry_id: str, token_id: UUID) -> HttpResponse:
    """A new token in the place of this one, which stays valid for a day."""
    viewer = viewer_of(request)
    study = viewer.counted_study(registry_id)
    token = _token(viewer, study, token_id)
    try:
        made = rotate_token(token=token, overlap=OVERLAP, by=viewer.user, now=viewer.now)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("tokens", registry_id)
    return _page(request, viewer, study, TokenForm(), made=made)


@require_POST
def revoke(request: HttpRequest, registry_id: str, token_id: UUID) -> HttpResponse:
    """End a token at once."""
    viewer = viewer_of(request)
    study = viewer.counted_study(registry_id)
    token = revoke_token(token=_token(viewer, study, token_id), by=viewer.user, now=viewer.now)
    messages.success(request, _("“%(name)s” is revoked; its next request is refused.") % {"name": token.name})
    return redirect("tokens", registry_id)


def _token(viewer: Viewer, study: Study, token_id: UUID) -> ApiToken:
    own = tokens_of(study, viewer.user, all_of_study=viewer.access.manages(study))
    token = own.filter(public_id=token_id).first()
    if token is None:
        raise Http404
    return token


def _page(
    request: HttpRequest,
    viewer: Viewer,
    study: Study,
    form: TokenForm,
    *,
    made: tuple[ApiToken, str] | None = None,
) -> HttpResponse:
    tokens = tokens_of(study, viewer.user, all_of_study=viewer.access.manages(study))
    context: dict[str, Any] = {
        "study": study,
        "section": "studies",
        "form": form,
        "rows": [_row(token, viewer) for token in tokens.order_by("name", "-created")],
        "made": made,
        "manages": viewer.access.manages(study),
    }
    return render(request, "sites/tokens.html", context, status=400 if form.errors else 200)


def _row(token: ApiToken, viewer: Viewer) -> TokenRow:
    if token.revoked_at is not None:
        state = "revoked"
    elif token.expiry is not None and token.expiry <= viewer.now:
        state = "expired"
    else:
        state = "replaced" if token.is_replaced else "live"
    used = use_on(token.digest, viewer.now) if state in {"live", "replaced"} else {}
    return TokenRow(token, state, used)
