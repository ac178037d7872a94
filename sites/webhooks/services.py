"""What people do with the webhooks of a study: add, rotate the secret, test, switch off and on again."""

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from sites.models import Study
from sites.webhooks.models import CallState, StudyWebhook, WebhookCall, new_salt
from trialops.accounts.models import User
from trialops.hints import hint_on_commit
from trialops.outbound.checking import refuse_bad_address

OVERLAP = timedelta(days=1)
"""So long calls are signed with the earlier secret too."""
MOST_IN_A_STUDY = 50
SWEEP = "sites.webhooks.tasks.sweep_webhooks"


def webhooks_of(study: Study, user: User, *, all_of_study: bool) -> QuerySet[StudyWebhook]:
    """The webhooks that a person may see: a study manager all, a sponsor the own ones."""
    webhooks = StudyWebhook.objects.filter(study=study).select_related("created_by", "study")
    return webhooks if all_of_study else webhooks.filter(created_by=user, personal=True)


@transaction.atomic
def add_webhook(*, study: Study, url: str, personal: bool, by: User) -> StudyWebhook:
    """Tell an address of every change of the study from now on. Raises ValidationError by field.

    An address that leads inside is refused, now and again at every call.
    """
    refuse_bad_address(url)
    study = Study.objects.select_for_update().get(pk=study.pk)
    if StudyWebhook.objects.filter(study=study, disabled_at__isnull=True).count() >= MOST_IN_A_STUDY:
        raise ValidationError(
            {"url": _("The study has %(most)s webhooks already; switch one off first.") % {"most": MOST_IN_A_STUDY}}
        )
    if StudyWebhook.objects.filter(study=study, created_by=by, url=url, disabled_at__isnull=True).exists():
        raise ValidationError({"url": _("You have this webhook already.")})
    return StudyWebhook.objects.create(
        study=study, url=url, personal=personal, told_version=study.data_version, created_by=by
    )


@transaction.atomic
def rotate_secret(*, webhook: StudyWebhook, by: User, now: datetime) -> StudyWebhook:
    """A new secret; calls are signed with the one before too, for a day, so that no receiver refuses one meanwhile."""
    webhook = locked(webhook)
    _refuse_switched_off(webhook)
    webhook.salt, webhook.earlier_salt, webhook.earlier_until = new_salt(), webhook.salt, now + OVERLAP
    webhook.save(update_fields=["salt", "earlier_salt", "earlier_until"])
    return webhook


@transaction.atomic
def send_test(*, webhook: StudyWebhook, by: User) -> WebhookCall:
    """Owe the webhook a test call, which goes the way of all others; one that still waits is enough."""
    webhook = locked(webhook)
    _refuse_switched_off(webhook)
    call, _made = WebhookCall.objects.get_or_create(
        webhook=webhook,
        kind=WebhookCall.Kind.TEST,
        state=CallState.WAITING,
        defaults={"after_version": webhook.told_version, "to_version": webhook.told_version},
    )
    hint_on_commit(SWEEP)
    return call


@transaction.atomic
def switch_off(*, webhook: StudyWebhook, by: User, now: datetime) -> StudyWebhook:
    """Call it no more; what still waits for it is given up."""
    webhook = locked(webhook)
    if webhook.disabled_at is None:
        end(webhook, by=by, now=now, why="switched off")
    return webhook


@transaction.atomic
def switch_on(*, webhook: StudyWebhook, by: User) -> StudyWebhook:
    """Call it again: at once, if something has changed since it was last told."""
    webhook = locked(webhook)
    if webhook.disabled_at is not None:
        refuse_bad_address(webhook.url)
        webhook.disabled_at, webhook.disabled_by, webhook.why_disabled = None, None, ""
        try:
            with transaction.atomic():
                webhook.save(update_fields=["disabled_at", "disabled_by", "why_disabled"])
        except IntegrityError as error:
            raise ValidationError(_("The same address has been added anew meanwhile.")) from error
        hint_on_commit(SWEEP)
    return webhook


def end(webhook: StudyWebhook, *, by: User, now: datetime, why: str) -> None:
    """Switch off a webhook whose row is locked. What it has not taken yet is told anew if it is switched on again."""
    waiting = WebhookCall.objects.filter(webhook=webhook, state=CallState.WAITING)
    untold = waiting.filter(kind=WebhookCall.Kind.CHANGED).first()
    if untold is not None:
        webhook.told_version = untold.after_version
    webhook.disabled_at, webhook.disabled_by, webhook.why_disabled = now, by, why
    webhook.save(update_fields=["disabled_at", "disabled_by", "why_disabled", "told_version"])
    waiting.update(state=CallState.FAILED, error=why)


def locked(webhook: StudyWebhook) -> StudyWebhook:
    """The webhook's row before its calls': everybody locks in this order."""
    rows = StudyWebhook.objects.select_for_update(no_key=True, of=("self",)).select_related("study", "created_by")
    return rows.get(pk=webhook.pk)


def _refuse_switched_off(webhook: StudyWebhook) -> None:
    if webhook.disabled_at is not None:
        raise ValidationError(_("This webhook is switched off; switch it on first."))
