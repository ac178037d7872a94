"""Who is told of a site's reminders on a day: by role, with deputies for the absent, and never nobody in silence."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Q

from screening.models import Audience, MailChoice, ReminderPreference
from sites.access import SITE_STAFF
from sites.models import Membership, Site
from sites.queries import site_today
from trialops.accounts.models import User

logger = logging.getLogger(__name__)
Role = Membership.Role

ROLES: dict[Audience, tuple[str, ...]] = {
    Audience.SITE: (Role.COORDINATOR, Role.SUB_INVESTIGATOR, Role.PRINCIPAL_INVESTIGATOR),
    Audience.PRINCIPAL: (Role.PRINCIPAL_INVESTIGATOR,),
    Audience.MANAGER: (Role.STUDY_MANAGER,),
}


@dataclass(frozen=True)
class Person:
    """Somebody to be told, how they wish it, and for whom they stand in."""

    user: User
    wishes: ReminderPreference
    is_principal: bool = False
    stands_in_for: User | None = None

    @property
    def reachable(self) -> bool:
        """Whether the account has an e-mail address that is one."""
        return is_address(self.user.email)

    def gets_mail(self, *, urgent: bool) -> bool:
        return self.reachable and self.wants_mail(urgent=urgent)

    def wants_mail(self, *, urgent: bool) -> bool:
        """What was chosen; but a principal investigator hears of urgent ones whatever that is."""
        if urgent and self.is_principal:
            return True
        return self.wishes.mail == MailChoice.ALL or (urgent and self.wishes.mail == MailChoice.URGENT)


def audience_of(site: Site, audience: Audience, *, today: date, urgent: bool = False) -> list[Person]:
    """The people of one audience at a site on a day, else the study's managers; empty when there is nobody at all.

    An inactive account counts as nobody, and so does a whole audience of which no address can be reached. Where none
    of them wants a mail, an urgent one goes to the managers too, if one of them does; else the list in the product
    has to do.
    """
    reached: list[Person] = []
    for each in dict.fromkeys((audience, Audience.MANAGER)):
        people = with_deputies(_members(site, each, today), site=site, today=today)
        if any(person.reachable for person in people):
            if not urgent or any(person.gets_mail(urgent=True) for person in people):
                return people
            reached = reached or people
    return reached


def with_deputies(people: Iterable[Person], *, site: Site, today: date) -> list[Person]:
    """Whoever is absent and has named a deputy who works at the site is represented; for urgent ones a principal
    investigator hears as well.
    """
    told: dict[int, Person] = {}
    for person in people:
        deputy = _deputy(person, site=site, today=today)
        if deputy is None or person.is_principal:
            told[person.user.pk] = person
        if deputy is not None:
            told.setdefault(deputy.user.pk, deputy)
    return list(told.values())


def is_absent(wishes: ReminderPreference, today: date) -> bool:
    return bool(
        wishes.absent_from and wishes.absent_to and wishes.absent_from <= today <= wishes.absent_to and wishes.deputy_id
    )


def is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def colleagues_of(site: Site, *, today: date) -> Q:
    """The memberships of whoever works at a site, or manages its study, on a day."""
    staff = Q(site=site, role__in=SITE_STAFF)
    managers = Q(study_id=site.study_id, role=Role.STUDY_MANAGER)
    return (staff | managers) & Membership.active_on(today) & Q(user__is_active=True)


def works_there(user: User, site: Site, *, at: datetime) -> bool:
    """Whether a person works at a site, or manages its study, on the site's day."""
    return Membership.objects.filter(colleagues_of(site, today=site_today(site, at)), user=user).exists()


def _members(site: Site, audience: Audience, today: date) -> list[Person]:
    where = Q(study_id=site.study_id) if audience == Audience.MANAGER else Q(site=site)
    memberships = Membership.objects.filter(
        where, Membership.active_on(today), role__in=ROLES[audience], user__is_active=True
    )
    people: dict[int, Person] = {}
    for membership in memberships.select_related("user__reminder_preference").order_by("user_id"):
        principal = membership.role == Role.PRINCIPAL_INVESTIGATOR
        known = people.get(membership.user_id)
        user = membership.user
        if user.email and not is_address(user.email):
            logger.warning("User %s has an e-mail address that is none; no reminders can reach it.", user.pk)
        people[user.pk] = Person(user, wishes_of(user), principal or (known is not None and known.is_principal))
    return list(people.values())


def wishes_of(user: User) -> ReminderPreference:
    """A person's preferences; the defaults for whoever has none."""
    try:
        return user.reminder_preference
    except ReminderPreference.DoesNotExist:
        return ReminderPreference(user=user)


def _deputy(person: Person, *, site: Site, today: date) -> Person | None:
    """The first in the chain of deputies who is not absent and works at the site."""
    passed = {person.user.pk}
    wishes = person.wishes
    while is_absent(wishes, today) and wishes.deputy_id is not None and wishes.deputy_id not in passed:
        member = (
            Membership.objects.filter(colleagues_of(site, today=today), user_id=wishes.deputy_id)
            .select_related("user__reminder_preference")
            .first()
        )
        if member is None:
            return None
        wishes = wishes_of(member.user)
        if not is_absent(wishes, today):
            return Person(member.user, wishes, stands_in_for=person.user)
        passed.add(member.user_id)
    return None
