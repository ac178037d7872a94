"""What people do with reminders: acknowledge, retry, send again; set preferences, feeds and webhooks."""

import hashlib
import secrets
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from screening.models import (
    Acknowledgement,
    CalendarFeed,
    Intervention,
    MailChoice,
    Message,
    MessageState,
    Notice,
    Reminder,
    ReminderPreference,
    ReminderState,
    WebhookEndpoint,
)
from screening.reminders.addressing import address
from screening.reminders.audience import colleagues_of
from screening.reminders.clock import database_now
from screening.reminders.standing_rules import REVIEW_WAITING
from screening.reminders.wake import sweep_soon
from sites.access import SITE_STAFF
from sites.models import Membership, Site
from sites.queries import site_today
from trialops.accounts.models import User
from trialops.outbound.checking import refuse_bad_address

R = ReminderState
Role = Membership.Role


@transaction.atomic
def acknowledge(*, reminder: Reminder, by: User, now: datetime) -> Reminder:
    """Take notice of a reminder as it stands; of a missed one that ends the escalation. Twice equals once.

    The reminder of a review is for the principal investigator; what settles it is the review itself. Raises
    ValidationError for one that has not been told yet or is settled.
    """
    reminder = _locked(reminder)
    if reminder.rule == REVIEW_WAITING and not _is_principal(by, reminder.site, now):
        raise ValidationError(_("Only the principal investigator of the site acknowledges a review."))
    if reminder.state not in {R.DUE, R.SENT, R.ACKNOWLEDGED, R.MISSED}:
        raise ValidationError(
            _("This reminder is %(state)s; there is nothing to acknowledge.") % {"state": reminder.get_state_display()}
        )
    missed = reminder.state == R.MISSED
    Acknowledgement.objects.get_or_create(reminder=reminder, of_missed=missed, defaults={"recorded_by": by})
    if missed:
        reminder.escalate_at = None
        reminder.save(update_fields=["escalate_at"])
    elif reminder.state != R.ACKNOWLEDGED:
        reminder.state = R.ACKNOWLEDGED
        reminder.save(update_fields=["state"])
    return reminder


@transaction.atomic
def retry_message(*, message: Message, by: User, reason: str) -> Message:
    """Let a failed message be tried again at once."""
    message = Message.objects.select_for_update(no_key=True).get(pk=message.pk)
    _refuse_without_reason(reason)
    if message.state != MessageState.FAILED:
        raise ValidationError(
            _("This message is %(state)s; only a failed one can be tried again.")
            % {"state": message.get_state_display()}
        )
    Intervention.objects.create(kind=Intervention.Kind.RETRY, message=message, reason=reason.strip(), recorded_by=by)
    message.state, message.lease_until, message.send_at = MessageState.WAITING, None, database_now()
    message.save(update_fields=["state", "lease_until", "send_at"])
    sweep_soon()
    return message


@transaction.atomic
def resend_reminder(*, reminder: Reminder, by: User, now: datetime, reason: str) -> Reminder:
    """Send a reminder once more to the people it is for now; a message of its own, which no mail system drops."""
    reminder = _locked(reminder)
    _refuse_without_reason(reason)
    if reminder.state not in {R.DUE, R.SENT, R.ACKNOWLEDGED, R.MISSED}:
        raise ValidationError(
            _("This reminder is %(state)s and is not sent again.") % {"state": reminder.get_state_display()}
        )
    Intervention.objects.create(kind=Intervention.Kind.RESEND, reminder=reminder, reason=reason.strip(), recorded_by=by)
    if not address([reminder], Notice.Occasion.RESENT, now=now)[reminder]:
        raise ValidationError(_("There is nobody to send it to: no active person here has an e-mail address."))
    sweep_soon()
    return reminder


@transaction.atomic
def set_preferences(*, user: User, now: datetime, **wishes: Any) -> ReminderPreference:
    """Store how a person wants to be told. Raises ValidationError by field.

    A principal investigator cannot switch off urgent ones; a deputy must work where the person does.
    """
    preference, _made = ReminderPreference.objects.select_for_update().get_or_create(user=user)
    for name, value in wishes.items():
        setattr(preference, name, value)
    principal = Membership.objects.filter(
        Membership.active_on(now.date()), user=user, role=Role.PRINCIPAL_INVESTIGATOR
    ).exists()
    if principal and preference.mail == MailChoice.NONE:
        raise ValidationError({"mail": _("A principal investigator cannot switch off urgent reminders.")})
    if bool(preference.quiet_from is None) != bool(preference.quiet_to is None):
        raise ValidationError({"quiet_to": _("Quiet hours need a beginning and an end.")})
    if preference.quiet_from is not None and preference.quiet_from == preference.quiet_to:
        raise ValidationError({"quiet_to": _("Quiet hours must end at another time than they begin.")})
    _refuse_bad_absence(preference, now)
    preference.clean_fields(exclude=["user"])
    preference.save()
    return preference


