"""What people change about their own account, apart from signing in."""

from django.db import transaction

from trialops.accounts.models import User


@transaction.atomic
def choose_language(*, user: User, language: str) -> User:
    """The language in which a person reads pages and is written to; one of settings.LANGUAGES."""
    found = User.objects.select_for_update().get(pk=user.pk)
    if found.language != language:
        found.language = language
        found.full_clean(exclude=[field.name for field in User._meta.fields if field.name != "language"])
        found.save(update_fields=["language"])
    return found
