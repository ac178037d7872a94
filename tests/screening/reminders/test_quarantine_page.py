"""The page that releases a restored database: for superusers, with a reason, and once."""

from typing import Any

import pytest
from django.urls import reverse

from screening.models import Installation, ReminderState
from screening.reminders.quarantine import in_quarantine
from tests.factories import MembershipFactory, SiteFactory, UserFactory
from tests.people import member, signed_in, text
from tests.screening.reminders.rows import a_reminder, a_subject, in_seconds

pytestmark = pytest.mark.django_db
PAGE = "/reminders/quarantine/"


@pytest.fixture
def browser() -> Any:
    return signed_in(UserFactory(is_superuser=True))


@pytest.fixture
def restored() -> None:
    Installation.objects.create(database="another cluster/1")


def test_what_is_held_is_listed_and_released_as_chosen(browser: Any, restored: None) -> None:
    site = SiteFactory()
    MembershipFactory(site=site)
    subject = a_subject(site)
    chosen, told = (a_reminder(subject, due_at=in_seconds(-60)) for _ in range(2))
    page = text(browser.get(PAGE))
    assert "nothing is sent" in page
    assert str(chosen.pk) in page
    assert str(told.pk) in page
    answer = browser.post(PAGE, {"send": [str(chosen.pk)], "reason": "The mail server's log says so."}, follow=True)
    assert "reminders to send: 1, told before: 1" in text(answer)
    assert not in_quarantine()
    chosen.refresh_from_db()
    told.refresh_from_db()
    assert (chosen.state, told.state) == (ReminderState.PLANNED, ReminderState.SENT)
    assert "not in quarantine" in text(browser.get(PAGE))


@pytest.mark.parametrize("posted", [{}, {"reason": " "}, {"reason": "x", "send": ["guessed"]}])
def test_without_a_reason_or_with_what_is_not_held_nothing_is_released(
    browser: Any, restored: None, posted: dict[str, Any]
) -> None:
    assert browser.post(PAGE, posted).status_code == 400
    assert in_quarantine()


def test_outside_quarantine_there_is_nothing_to_release(browser: Any) -> None:
    answer = browser.post(PAGE, {"reason": "x"})
    assert answer.status_code == 400
    assert Installation.objects.filter(recorded_by__isnull=False).count() == 0


def test_for_study_managers_there_is_no_such_page(restored: None) -> None:
    manager = signed_in(member("study_manager", study=SiteFactory().study))  # type: ignore[arg-type]
    assert manager.get(PAGE).status_code == 404
    assert reverse("quarantine") not in text(manager.get("/reminders/operations/"))