def possible_deputies(user: User, *, now: datetime) -> list[User]:
    """Who can stand in for a person: whoever may see the subjects of one of the person's sites."""
    found: dict[int, User] = {}
    for site in _sites_of(user, now):
        members = Membership.objects.filter(colleagues_of(site, today=site_today(site, now))).exclude(user=user)
        found |= {member.user_id: member.user for member in members.select_related("user")}
    return sorted(found.values(), key=str)


@transaction.atomic
def issue_calendar_feed(*, user: User, now: datetime) -> str:
    """A new private address for a person's calendar, which ends the one before; its text is returned once."""
    revoke_calendar_feed(user=user, now=now)
    token = secrets.token_urlsafe(32)
    CalendarFeed.objects.create(user=user, digest=digest_of(token))
    return token


@transaction.atomic
def revoke_calendar_feed(*, user: User, now: datetime) -> int:
    """End a person's calendar address; the next fetch finds nothing. Returns how many were ended."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    return CalendarFeed.objects.filter(user=user, revoked_at__isnull=True).update(revoked_at=now)


def digest_of(token: str) -> str:
    """What is kept of a feed's address."""
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def add_webhook(*, site: Site, url: str, by: User) -> WebhookEndpoint:
    """Let a site's reminders be told to a system of the hospital. Raises ValidationError by field.

    An address that leads inside is refused, now and again at every call.
    """
    refuse_bad_address(url)
    if WebhookEndpoint.objects.filter(site=site, url=url, disabled_at__isnull=True).exists():
        raise ValidationError({"url": _("This site has this webhook already.")})
    return WebhookEndpoint.objects.create(site=site, url=url, created_by=by)


@transaction.atomic
def disable_webhook(*, endpoint: WebhookEndpoint, by: User, now: datetime) -> WebhookEndpoint:
    """Switch a webhook off for good; what still waits for it is not sent."""
    endpoint = WebhookEndpoint.objects.select_for_update(no_key=True).get(pk=endpoint.pk)
    if endpoint.disabled_at is None:
        endpoint.disabled_at, endpoint.disabled_by, endpoint.why_disabled = now, by, "switched off"
        endpoint.save(update_fields=["disabled_at", "disabled_by", "why_disabled"])
    return endpoint


def _locked(reminder: Reminder) -> Reminder:
    rows = Reminder.objects.select_for_update(no_key=True, of=("self",)).select_related("site__study", "subject")
    return rows.get(pk=reminder.pk)


def _is_principal(user: User, site: Site, now: datetime) -> bool:
    return Membership.objects.filter(
        Membership.active_on(site_today(site, now)), user=user, site=site, role=Role.PRINCIPAL_INVESTIGATOR
    ).exists()


def _sites_of(user: User, now: datetime) -> list[Site]:
    """The sites whose reminders a person gets on today's day."""
    own = Membership.objects.filter(Membership.active_on(now.date()), user=user)
    managed = own.filter(role=Role.STUDY_MANAGER).values("study")
    at = own.filter(role__in=SITE_STAFF).values("site")
    return list(Site.objects.filter(study__in=managed) | Site.objects.filter(pk__in=at))


def _refuse_without_reason(reason: str) -> None:
    if not reason.strip():
        raise ValidationError({"reason": _("Say why.")})


def _refuse_bad_absence(preference: ReminderPreference, now: datetime) -> None:
    begins, ends = preference.absent_from, preference.absent_to
    if (begins is None) != (ends is None):
        raise ValidationError({"absent_to": _("An absence needs a first and a last day.")})
    if begins is not None and ends is not None and ends < begins:
        raise ValidationError({"absent_to": _("The absence ends before it begins.")})
    if begins is not None and preference.deputy_id is None:
        raise ValidationError({"deputy": _("Name who stands in for you, so that nothing is overlooked.")})
    allowed = {user.pk for user in possible_deputies(preference.user, now=now)}
    if preference.deputy_id is not None and preference.deputy_id not in allowed:
        raise ValidationError({"deputy": _("Only somebody who works at one of your sites can stand in for you.")})
