"""Reviews by the staff API: listed, read with their sheet, returned, answered, withdrawn; never signed."""

import json
from typing import Any

import pytest
from django.urls import get_resolver

from screening.models import Subject
from screening.reviews import standing_of
from sites.models import Membership, Site
from tests.people import member, signed_in
from tests.screening.reviews import eligible, failed, investigator, sign, to_review
from tests.screening.study import open_reference_site
from trialops.accounts.models import User
from trialops.audit.models import Event

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_stands_still")]
Role = Membership.Role


@pytest.fixture
def site() -> Site:
    return open_reference_site("JAX")


@pytest.fixture
def coordinator(site: Site) -> User:
    return member(Role.COORDINATOR, site=site)


@pytest.fixture
def failure(site: Site, coordinator: User) -> Subject:
    return failed(site, coordinator)


def sent(who: User, path: str, body: Any, **headers: str) -> Any:
    return signed_in(who).post(path, json.dumps(body), content_type="application/json", headers=headers)


def of(subject: Subject, rest: str = "") -> str:
    return f"/api/v1/reviews/{to_review(subject).pk}/{rest}"


def test_what_waits_is_listed_with_where_it_stands(failure: Subject, coordinator: User, site: Site) -> None:
    confirmed = eligible(site, coordinator)
    sign(confirmed)
    rows = signed_in(coordinator).get("/api/v1/reviews/").json()["results"]
    told = {row["screening_number"]: (row["state"], row["standing"], row["criteria"], row["primary"]) for row in rows}
    assert told == {
        failure.screening_number: ("screen_failed", "awaiting", ["E15"], "E15"),
        confirmed.screening_number: ("eligible", "confirmed", [], ""),
    }


def test_the_pages_of_the_list_hold_each_review_once(failure: Subject, coordinator: User, site: Site) -> None:
    others = [eligible(site, coordinator) for _ in range(2)]
    found, address = [], "/api/v1/reviews/?page_size=1"
    while address:
        page = signed_in(coordinator).get(address).json()
        found += [row["subject"] for row in page["results"]]
        address = page["next"]
    assert sorted(found) == sorted(str(subject.pk) for subject in (failure, *others))


def test_one_is_read_with_its_sheet_and_the_reading_is_recorded(failure: Subject, coordinator: User) -> None:
    answer = signed_in(coordinator).get(of(failure))
    whole = answer.json()
    assert (whole["screening_number"], whole["standing"]) == (failure.screening_number, "awaiting")
    assert whole["sheet"]["record"]["observations"]
    assert (whole["steps"], whole["signatures"]) == ([], [])
    assert Event.objects.filter(action="read", subject_pk=failure.pk, user_pk=coordinator.pk).count() == 1


def test_a_question_and_its_answer(failure: Subject, coordinator: User, site: Site) -> None:
    pi = investigator(site)
    asked = sent(pi, of(failure, "returns/"), {"question": "Was it repeated?"})
    assert (asked.status_code, asked.json()["standing"]) == (201, "returned")
    again = sent(pi, of(failure, "returns/"), {"question": "Well?"})
    assert again.status_code == 400
    assert "returned with a question" in again.json()["errors"][0]["detail"]
    answered = sent(coordinator, of(failure, "answers/"), {"text": "Yes, on Monday."})
    assert (answered.status_code, answered.json()["standing"]) == (201, "awaiting")
    steps = answered.json()["steps"]
    assert [(step["kind"], step["text"]) for step in steps] == [
        ("returned", "Was it repeated?"),
        ("answered", "Yes, on Monday."),
    ]


def test_a_failure_is_taken_back_once_however_often_the_request_is_sent(failure: Subject, coordinator: User) -> None:
    address, key = of(failure, "withdrawals/"), {"Idempotency-Key": "take-it-back"}
    change = to_review(failure)
    first = sent(coordinator, address, {"reason": "Another echo."}, **key)
    second = sent(coordinator, address, {"reason": "Another echo."}, **key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert first.json()["standing"] == standing_of(change).value == "withdrawn"
    failure.refresh_from_db()
    assert failure.state == "in_screening"


@pytest.mark.parametrize(("what", "body"), [("returns", {"question": " "}), ("returns", {}), ("answers", {"text": ""})])
def test_nothing_said_is_refused_at_its_member(
    failure: Subject, coordinator: User, site: Site, what: str, body: dict[str, str]
) -> None:
    who = investigator(site) if what == "returns" else coordinator
    answer = sent(who, of(failure, f"{what}/"), body)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["question" if what == "returns" else "text"]


def test_only_a_principal_investigator_returns(failure: Subject, coordinator: User, site: Site) -> None:
    manager = member(Role.STUDY_MANAGER, study=site.study)
    for who in (coordinator, manager):
        assert sent(who, of(failure, "returns/"), {"question": "Why?"}).status_code == 403


def test_there_is_no_address_that_signs() -> None:
    names = {str(name) for name in get_resolver().reverse_dict if isinstance(name, str) and name.startswith("api-rev")}
    assert names == {
        "api-reviews",
        "api-review",
        "api-review-returns",
        "api-review-answers",
        "api-review-withdrawals",
    }
