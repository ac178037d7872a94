"""The staff API: what the pages do, through the same services, with the same rights; requests that may be repeated."""

import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from screening.models import Observation, Subject
from screening.services import create_subject
from sites.models import ApiResource, Membership, Site
from sites.tokens import issue_token
from tests.factories import MembershipFactory, SiteFactory, StudyFactory
from tests.people import NOW, member, signed_in
from tests.screening.reminders.rows import a_reminder
from tests.screening.study import open_reference_site
from trialops.accounts.models import RepeatableRequest, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_stands_still")]
Role = Membership.Role
SITE = "/api/v1/studies/NCT03464916/sites/JAX/"
ECOG = {"kind": "observation", "entry": {"fact": "ecog", "value": 1, "on": "2026-11-20"}}


@pytest.fixture
def site() -> Site:
    return open_reference_site("JAX")


@pytest.fixture
def coordinator(site: Site) -> User:
    return member(Role.COORDINATOR, site=site)


@pytest.fixture
def manager(site: Site) -> User:
    return member(Role.STUDY_MANAGER, study=site.study)


@pytest.fixture
def subject(site: Site, coordinator: User) -> Subject:
    return create_subject(site=site, by=coordinator, now=NOW)


def sent(who: User | Client, path: str, body: Any, *, method: str = "post", **headers: str) -> Any:
    client = who if isinstance(who, Client) else signed_in(who)
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    return client.generic(method.upper(), path, text, content_type="application/json", headers=headers)


def of(subject: Subject, rest: str = "") -> str:
    return f"/api/v1/subjects/{subject.pk}/{rest}"


# Sites


def test_one_sees_the_sites_whose_subjects_one_may_see(site: Site, coordinator: User, manager: User) -> None:
    assert [row["code"] for row in signed_in(coordinator).get("/api/v1/sites/").json()] == ["JAX"]
    assert [row["code"] for row in signed_in(manager).get("/api/v1/sites/").json()] == ["JAX", "RST"]


def test_a_status_is_changed_and_corrected(site: Site, manager: User) -> None:
    change = {"status": "suspended", "effective_on": "2026-11-20", "reason": "Staff shortage."}
    made = sent(manager, f"{SITE}status-changes/", change)
    assert (made.status_code, made.json()["status"]) == (201, "suspended")
    corrected = sent(
        manager, f"{SITE}status-changes/", {**change, "effective_on": "2026-11-21", "corrects": made.json()["id"]}
    )
    assert corrected.json()["supersedes"] == made.json()["id"]
    assert len(signed_in(manager).get(f"{SITE}status-changes/").json()) == 3


def test_what_a_service_refuses_is_a_problem_by_field(site: Site, manager: User, coordinator: User) -> None:
    problem = sent(manager, f"{SITE}status-changes/", {"status": "suspended", "effective_on": "2026-11-20"})
    assert problem.status_code == 400
    assert problem.headers["Content-Type"] == "application/problem+json"
    assert [error["field"] for error in problem.json()["errors"]] == ["reason"]
    assert sent(coordinator, f"{SITE}status-verifications/", {}).status_code == 403
    assert sent(manager, f"{SITE}status-verifications/", {}).json() == {"verified_on": "2026-11-23"}


# Subjects and facts


def test_a_subject_from_nothing_to_withdrawn(coordinator: User) -> None:
    made = sent(coordinator, f"{SITE}subjects/", {"sex": "female", "birth_year": 1961}).json()
    assert (made["screening_number"], made["state"], made["verdict"]) == ("JAX-0001", "in_screening", "undetermined")
    address = f"/api/v1/subjects/{made['id']}/"
    planned = sent(coordinator, address, {"planned_first_dose": "2026-12-15"}, method="patch").json()
    assert planned["planned_first_dose"] == "2026-12-15"
    fact = sent(coordinator, f"{address}facts/", ECOG)
    assert (fact.status_code, fact.json()["entry"]) == (201, ECOG["entry"])
    stored = signed_in(coordinator).get(f"{address}assessments/").json()["results"]
    assert [each["verdict"] for each in stored] == ["undetermined"] * 3
    gone = sent(coordinator, f"{address}state-changes/", {"action": "withdraw", "on": "2026-11-23", "reason": "Moved."})
    assert gone.json()["state"] == "withdrawn"
    assert [row["id"] for row in signed_in(coordinator).get(f"{SITE}subjects/").json()["results"]] == [made["id"]]


