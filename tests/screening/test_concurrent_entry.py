"""Fifty subjects screened at one site at once, by requests as browsers send them."""

from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from screening.models import Subject
from sites.models import Membership
from tests.people import member, signed_in
from tests.screening.study import open_reference_site

NEW = "/studies/NCT03464916/sites/JAX/subjects/new/"
ACCEPTED, REFUSED = 302, 400


def test_numbers_are_gapless_and_unique_when_fifty_are_entered_at_once(committed_db: None) -> None:
    site = open_reference_site("JAX")
    people = [member(Membership.Role.COORDINATOR, site=site) for _one in range(8)]
    browsers = [signed_in(person) for person in people]

    def screen(index: int) -> int:
        try:
            year = "19x1" if index % 10 == 0 else str(1930 + index)  # every tenth is refused
            typed = {"sex": "male", "birth_year": year, "screened_on": "2026-01-05"}
            return browsers[index % 8].post(NEW, typed).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=8) as pool:
        answers = list(pool.map(screen, range(50)))
    assert [answers.count(ACCEPTED), answers.count(REFUSED)] == [45, 5]
    assert sorted(Subject.objects.values_list("number", flat=True)) == list(range(1, 46))
    assert Subject.objects.values("screening_number").distinct().count() == 45
