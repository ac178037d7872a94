"""The application's own role seals, but cannot seal anything to where nobody would find it."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection, transaction

from sites.models import Site
from tests.factories import SiteFactory
from tests.trialops.audit.intruder import ONE
from trialops.audit.content import content_of, event_columns, genesis, link_digest
from trialops.audit.models import INSTALLATION, Event, Link, Sealing
from trialops.audit.sealing import seal_events

pytestmark = pytest.mark.django_db


@pytest.fixture
def site() -> Site:
    """A site whose past is sealed, and one event of it that waits."""
    site = SiteFactory()
    seal_events()
    Site.objects.filter(pk=site.pk).update(city="Boston")
    return site


def forged(event: Event, *, chain: int, sequence: int | None = None, sealing: int | None = None) -> Link:
    """A link with the digest that verifying would expect of it."""
    last = Link.objects.filter(chain=chain).order_by("-sequence").first()
    sequence = sequence or (last.sequence if last else 0) + 1
    with connection.cursor() as cursor:
        cursor.execute(ONE.format(event_columns()), [event.pk])
        content = content_of(cursor.fetchone())
    digest = link_digest(last.digest if last else genesis(chain), chain, sequence, content)
    sealing = sealing or Sealing.objects.latest("id").pk
    return Link(chain=chain, sequence=sequence, event=event, digest=digest, sealing_id=sealing)


def waiting() -> Event:
    return Event.objects.filter(link=None).latest("id")


def into_another_chain(site: Site) -> None:
    forged(waiting(), chain=INSTALLATION).save()


def into_another_chain_from_a_scope_that_sees_no_site(site: Site) -> None:
    link = forged(waiting(), chain=INSTALLATION)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL trialops.scope = 'nothing'")
        link.save()


def leaving_a_gap(site: Site) -> None:
    forged(waiting(), chain=site.study_id, sequence=99).save()


def under_an_older_sealing(site: Site) -> None:
    older = Sealing.objects.latest("id").pk
    Sealing.objects.create(horizon=1)
    forged(waiting(), chain=site.study_id, sealing=older).save()


def of_an_event_that_is_not(site: Site) -> None:
    last = Link.objects.filter(chain=INSTALLATION).order_by("-sequence").first()
    sequence = (last.sequence if last else 0) + 1
    sealing = Sealing.objects.latest("id")
    Link(chain=INSTALLATION, sequence=sequence, event_id=10**12, digest="0" * 64, sealing=sealing).save()


def a_sealing_that_hides_what_is_to_come(site: Site) -> None:
    Sealing.objects.create(horizon=10**15)


ATTEMPTS: dict[Callable[[Site], None], str] = {
    into_another_chain: "belongs to chain",
    into_another_chain_from_a_scope_that_sees_no_site: "belongs to chain",
    leaving_a_gap: "link 99 is not the next of chain",
    under_an_older_sealing: "under the latest sealing",
    of_an_event_that_is_not: "belongs to chain <NULL>",
    a_sealing_that_hides_what_is_to_come: "have not all ended",
}


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.__name__)
def test_a_forged_link_is_refused(attempt: Callable[[Site], None], site: Site) -> None:
    with pytest.raises(IntegrityError, match=ATTEMPTS[attempt]), transaction.atomic():
        attempt(site)


def test_a_sealing_is_always_of_now(site: Site) -> None:
    sealing = Sealing.objects.create(horizon=1, sealed_at=datetime(2020, 1, 1, tzinfo=UTC))
    sealing.refresh_from_db()
    assert sealing.sealed_at.year > 2020


def test_what_is_forged_rightly_is_what_sealing_does(site: Site) -> None:
    """So that the refusals above are not of something else."""
    forged(waiting(), chain=site.study_id).save()
    assert not Event.objects.filter(link=None, study_pk=site.study_id).exists()
