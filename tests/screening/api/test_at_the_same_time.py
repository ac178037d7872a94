"""Requests of the staff API that arrive at the same time under one Idempotency-Key."""

import threading

from django.db import connection

from sites.models import Membership, SiteStatusChange
from tests.people import member
from tests.screening.api.test_staff_api import SITE, sent
from tests.screening.study import open_reference_site


def test_the_same_request_twice_at_the_same_time_is_done_once(committed_db: None) -> None:
    site = open_reference_site("JAX")
    manager = member(Membership.Role.STUDY_MANAGER, study=site.study)
    answers: list[int] = []
    change = {"status": "suspended", "effective_on": "2026-11-20", "reason": "Staff shortage."}

    def send() -> None:
        answers.append(sent(manager, f"{SITE}status-changes/", change, **{"Idempotency-Key": "at-once"}).status_code)
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [201] * 6
    assert SiteStatusChange.objects.filter(site=site, status="suspended").count() == 1