def test_numbers_are_kept_and_given_exactly_as_written(subject: Subject, coordinator: User) -> None:
    body = (
        '{"kind": "observation", "entry": {"fact": "marrow_plasma_cells", "value": 29.9990000000000000001, "unit": "%",'
        ' "on": "2026-11-20"}}'
    )
    assert sent(coordinator, of(subject, "facts/"), body).status_code == 201
    assert Observation.objects.get().value == "29.9990000000000000001"
    assert b'"value": 29.9990000000000000001' in signed_in(coordinator).get(of(subject, "record/")).content


def test_a_fact_is_corrected_and_taken_back_with_a_reason(subject: Subject, coordinator: User) -> None:
    first = sent(coordinator, of(subject, "facts/"), ECOG).json()["id"]
    better = {**ECOG, "entry": {**ECOG["entry"], "value": 2}, "corrects": first}  # type: ignore[dict-item]
    assert sent(coordinator, of(subject, "facts/"), better).json()["errors"][0]["field"] == "reason"
    second = sent(coordinator, of(subject, "facts/"), {**better, "reason": "Misread."}).json()
    assert second["supersedes"] == first
    taken = {"kind": "observation", "fact": second["id"], "reason": "Another subject's."}
    assert sent(coordinator, of(subject, "retractions/"), taken).json()["retracted"] is True
    assert len(signed_in(coordinator).get(of(subject, "facts/")).json()) == 3
    assert sent(coordinator, of(subject, "retractions/"), {**taken, "fact": 987654321}).status_code == 404


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "required"),
        ("{", "not valid JSON"),
        ("[]", "Expected a JSON object"),
        ('{"kind": "observation", "kind": "therapy"}', "kind"),
        (b"\xff", "not UTF-8"),
        ("[" * 100_000, "nested too deeply"),
        ({"kind": "spell", "entry": {}}, "spell"),
        ({**ECOG, "by": "somebody"}, "Not a member of this request; accepted: kind, entry, corrects, reason"),
        ({"kind": "observation", "entry": {"fact": "ecog", "value": 9, "on": "2026-11-20"}}, "9"),
        ({"kind": "observation", "entry": {"fact": "ecogg", "value": 1, "on": "2026-11-20"}}, "ecogg"),
        ({"kind": "therapy", "entry": {"kind": "regimen", "end": "soon"}}, "end"),
    ],
)
def test_what_cannot_be_read_is_told_and_stores_nothing(
    subject: Subject, coordinator: User, body: Any, said: str
) -> None:
    answer = sent(coordinator, of(subject, "facts/"), body)
    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert not Observation.objects.exists()


def test_an_action_that_does_not_exist_names_those_that_do(subject: Subject, coordinator: User) -> None:
    answer = sent(coordinator, of(subject, "state-changes/"), {"action": "resurrect", "on": "2026-11-23"})
    assert "start-screening, enroll" in answer.json()["errors"][0]["detail"]
    refused = sent(coordinator, of(subject, "state-changes/"), {"action": "enroll", "on": "2026-11-23"})
    assert refused.status_code == 400
    subject.refresh_from_db()
    assert subject.state == "in_screening"


# Rights


def test_what_one_may_not_see_is_as_absent(subject: Subject) -> None:
    stranger = member(Role.COORDINATOR, site=SiteFactory(study=StudyFactory()))
    for path in ("", "facts/", "record/", "assessments/"):
        assert signed_in(stranger).get(of(subject, path)).status_code == 404
    assert sent(stranger, of(subject, "facts/"), ECOG).status_code == 404
    assert signed_in(stranger).get("/api/v1/reminders/").json()["results"] == []
    assert Client().get(of(subject)).status_code == 401


def test_reminders_are_listed_and_acknowledged(subject: Subject, coordinator: User) -> None:
    reminder = a_reminder(subject, state="due")
    listed = signed_in(coordinator).get("/api/v1/reminders/").json()["results"]
    assert str(reminder.pk) in {row["id"] for row in listed}
    taken = sent(coordinator, f"/api/v1/reminders/{reminder.pk}/acknowledgements/", "")
    assert (taken.status_code, taken.json()["id"]) == (201, str(reminder.pk))
    assert reminder.acknowledgements.get().recorded_by == coordinator


