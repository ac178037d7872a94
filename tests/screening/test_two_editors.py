"""Two people who change the same thing of a subject: the second is told who did what, and nothing is lost."""

import re
from datetime import date
from typing import Any

import pytest
from django.test import Client

from screening import services
from screening.models import Observation, Subject
from sites.models import Membership, Site
from tests.people import NOW, member, signed_in, text
from tests.screening.study import open_reference_site
from trialops.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_stands_still")]
Role = Membership.Role
TOLD = "Nothing is saved, and what you typed is kept. Save again if it still holds."


@pytest.fixture
def site() -> Site:
    return open_reference_site("JAX")


@pytest.fixture
def first(site: Site) -> User:
    return member(Role.COORDINATOR, site=site, username="first")


@pytest.fixture
def second(site: Site) -> User:
    return member(Role.SUB_INVESTIGATOR, site=site, username="second")


@pytest.fixture
def subject(site: Site, first: User) -> Subject:
    return services.create_subject(site=site, by=first, now=NOW, sex="female", birth_year=1961)


def hidden(page: Any) -> str:
    found = re.search(r'name="seen" value="([^"]*)"', page.content.decode())
    assert found is not None
    return found[1]


def both(first: User, second: User, address: str, one: dict[str, str], other: dict[str, str]) -> tuple[Client, Any]:
    """Both open the form; the first saves, then the second. The second's browser, and what it is answered."""
    ahead, behind = signed_in(first), signed_in(second)
    marks = [hidden(client.get(address)) for client in (ahead, behind)]
    assert ahead.post(address, one | {"seen": marks[0]}).status_code == 302
    return behind, behind.post(address, other | {"seen": marks[1]})


def test_correcting_sex_and_birth_year(first: User, second: User, subject: Subject) -> None:
    address = f"/subjects/{subject.pk}/person/"
    one = {"sex": "male", "birth_year": "1961", "reason": "misread"}
    other = {"sex": "female", "birth_year": "1967", "reason": "typed wrongly"}
    behind, answer = both(first, second, address, one, other)
    assert answer.status_code == 400
    page = text(answer)
    assert "Changed meanwhile: sex female → male (first, 23 Nov 2026" in re.sub(r"\d+ \w+ 20\d\d", "23 Nov 2026", page)
    assert TOLD in page
    assert 'value="1967"' in page
    subject.refresh_from_db()
    assert (subject.sex, subject.birth_year) == ("male", 1961)
    again = behind.post(address, other | {"sex": "male", "seen": hidden(answer)})
    assert again.status_code == 302
    subject.refresh_from_db()
    assert (subject.sex, subject.birth_year) == ("male", 1967)


def test_planning_the_first_dose(first: User, second: User, subject: Subject) -> None:
    address = f"/subjects/{subject.pk}/first-dose/"
    behind, answer = both(
        first, second, address, {"planned_first_dose": "2026-12-15"}, {"planned_first_dose": "2026-12-20"}
    )
    assert answer.status_code == 400
    page = text(answer)
    assert "planned first dose – → 15 Dec 2026 (first," in page
    assert 'value="2026-12-20"' in page
    subject.refresh_from_db()
    assert subject.planned_first_dose == date(2026, 12, 15)
    assert behind.post(address, {"planned_first_dose": "2026-12-20", "seen": hidden(answer)}).status_code == 302
    subject.refresh_from_db()
    assert subject.planned_first_dose == date(2026, 12, 20)


def test_clearing_a_day_that_somebody_has_moved(first: User, second: User, subject: Subject) -> None:
    services.plan_first_dose(subject=subject, on=date(2026, 12, 15), by=first, now=NOW)
    _behind, answer = both(
        first, second, f"/subjects/{subject.pk}/first-dose/", {"planned_first_dose": "2026-12-16"},
        {"planned_first_dose": ""},
    )  # fmt: skip
    assert answer.status_code == 400
    subject.refresh_from_db()
    assert subject.planned_first_dose == date(2026, 12, 16)


def test_correcting_a_fact(first: User, second: User, subject: Subject) -> None:
    raw = {"fact": "lvef", "value": 60, "unit": "%", "on": "2026-11-20"}
    row = services.record_fact(subject=subject, kind=Observation, raw=raw, by=first, now=NOW)
    address = f"/subjects/{subject.pk}/facts/observation/{row.pk}/correct/"
    typed = {"fact": "lvef", "unit": "%", "on": "2026-11-20", "reason": "misread"}
    behind = signed_in(second)
    behind.get(address)
    assert signed_in(first).post(address, typed | {"value": "61"}).status_code == 302
    answer = behind.post(address, typed | {"value": "62"})
    assert answer.status_code == 400
    assert "Somebody has corrected this entry already" in text(answer)
    assert "it now says: LVEF 61 %" in text(answer)
    assert not Observation.objects.filter(value="62").exists()
