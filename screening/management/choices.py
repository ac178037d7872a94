"""What several commands ask for: a study, who acts, a day; and refusals in one line each."""

from argparse import ArgumentTypeError
from datetime import date

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from sites.models import Membership, Study
from trialops.accounts.models import User


def chosen_study(registry_id: str | None) -> Study:
    """The study named, or the only one there is."""
    studies = list(Study.objects.all())
    if registry_id:
        studies = [study for study in studies if study.registry_id == registry_id]
        if not studies:
            raise CommandError(f"--study: there is no study {registry_id}.")
    if not studies:
        raise CommandError("There is no study yet; set one up with manage.py load_study.")
    if len(studies) > 1:
        raise CommandError(f"Give --study: there are {', '.join(study.registry_id for study in studies)}.")
    return studies[0]


def chosen_person(study: Study, username: str | None) -> User:
    """The person named, or the study's only study manager; who acts stands in the history."""
    if username:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"--by: there is no user “{username}”.")
        return user
    managers = User.objects.filter(memberships__study=study, memberships__role=Membership.Role.STUDY_MANAGER).distinct()
    if managers.count() != 1:
        raise CommandError("Give --by USERNAME: who does it stands in the history.")
    return managers.get()


def day_argument(text: str) -> date:
    """A day on the command line."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"“{text}” is not a date; for instance 2026-01-31") from None


def in_one_line(error: ValidationError) -> str:
    """What a service refused, each message with its field."""
    if hasattr(error, "error_dict"):
        return "; ".join(f"{name}: {' '.join(messages)}" for name, messages in error.message_dict.items())
    return " ".join(error.messages)
