"""The page for entering facts: groups saved as a whole, answers without a value, two people at once, doubles."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from screening.criteria import Sex
from screening.duplicates import doubles_of
from screening.meanwhile import mark_of
from screening.models import AbsentValue, Observation, Subject, Therapy, Toxicity
from screening.queries import current_facts, record_of
from screening.services import create_subject, record_fact, rescreen, withdraw
from screening.services.attempts import key_of
from sites.models import Membership, Site
from tests.people import NOW, member, signed_in, text
from tests.screening.study import open_reference_site
from trialops.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_stands_still")]
Role = Membership.Role


@pytest.fixture
def site() -> Site:
    return open_reference_site("JAX")


@pytest.fixture
def coordinator(site: Site) -> User:
    return member(Role.COORDINATOR, site=site, first_name="Casey", last_name="Coordinator")


@pytest.fixture
def subject(site: Site, coordinator: User) -> Subject:
    return create_subject(site=site, by=coordinator, now=NOW, sex="female", birth_year=1961)


@pytest.fixture
def client(coordinator: User) -> Client:
    return signed_in(coordinator)


def save(client: Client, subject: Subject, group: str, *, seen: str = "", **typed: str) -> Any:
    """Send a group with what was typed, dated 20 November, as a browser without JavaScript does."""
    fields = {name.replace("__", "-"): value for name, value in typed.items()}
    body = {f"{group}-seen": seen or mark_of(subject), f"{group}-on": "2026-11-20", **fields}
    return client.post(f"/subjects/{subject.pk}/entry/{group}/", body, follow=True)


def test_every_fact_of_the_protocol_has_its_field_and_nothing_is_chosen(client: Client, subject: Subject) -> None:
    page = client.get(f"/subjects/{subject.pk}/entry/").content.decode()
    for fact in ("serum_m_protein", "lvef", "ecog", "hiv", "pregnancy_test", "therapy_history_complete"):
        assert f'name="{fact}-value"' in page
    assert "checked" not in page.partition("<main")[2].partition("</main>")[0]


def test_a_group_is_saved_at_once_and_scored_once(client: Client, subject: Subject) -> None:
    before = subject.assessments.count()
    page = text(save(client, subject, "disease", serum_m_protein__value="1.4", serum_m_protein__unit="g/dL",
                     cns_involvement__value="false"))  # fmt: skip
    assert "2 answers saved" in page
    assert {row.fact: (row.value, row.unit, row.on) for row in Observation.objects.all()} == {
        "serum_m_protein": ("1.4", "g/dL", "2026-11-20"), "cns_involvement": ("false", "", "2026-11-20"),
    }  # fmt: skip
    assert subject.assessments.count() == before + 1


def test_a_mistake_saves_nothing_and_keeps_what_was_typed(client: Client, subject: Subject) -> None:
    answer = save(client, subject, "disease", serum_m_protein__value="99", serum_m_protein__unit="g/dL",
                  cns_involvement__value="false")  # fmt: skip
    assert answer.status_code == 400
    assert 'value="99"' in answer.content.decode()
    assert not Observation.objects.exists()


def test_not_done_is_an_answer_and_never_a_value(client: Client, subject: Subject) -> None:
    before = record_of(subject)
    page = text(save(client, subject, "disease", serum_m_protein__unit="not_done"))
    absent = AbsentValue.objects.get()
    assert (absent.fact, absent.why, str(absent.day)) == ("serum_m_protein", "not_done", "2026-11-20")
    assert record_of(subject) == before
    assert "not done" in page
    assert "(not done, 20 Nov 2026)" in text(client.get(f"/subjects/{subject.pk}/"))


def test_what_stands_beside_not_done_is_not_dropped_silently(client: Client, subject: Subject) -> None:
    answer = save(client, subject, "laboratory", hemoglobin__unit="not_done", hemoglobin__reference_low="12")
    assert answer.status_code == 400
    assert "“not done” goes without it: empty it, or give the value." in text(answer)
    assert not AbsentValue.objects.exists()


def test_a_judgement_is_asked_only_outside_the_reference(site: Site, subject: Subject) -> None:
    client = signed_in(member(Role.SUB_INVESTIGATOR, site=site))
    inside = {"hemoglobin__value": "13", "hemoglobin__unit": "g/dL", "hemoglobin__reference_low": "12",
              "hemoglobin__reference_high": "16"}  # fmt: skip
    assert "1 answer saved" in text(save(client, subject, "laboratory", **inside))
    outside = {**inside, "hemoglobin__value": "7.9", "hemoglobin__on": "2026-11-21"}
    asked = save(client, subject, "laboratory", **outside)
    assert asked.status_code == 400
    assert "Outside its reference: judged how?" in text(asked)
    judged = {**outside, "hemoglobin__clinically_significant": "true", "hemoglobin__due_to_myeloma": "true"}
    save(client, subject, "laboratory", **judged)
    assert Observation.objects.get(value="7.9").due_to_myeloma is True


def test_therapies_and_toxicities_are_entered_in_place(client: Client, subject: Subject) -> None:
    page = client.get(f"/subjects/{subject.pk}/entry/").content.decode()
    assert 'name="therapies-drugs"' in page or "drugs" in page
    assert Therapy.objects.count() == Toxicity.objects.count() == 0


def test_a_second_value_of_the_same_day_is_a_correction_or_has_a_time(client: Client, subject: Subject) -> None:
    save(client, subject, "disease", serum_m_protein__value="1.4", serum_m_protein__unit="g/dL")
    again = save(client, subject, "disease", serum_m_protein__value="1.6", serum_m_protein__unit="g/dL")
    assert again.status_code == 400
    assert "A value of this date is recorded already" in text(again)
    timed = save(client, subject, "disease", serum_m_protein__value="1.6", serum_m_protein__unit="g/dL",
                 serum_m_protein__at="09:00")  # fmt: skip
    assert timed.status_code == 200
    assert Observation.objects.count() == 2


def test_the_second_of_two_people_is_told_and_nothing_is_lost(
    client: Client, site: Site, subject: Subject, coordinator: User
) -> None:
    seen = mark_of(subject)
    other = member(Role.PRINCIPAL_INVESTIGATOR, site=site, first_name="Ines", last_name="Other")
    raw = {"fact": "serum_m_protein", "value": 2, "unit": "g/dL", "on": "2026-11-20"}
    record_fact(subject=subject, kind=Observation, raw=raw, by=other, now=NOW)
    refused = save(client, subject, "disease", seen=seen, serum_m_protein__value="1.4", serum_m_protein__unit="g/dL")
    assert refused.status_code == 409
    page = text(refused)
    assert "Ines Other" in page
    assert 'value="1.4"' in page
    assert Observation.objects.count() == 1
    elsewhere = save(client, subject, "disease", seen=seen, cns_involvement__value="false")
    assert elsewhere.status_code == 200
    assert "Ines Other entered" in text(elsewhere)


def test_a_new_subject_like_another_is_asked_about_and_goes_on_by_one_more_click(
    client: Client, site: Site, subject: Subject
) -> None:
    new = "/studies/NCT03464916/sites/JAX/subjects/new/"
    typed = {"sex": "female", "birth_year": "1961", "screened_on": "2026-11-20"}
    asked = client.post(new, typed)
    assert asked.status_code == 400
    assert "JAX-0001" in text(asked)
    assert Subject.objects.count() == 1
    client.post(new, {**typed, "somebody_else": "on"})
    assert Subject.objects.count() == 2
    assert client.post(new, {**typed, "birth_year": "1960"}).status_code == 302


def test_subjects_whose_facts_agree_are_told_apart_by_nobody_but_a_person(
    client: Client, site: Site, subject: Subject, coordinator: User
) -> None:
    twin = create_subject(site=site, by=coordinator, now=NOW, sex=Sex.FEMALE.value, birth_year=1961)
    for one in (subject, twin):
        for fact, value in (("serum_m_protein", 1.4), ("marrow_plasma_cells", 40)):
            raw = {
                "fact": fact,
                "value": value,
                "unit": "g/dL" if fact == "serum_m_protein" else "%",
                "on": "2026-11-20",
            }
            record_fact(subject=one, kind=Observation, raw=raw, by=coordinator, now=NOW)
    page = text(client.get(f"/subjects/{subject.pk}/entry/"))
    assert "may be a person who has been entered before" in page
    assert twin.screening_number in page


def test_attempts_of_one_person_are_no_doubles(site: Site, coordinator: User, subject: Subject) -> None:
    attempts = [subject]
    for fact, value, unit in (("serum_m_protein", 1.4, "g/dL"), ("marrow_plasma_cells", 40, "%")):
        raw = {"fact": fact, "value": value, "unit": unit, "on": "2026-11-20"}
        record_fact(subject=subject, kind=Observation, raw=raw, by=coordinator, now=NOW)
    for _ in range(2):
        before = attempts[-1]
        withdraw(subject=before, on=date(2026, 11, 23), by=coordinator, now=NOW, reason="Moved away.")
        carry = [key_of(row) for row in current_facts(before)[0]]
        before.refresh_from_db()
        again = rescreen(previous=before, screened_on=date(2026, 11, 23), by=coordinator, now=NOW, carry=carry)
        attempts.append(again)
    assert [doubles_of(attempt) for attempt in attempts] == [[], [], []]
    stranger = create_subject(site=site, by=coordinator, now=NOW, sex="female", birth_year=1961)
    for row in current_facts(subject)[0]:
        raw = {"fact": row.fact, "value": Decimal(row.value), "unit": row.unit, "on": row.on}
        record_fact(subject=stranger, kind=Observation, raw=raw, by=coordinator, now=NOW)
    assert [len(doubles_of(attempt)) for attempt in attempts] == [1, 1, 1]


def test_what_one_may_not_enter_is_as_absent(subject: Subject, site: Site) -> None:
    stranger = signed_in(member(Role.COORDINATOR, site=Site.objects.get(study=site.study, code="RST")))
    assert stranger.get(f"/subjects/{subject.pk}/entry/").status_code == 404
    assert stranger.post(f"/subjects/{subject.pk}/entry/disease/", {}).status_code == 404


NAMES = st.sampled_from([
    "disease-seen", "disease-on", "serum_m_protein-value", "serum_m_protein-unit", "serum_m_protein-on",
    "serum_m_protein-at", "serum_m_protein-reference_low", "cns_involvement-value", "marrow_plasma_cells-value",
    "marrow_plasma_cells-unit", "unknown",
])  # fmt: skip


VALUES = st.text(max_size=40) | st.sampled_from(["1.4", "g/dL", "%", "not_done", "2026-11-20"])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(group=st.sampled_from(["disease", "laboratory", "history", "therapies", "nothing"]),
       typed=st.dictionaries(NAMES, VALUES))  # fmt: skip
def test_whatever_is_sent_is_answered_and_stored_whole_or_not_at_all(
    client: Client, subject: Subject, group: str, typed: dict[str, str]
) -> None:
    before = Observation.objects.count() + AbsentValue.objects.count()
    answer = client.post(f"/subjects/{subject.pk}/entry/{group}/", typed)
    assert answer.status_code in {200, 302, 400, 404, 409}
    after = Observation.objects.count() + AbsentValue.objects.count()
    assert (after > before) is (answer.status_code == 302)


@pytest.mark.parametrize("typed", ["11", "2.61", "1.651", "0.251"])
def test_a_number_that_ends_like_a_unit_is_stored_as_it_was_typed(typed: str, client: Client, subject: Subject) -> None:
    client.post(
        f"/subjects/{subject.pk}/entry/disease/",
        {"disease-on": "2026-11-20", "flc_ratio-value": typed, "flc_ratio-unit": "1"},
    )
    assert Observation.objects.get().value == typed


def test_a_number_without_a_unit_is_never_split_into_one(client: Client, subject: Subject) -> None:
    answer = client.post(
        f"/subjects/{subject.pk}/entry/disease/",
        {"disease-on": "2026-11-20", "marrow_plasma_cells-value": "0.51", "marrow_plasma_cells-unit": ""},
    )
    assert answer.status_code == 400
    assert not Observation.objects.exists()
