"""API tokens: made, rotated and revoked; each shown once, stored as a digest, and refused as soon as it has ended."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from sites.models import AGGREGATES, ApiResource, ApiToken, Study
from trialops.accounts.models import User

LONGEST_DAYS = 3650
LONGEST_OVERLAP = timedelta(days=30)


@transaction.atomic
def issue_token(
    *,
    study: Study,
    name: str,
    expires_in_days: int | None = None,
    resources: Sequence[str] | None = None,
    by: User | None = None,
    personal: bool = False,
) -> tuple[ApiToken, str]:
    """Make a token that reads aggregates of the study; the text is returned once and stored only as a digest.

    A personal token is its maker's and ends with the maker's role in the study; any other belongs to the study.
    """
    asked = AGGREGATES if resources is None else resources
    chosen = [name for name in ApiResource.values if name in asked]
    if not chosen or not set(resources or ()) <= set(ApiResource.values):
        raise ValidationError(
            {"resources": _("Choose at least one of: %(names)s.") % {"names": ", ".join(ApiResource.values)}}
        )
    if ApiResource.STAFF in chosen and not personal:
        raise ValidationError({"resources": _("A token for the staff API acts as its owner, so it is a person's own.")})
    if expires_in_days is not None and not 1 <= expires_in_days <= LONGEST_DAYS:
        raise ValidationError(
            {"expires_in_days": _("A whole number of days from 1 to %(most)s.") % {"most": LONGEST_DAYS}}
        )
    if live_tokens(study).filter(name=name).exists():
        raise _name_taken(study, name)
    owner = by if personal and by is not None else _account_of(study)
    expiry = None if expires_in_days is None else timedelta(days=expires_in_days)
    try:
        with transaction.atomic():
            token, text = ApiToken.objects.create(
                user=owner, expiry=expiry, study=study, name=name, resources=chosen, personal=personal
            )
    except IntegrityError as error:  # somebody took the name at the same moment
        raise _name_taken(study, name) from error
    return token, text


@transaction.atomic
def rotate_token(*, token: ApiToken, overlap: timedelta, by: User, now: datetime) -> tuple[ApiToken, str]:
    """A new token in the place of an old one, which stays valid for `overlap` so that nobody misses a poll."""
    token = ApiToken.objects.select_for_update().select_related("study", "user").get(pk=token.pk)
    if token.revoked_at is not None or token.is_replaced:
        raise ValidationError(_("“%(name)s” has been replaced or revoked already.") % {"name": token.name})
    if not timedelta() <= overlap <= LONGEST_OVERLAP:
        raise ValidationError({"overlap": _("At most %(days)s days.") % {"days": LONGEST_OVERLAP.days}})
    lifetime = None if token.expiry is None else token.expiry - token.created
    ends_at = now + overlap
    token.expiry = ends_at if token.expiry is None else min(token.expiry, ends_at)
    token.is_replaced = True
    token.save(update_fields=["expiry", "is_replaced"])
    created: tuple[ApiToken, str] = ApiToken.objects.create(
        user=token.user, expiry=lifetime, study=token.study, name=token.name, resources=token.resources,
        personal=token.personal, replaces=token,
    )  # fmt: skip
    return created


@transaction.atomic
def revoke_token(*, token: ApiToken, by: User, now: datetime) -> ApiToken:
    """End a token at once; revoking one that has been revoked changes nothing."""
    token = ApiToken.objects.select_for_update().get(pk=token.pk)
    if token.revoked_at is None:
        token.revoked_at, token.revoked_by = now, by
        token.save(update_fields=["revoked_at", "revoked_by"])
    return token


def live_tokens(study: Study, *, now: datetime | None = None) -> QuerySet[ApiToken]:
    """Tokens that are neither revoked nor replaced; with `now`, those that still open something."""
    tokens: QuerySet[ApiToken] = ApiToken.objects.filter(study=study, revoked_at__isnull=True)
    if now is None:
        return tokens.filter(is_replaced=False)
    return tokens.filter(Q(expiry__isnull=True) | Q(expiry__gt=now))


def tokens_of(study: Study, user: User, *, all_of_study: bool) -> QuerySet[ApiToken]:
    """The tokens that a person may see: a study manager all, a sponsor the own ones."""
    tokens: QuerySet[ApiToken] = ApiToken.objects.filter(study=study).select_related("user", "revoked_by")
    return tokens if all_of_study else tokens.filter(user=user, personal=True)


def _account_of(study: Study) -> User:
    account, created = User.objects.get_or_create(username=f"api-{study.registry_id}".lower())
    if created:
        account.set_unusable_password()
        account.save(update_fields=["password"])
    return account


def _name_taken(study: Study, name: str) -> ValidationError:
    return ValidationError(
        {
            "name": _("%(study)s already has a token named “%(name)s”; choose another name.")
            % {"study": study.registry_id, "name": name}
        }
    )
