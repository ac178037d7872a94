"""Every number on the overview equals the API's, today and as of a past day."""

import re

import pytest

from sites.models import Membership
from tests.dashboards.people import person
from tests.people import member, signed_in, text
from tests.screening.study import open_reference_site

NUMBERS = ("ever.in_screening", "currently.in_screening", "currently.eligible", "currently.screen_failed",
           "ever.enrolled", "ever.treated")  # fmt: skip


@pytest.mark.django_db
@pytest.mark.usefixtures("clock_stands_still")
@pytest.mark.parametrize("day", ["", "2025-03-01", "2025-03-02", "2025-03-05"])
def test_the_overview_and_the_api_say_the_same(day: str) -> None:
    site = open_reference_site("JAX")
    for states in (
        ["in_screening"],
        ["in_screening", "screen_failed"],
        ["in_screening", "eligible", "enrolled", "treated"],
    ):
        person(site, *states)
    browser = signed_in(member(Membership.Role.STUDY_MANAGER, study=site.study))
    shown = re.findall(
        r"<dd>(?:<a [^>]*>)?(\d+)<", text(browser.get("/studies/NCT03464916/", {"as_of": day} if day else {}))
    )
    answer = browser.get("/api/v1/studies/NCT03464916/enrollment/", {"as_of": day} if day else {})
    totals = answer.json()["totals"]
    told = [totals[kind][state] for kind, state in (name.split(".") for name in NUMBERS)]
    assert [int(number) for number in shown[: len(NUMBERS)]] == told
