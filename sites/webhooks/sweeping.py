"""The calls that are owed: made from what has changed, claimed one at a time, sent outside any transaction, recorded.

At least once, and bounded. A webhook has one call about changes at a time: what changes while it waits is told by the
next one, so a receiver that was away for a day is told once.
"""

import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Now
from django.utils.module_loading import import_string

from sites.access import access_of
from sites.models import Study
from sites.webhooks.calling import Answer, attempt
from sites.webhooks.models import CallAttempt, CallState, StudyWebhook, WebhookCall
from sites.webhooks.services import end, locked
from trialops.outbound.pauses import doubled

BUDGET = timedelta(seconds=45)
"""Whoever has worked for so long leaves the rest to the next one."""
LEASE = timedelta(seconds=60)
"""For so long nobody else claims a call; longer than an attempt can take."""
GIVEN_UP_AFTER = timedelta(days=3)
"""A receiver that has taken nothing for so long is switched off; whoever keeps it can switch it on again."""
NO_ROLE = "its maker has no role in the study any more"


@dataclass(frozen=True)
class Claim:
    """The right to make one call until the lease ends; `attempt` is the fencing number."""

    call_id: UUID
    attempt: int
    claimed_at: datetime


@dataclass(frozen=True)
class Swept:
    """How many calls were made out of changes, delivered, and tried in vain."""

    owed: int
    delivered: int
    failed: int


def sweep(*, budget: timedelta = BUDGET) -> Swept:
    """Make out what is owed and deliver what waits, until nothing does or the time is up; nothing in quarantine."""
    if connection.in_atomic_block:
        raise RuntimeError("Calling inside a transaction would tell what a rollback takes back.")
    if import_string(settings.WEBHOOKS_WAIT_WHILE)():
        return Swept(0, 0, 0)
    until = time.monotonic() + budget.total_seconds()
    owed, delivered, failed = owe_changes(), 0, 0
    while time.monotonic() < until and (claim := claim_next()) is not None:
        if deliver(claim):
            delivered += 1
        else:
            failed += 1
    return Swept(owed, delivered, failed)


@transaction.atomic(durable=True)
def owe_changes() -> int:
    """One call for each webhook whose study has a newer version than it was told of, and for which none waits."""
    waits = WebhookCall.objects.filter(webhook=OuterRef("pk"), kind=WebhookCall.Kind.CHANGED, state=CallState.WAITING)
    behind = StudyWebhook.objects.filter(
        ~Exists(waits), disabled_at__isnull=True, told_version__lt=F("study__data_version")
    )
    locked = list(behind.select_for_update(skip_locked=True, no_key=True, of=("self",)))
    versions = dict(Study.objects.filter(webhooks__in=locked).values_list("pk", "data_version"))
    calls = [
        WebhookCall(
            webhook=webhook,
            kind=WebhookCall.Kind.CHANGED,
            after_version=webhook.told_version,
            to_version=versions[webhook.study_id],
        )
        for webhook in locked
    ]
    WebhookCall.objects.bulk_create(calls)
    for call in calls:
        StudyWebhook.objects.filter(pk=call.webhook_id).update(told_version=call.to_version)
    return len(calls)


@transaction.atomic(durable=True)
def claim_next() -> Claim | None:
    """The call that has waited longest; those that have failed before come last. What others hold is passed over."""
    due = WebhookCall.objects.filter(state=CallState.WAITING, next_at__lte=Now())
    due = due.order_by("attempt", "next_at", "pk").select_for_update(skip_locked=True, no_key=True)
    row = due.annotate(claimed_at=Now()).first()
    if row is None:
        return None
    WebhookCall.objects.filter(pk=row.pk).update(attempt=F("attempt") + 1, next_at=Now() + LEASE)
    return Claim(row.pk, row.attempt + 1, row.claimed_at)


def deliver(claim: Claim) -> bool:
    """Make one claimed call and record how it went; whether the receiver took it."""
    call = WebhookCall.objects.select_related("webhook__study", "webhook__created_by").get(pk=claim.call_id)
    if call.state != CallState.WAITING or call.attempt != claim.attempt:
        return False
    webhook = call.webhook
    if webhook.personal and not _may_still_know(webhook, today=claim.claimed_at.date()):
        _switch_off(webhook, why=NO_ROLE)
        return False
    answer = attempt(call, now=claim.claimed_at)
    _record(call, answer)
    return answer.delivered


def pause_after(attempts: int) -> timedelta:
    """1, 2, 4 ... 60 minutes after the attempt-th failure."""
    return doubled(timedelta(minutes=1), attempts)


def _may_still_know(webhook: StudyWebhook, *, today: date) -> bool:
    maker = webhook.created_by
    return maker.is_active and access_of(maker, today).counted_studies.filter(pk=webhook.study_id).exists()


@transaction.atomic(durable=True)
def _record(call: WebhookCall, answer: Answer) -> None:
    """A success is true whoever says so, even after the lease; only the latest claim says when to try again."""
    webhook = locked(call.webhook)
    CallAttempt.objects.create(
        call=call, attempt=call.attempt, answer=answer.text, delivered=answer.delivered,
        milliseconds=answer.milliseconds,
    )  # fmt: skip
    rows = WebhookCall.objects.filter(pk=call.pk)
    if answer.delivered:
        rows.exclude(state=CallState.SENT).update(state=CallState.SENT, sent_at=Now(), error="")
        return
    held = rows.filter(state=CallState.WAITING, attempt=call.attempt)
    held.update(error=answer.text, next_at=Now() + pause_after(call.attempt))
    if answer.gone:
        _end(webhook, why=f"its server answered {answer.text}")
    elif call.kind == WebhookCall.Kind.TEST:
        held.update(state=CallState.FAILED)  # whoever asked for it looks now, and can ask again
    elif held.filter(created_at__lt=Now() - GIVEN_UP_AFTER).exists():
        _end(webhook, why=f"it took nothing for {GIVEN_UP_AFTER.days} days; at last: {answer.text}")


@transaction.atomic(durable=True)
def _switch_off(webhook: StudyWebhook, *, why: str) -> None:
    _end(locked(webhook), why=why)


def _end(webhook: StudyWebhook, *, why: str) -> None:
    """In the name of whoever made it, by the database's clock."""
    if webhook.disabled_at is None:
        now = StudyWebhook.objects.filter(pk=webhook.pk).values_list(Now(), flat=True).get()
        end(webhook, by=webhook.created_by, now=now, why=why)