# Tokens


def test_a_staff_token_acts_as_its_owner_in_its_study_alone(site: Site, manager: User, subject: Subject) -> None:
    elsewhere = SiteFactory(code="ELS")
    MembershipFactory(user=manager, study=elsewhere.study, site=None, role=Role.STUDY_MANAGER)
    _, text = issue_token(study=site.study, name="CTMS", resources=["staff"], by=manager, personal=True)
    client, bearer = Client(), {"Authorization": f"Bearer {text}"}
    codes = [row["code"] for row in client.get("/api/v1/sites/", headers=bearer).json()]
    assert codes == ["JAX", "RST"]
    assert len(signed_in(manager).get("/api/v1/sites/").json()) == 3
    assert sent(client, of(subject, "facts/"), ECOG, **bearer).status_code == 201
    assert Observation.objects.get().recorded_by == manager
    Membership.objects.filter(user=manager, study=site.study).update(ends_on="2026-11-20")
    assert client.get("/api/v1/sites/", headers=bearer).status_code == 401


def test_a_token_for_aggregates_opens_nothing_here(site: Site, subject: Subject) -> None:
    _, text = issue_token(study=site.study, name="sponsor")
    answer = Client().get(of(subject), headers={"Authorization": f"Bearer {text}"})
    assert answer.status_code == 401
    assert "aggregates only" in answer.json()["detail"]


def test_a_staff_token_is_always_a_persons_own(site: Site) -> None:
    with pytest.raises(ValidationError, match="acts as its owner"):
        issue_token(study=site.study, name="CTMS", resources=[ApiResource.STAFF])


# Repeated requests


def test_a_repeated_request_is_answered_alike_and_done_once(site: Site, coordinator: User) -> None:
    key = {"Idempotency-Key": "7f2c"}
    first, second = (sent(coordinator, f"{SITE}subjects/", {"sex": "male"}, **key) for _ in range(2))
    assert (second.status_code, second.json()) == (201, first.json())
    assert second.headers["Idempotent-Replayed"] == "true"
    assert Subject.objects.count() == 1


def test_a_repeated_request_gives_numbers_to_the_byte_as_the_first(subject: Subject, coordinator: User) -> None:
    body = (
        '{"kind": "observation", "entry": {"fact": "marrow_plasma_cells", "value": 29.9990, "unit": "%",'
        ' "on": "2026-11-20"}}'
    )
    first, second = (
        sent(coordinator, of(subject, "facts/"), body, **{"Idempotency-Key": "marrow-of-the-20th"}) for _ in range(2)
    )
    assert b'"value": 29.9990' in first.content
    assert (second.content, second.headers["Content-Type"]) == (first.content, first.headers["Content-Type"])
    assert Observation.objects.count() == 1


def test_a_key_sent_with_another_request_is_refused(site: Site, coordinator: User, manager: User) -> None:
    key = {"Idempotency-Key": "7f2c"}
    sent(coordinator, f"{SITE}subjects/", {"sex": "male"}, **key)
    assert sent(coordinator, f"{SITE}subjects/", {"sex": "female"}, **key).status_code == 422
    assert sent(manager, f"{SITE}subjects/", {"sex": "female"}, **key).status_code == 201  # another person's key
    assert Subject.objects.count() == 2


def test_a_refused_request_leaves_no_key_behind(site: Site, manager: User) -> None:
    key, change = {"Idempotency-Key": "7f2c"}, {"status": "suspended", "effective_on": "2026-11-20"}
    assert sent(manager, f"{SITE}status-changes/", change, **key).status_code == 400
    assert sent(manager, f"{SITE}status-changes/", {**change, "reason": "Staff shortage."}, **key).status_code == 201


@pytest.mark.parametrize("key", ["", "a b", "x" * 201, "ü"])
def test_a_key_that_is_none_is_refused(site: Site, coordinator: User, key: str) -> None:
    assert sent(coordinator, f"{SITE}subjects/", {}, **{"Idempotency-Key": key}).status_code == 400
    assert not RepeatableRequest.objects.exists()
