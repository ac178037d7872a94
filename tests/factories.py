"""Factories: the rows that tests start from."""

import hashlib
from datetime import UTC, date, datetime

import factory
from factory.django import DjangoModelFactory

from screening.models import ProtocolVersion, Signature, SubjectStateChange
from sites.models import Membership, Site, Study
from trialops.accounts.models import User


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.org")
    password = factory.django.Password("a-password-for-tests")


class StudyFactory(DjangoModelFactory[Study]):
    class Meta:
        model = Study

    registry_id = factory.Sequence(lambda n: f"NCT{n:08d}")
    title = "A study"
    short_title = "Study"
    planned_enrollment = 72


class SiteFactory(DjangoModelFactory[Site]):
    class Meta:
        model = Site

    study = factory.SubFactory(StudyFactory)
    code = factory.Sequence(lambda n: f"S{n}")
    facility = "A hospital"
    time_zone = "America/Chicago"


class MembershipFactory(DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    study = factory.SelfAttribute("site.study")
    site = factory.SubFactory(SiteFactory)
    role = Membership.Role.COORDINATOR
    starts_on = date(2024, 1, 1)


ONE_CRITERION = """
registry_id: NCT00000000
title: A protocol of one criterion
version: "1"
criteria: [{id: E1, kind: exclusion, title: HIV, text: Known HIV., condition: {fact: hiv}}]
"""


class ProtocolVersionFactory(DjangoModelFactory[ProtocolVersion]):
    """A published version that asks for one fact; the one there is, if study and label are those of one."""

    class Meta:
        model = ProtocolVersion
        django_get_or_create = ("study", "label")

    study = factory.SubFactory(StudyFactory)
    label = "1"
    status = ProtocolVersion.Status.PUBLISHED
    effective_on = date(2025, 1, 1)
    document = ONE_CRITERION
    digest = hashlib.sha256(ONE_CRITERION.encode()).hexdigest()
    published_at = datetime(2025, 1, 2, 15, tzinfo=UTC)
    published_by = factory.LazyFunction(lambda: User.objects.get_or_create(username="set-up")[0])


def bare_signature(change: SubjectStateChange, *, by: User) -> Signature:
    """A signature under a sheet that says nothing, for tests in which somebody only has to be signed."""
    nothing = "{}"
    return Signature.objects.create(
        state_change=change,
        protocol_version=change.subject.protocol_version,
        as_of=change.effective_on,
        meaning="Confirmed.",
        printed_name="Ines Investigator",
        role="principal investigator",
        time_zone=change.subject.site.time_zone,
        sheet=nothing,
        digest=hashlib.sha256(nothing.encode()).hexdigest(),
        record_digest=hashlib.sha256(nothing.encode()).hexdigest(),
        signed_by=by,
    )
