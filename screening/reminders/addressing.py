"""From reminders that are due to messages: one digest for each person and morning, urgent ones by themselves."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from operator import attrgetter, itemgetter
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from screening.models import Audience, Channel, Lane, Message, MessageState, Notice, Reminder, ReminderState
from screening.models.preferences import WebhookEndpoint
from screening.reminders.audience import Person, audience_of
from screening.reminders.schedule import Hours, Slot, digest_time, urgent_time
from sites.models import Site
from sites.queries import site_today

logger = logging.getLogger(__name__)
R = ReminderState
Occasion = Notice.Occasion

AHEAD = timedelta(hours=9)
"""Reminders are addressed so long before they are due, from the midnight before, so that an early digest holds them."""
ADDRESSED_AGAIN_AFTER = timedelta(hours=1)
"""What has reached nobody, since whoever it was for could not be reached, is addressed anew after this time."""
BATCH = 500


def address_due(*, now: datetime, limit: int = BATCH) -> int:
    """Address a batch of what is planned and comes due; returns how many were taken (0: nothing is left).

    Rows that another sweep holds are passed over. What nobody can be told stays due and is addressed again later.
    """
    with transaction.atomic(durable=True):
        in_turn = due_rows().order_by("due_at", "site_id", "pk")  # a batch of few sites asks few people
        return _address(in_turn, Occasion.DUE, now=now, limit=limit)


def due_rows() -> QuerySet[Reminder]:
    """What is planned and comes due; a partial index keeps the cost of finding it at what there is to find."""
    return Reminder.objects.filter(state=R.PLANNED, due_at__lte=Now() + AHEAD, closes_at__gt=Now())


def address_untold(*, now: datetime, limit: int = BATCH) -> int:
    """Try again those that nobody could be told when they came due, or that have reached nobody since."""
    with transaction.atomic(durable=True):
        heard = Q(sent_at__isnull=False, message__channel=Channel.MAIL)
        on_its_way = Q(message__state=MessageState.WAITING) | Q(message__created_at__gt=Now() - ADDRESSED_AGAIN_AFTER)
        carried = Notice.objects.filter(heard | on_its_way, reminder=OuterRef("pk"))
        rows = Reminder.objects.filter(~Exists(carried), state=R.DUE, due_at__lte=Now(), closes_at__gt=Now())
        return _address(rows.order_by("?"), Occasion.DUE, now=now, limit=limit)


def address(
    reminders: Sequence[Reminder], occasion: Occasion, *, audience: Audience | None = None, now: datetime
) -> dict[Reminder, int]:
    """Make the messages for reminders whose rows are locked; returns to how many receivers each goes.

    `audience` takes the place of each reminder's own. On every occasion but the ordinary one it goes at once. Who
    works there, is absent or stands in is asked for the day on which it is told, not for the one on which it is
    addressed.
    """
    outbox = _Outbox(now)
    receivers: dict[Reminder, int] = {}
    people: dict[tuple[int, Audience, date, bool], list[Person]] = {}
    webhooks: dict[int, list[WebhookEndpoint]] = {}
    for reminder in reminders:
        site, told = reminder.site, audience or Audience(reminder.audience)
        day, urgent = site_today(site, told_at(reminder, occasion, now=now)), is_urgent(reminder, occasion)
        key = (site.pk, told, day, urgent)
        if key not in people:
            people[key] = audience_of(site, told, today=day, urgent=urgent)
        if site.pk not in webhooks:
            webhooks[site.pk] = list(WebhookEndpoint.objects.filter(site=site, disabled_at__isnull=True))
        receivers[reminder] = len(people[key])
        for person in people[key]:
            outbox.mail(reminder, person, occasion)
        for endpoint in webhooks[site.pk]:
            outbox.webhook(reminder, endpoint, occasion)
    outbox.write()
    return receivers


def told_at(reminder: Reminder, occasion: Occasion, *, now: datetime) -> datetime:
    """An ordinary one when it is due, if that is still to come; all else now."""
    return max(reminder.due_at, now) if occasion == Occasion.DUE else now


def is_urgent(reminder: Reminder, occasion: Occasion) -> bool:
    return reminder.urgent or occasion != Occasion.DUE


def _address(rows: QuerySet[Reminder], occasion: Occasion, *, now: datetime, limit: int) -> int:
    locked = rows.select_for_update(skip_locked=True, no_key=True, of=("self",))
    reminders = list(locked.select_related("site", "subject")[:limit])
    if not reminders:
        return 0
    receivers = _each_apart(reminders, occasion, now=now)
    for reminder in reminders:
        if not receivers.get(reminder):
            logger.error("Reminder %s: there is nobody to tell.", reminder.pk)
    ids = [reminder.pk for reminder in reminders]
    Reminder.objects.filter(pk__in=ids, state=R.PLANNED).update(state=R.DUE)
    reached = [reminder.pk for reminder in reminders if receivers.get(reminder)]
    in_the_app_only = Reminder.objects.filter(
        ~Exists(Notice.objects.filter(reminder=OuterRef("pk"))), pk__in=reached, state=R.DUE, due_at__lte=Now()
    )
    in_the_app_only.update(state=R.SENT, sent_at=Now())
    return len(reminders)


def _each_apart(reminders: list[Reminder], occasion: Occasion, *, now: datetime) -> dict[Reminder, int]:
    """All at once; where a site cannot be addressed (its zone does not exist, say), the others still are."""
    receivers: dict[Reminder, int] = {}
    for site in sorted({reminder.site for reminder in reminders}, key=attrgetter("pk")):
        own = [reminder for reminder in reminders if reminder.site_id == site.pk]
        try:
            with transaction.atomic():
                receivers |= address(own, occasion, now=now)
        except Exception:  # logged with the id; the other sites must still be told
            logger.exception("The reminders of site %s cannot be addressed", site.pk)
    return receivers


@dataclass
class _Outbox:
    """Messages about to be written: digests are found or made, all others are new."""

    now: datetime
    lanes: dict[str, Lane] = field(default_factory=dict)
    digests: dict[tuple[int, int, datetime], list[Notice]] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def mail(self, reminder: Reminder, person: Person, occasion: Occasion) -> None:
        urgent = is_urgent(reminder, occasion)
        if not person.gets_mail(urgent=urgent):
            return
        lane = self.lane(*mail_lane(person.user.email, reminder.site))
        notice = Notice(reminder=reminder, occasion=occasion, stands_in_for=person.stands_in_for)
        hours, slot = hours_of(person, reminder.site), slot_of(reminder)
        if urgent:
            at = urgent_time(slot, hours, now=self.now, whatever_the_hour=person.is_principal)
            self.add(Message(channel=Channel.MAIL, lane=lane, user=person.user, urgent=True, send_at=at), notice)
        else:
            at = digest_time(slot, hours, now=self.now)
            self.digests.setdefault((person.user.pk, lane.pk, at), []).append(notice)

    def webhook(self, reminder: Reminder, endpoint: WebhookEndpoint, occasion: Occasion) -> None:
        at = told_at(reminder, occasion, now=self.now)
        lane = self.lane(f"webhook:{endpoint.pk}", Channel.WEBHOOK, "")
        self.add(
            Message(channel=Channel.WEBHOOK, lane=lane, endpoint=endpoint, urgent=reminder.urgent, send_at=at),
            Notice(reminder=reminder, occasion=occasion),
        )

    def lane(self, name: str, channel: Channel, route: str) -> Lane:
        if name not in self.lanes:
            self.lanes[name] = Lane.objects.get_or_create(name=name, defaults={"channel": channel, "route": route})[0]
        return self.lanes[name]

    def add(self, message: Message, notice: Notice) -> None:
        notice.message = message
        self.messages.append(message)
        self.notices.append(notice)

    def write(self) -> None:
        for (user_id, lane_id, at), notices in sorted(self.digests.items(), key=itemgetter(0)):  # one order for all
            digest = open_digest(user_id=user_id, lane_id=lane_id, send_at=at)
            for notice in notices:
                notice.message = digest
            self.notices += notices
        Message.objects.bulk_create(self.messages)
        Notice.objects.bulk_create(self.notices)


def open_digest(*, user_id: int, lane_id: int, send_at: datetime) -> Message:
    """The one digest of a person for a morning that nobody has begun to send, locked until the transaction ends."""
    key = {"user_id": user_id, "lane_id": lane_id, "send_at": send_at}
    unsent = {"channel": Channel.MAIL, "urgent": False, "state": MessageState.WAITING, "attempt": 0}
    while True:
        Message.objects.bulk_create([Message(**key, **unsent)], ignore_conflicts=True)
        digest = Message.objects.select_for_update(no_key=True).filter(**key, **unsent).first()
        if digest is not None:  # else it was claimed between the two statements: the next round makes a new one
            return digest


def mail_lane(address: str, site: Site) -> tuple[str, Channel, str]:
    """Name, channel and route of the lane: the site's own mail server, if it has one, and the receiving domain."""
    route = site.code if site.code in settings.SITE_EMAIL_URLS else ""
    return f"mail:{route}:{address.rpartition('@')[2].lower()}", Channel.MAIL, route


def hours_of(person: Person, site: Site) -> Hours:
    """A person's wishes about time; the site's zone holds unless they have named one that exists."""
    wishes = person.wishes
    quiet = (wishes.quiet_from, wishes.quiet_to) if wishes.quiet_from and wishes.quiet_to else None
    return Hours(_zone_of(person) or site.zone, wishes.digest_at, quiet)


def _zone_of(person: Person) -> ZoneInfo | None:
    """The zone that a person has named; None without one, or if this system does not know it (any more)."""
    try:
        return ZoneInfo(person.wishes.time_zone) if person.wishes.time_zone else None
    except (ZoneInfoNotFoundError, ValueError):
        logger.warning("User %s has named a time zone that does not exist; the site's holds.", person.user.pk)
        return None


def slot_of(reminder: Reminder) -> Slot:
    return Slot(reminder.due_at, reminder.closes_at, reminder.site.zone)
