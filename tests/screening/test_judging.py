"""Judgements of results are an investigator's, by whatever way they come; the others' results wait for them."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from screening.criteria import parse_record
from screening.judging import open_judgements
from screening.models import Import, Observation, Subject
from screening.services import Entered, create_subject, import_record, judge, record_answers, record_fact, retract_fact
from screening.services.attempts import key_of, rescreen
from screening.services.course import withdraw
from screening.services.import_jobs import work_on_import
from sites.models import Membership, Site
from tests.factories import MembershipFactory
from tests.people import NOW, member, signed_in, text
from tests.screening.reviews import TODAY
from tests.screening.study import open_reference_site
from trialops.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_stands_still")]
Role = Membership.Role
LOW = {"fact": "hemoglobin", "value": 7.9, "unit": "g/dL", "on": "2026-11-20", "reference_low": 12}
JUDGED = LOW | {"clinically_significant": True, "due_to_myeloma": True}
REFUSED = r"Only an investigator of JAX judges a result \(Ines Investigator\)"


@pytest.fixture
def site() -> Site:
    return open_reference_site("JAX")


@pytest.fixture(autouse=True)
def investigator(site: Site) -> User:
    return member(Role.PRINCIPAL_INVESTIGATOR, site=site, first_name="Ines", last_name="Investigator")


@pytest.fixture
def coordinator(site: Site) -> User:
    return member(Role.COORDINATOR, site=site, first_name="Casey", last_name="Coordinator")


@pytest.fixture
def subject(site: Site, coordinator: User) -> Subject:
    return create_subject(site=site, by=coordinator, now=NOW, sex="female", birth_year=1961)


@pytest.fixture
def desk(coordinator: User) -> Client:
    return signed_in(coordinator)


def recorded(subject: Subject, by: User, raw: Any, **more: Any) -> Observation:
    row = record_fact(subject=subject, kind=Observation, raw=raw, by=by, now=NOW, **more)
    assert isinstance(row, Observation)
    return row


class TestServices:
    @pytest.mark.parametrize("role", [Role.COORDINATOR, Role.STUDY_MANAGER])
    @pytest.mark.parametrize("name", ["clinically_significant", "due_to_myeloma"])
    def test_nobody_else_records_one(self, role: Role, name: str, site: Site, subject: Subject) -> None:
        by = member(role, site=site) if role == Role.COORDINATOR else member(role, study=site.study)
        with pytest.raises(ValidationError, match=REFUSED):
            recorded(subject, by, LOW | {name: False})
        answers = [Entered(Observation, LOW | {name: False})]
        with pytest.raises(ValidationError, match=REFUSED):
            record_answers(subject=subject, answers=answers, seen="", by=by, now=NOW)
        record = parse_record({"observations": [LOW | {name: False}]})
        with pytest.raises(ValidationError, match=REFUSED):
            import_record(site=site, record=record, by=by, now=NOW)
        assert not Observation.objects.exists()

    def test_an_investigator_of_another_site_records_none(self, site: Site, subject: Subject) -> None:
        other = member(Role.PRINCIPAL_INVESTIGATOR, site=site.study.sites.get(code="RST"))
        with pytest.raises(ValidationError, match=REFUSED):
            recorded(subject, other, JUDGED)

    @pytest.mark.parametrize("role", [Role.PRINCIPAL_INVESTIGATOR, Role.SUB_INVESTIGATOR])
    def test_the_site_s_investigators_do(self, role: Role, site: Site, subject: Subject) -> None:
        assert recorded(subject, member(role, site=site), JUDGED).due_to_myeloma is True

    def test_a_correction_beside_the_result_keeps_it(
        self, subject: Subject, investigator: User, coordinator: User
    ) -> None:
        judged = recorded(subject, investigator, JUDGED)
        corrected = JUDGED | {"on": "2026-11-19", "value": 7.90}
        kept = recorded(subject, coordinator, corrected, supersedes=judged, reason="Wrong day.")
        assert kept.clinically_significant is True

    @pytest.mark.parametrize(
        "given",
        [
            pytest.param(LOW, id="taken away"),
            pytest.param(JUDGED | {"due_to_myeloma": False}, id="turned round"),
            pytest.param(JUDGED | {"value": 9.9}, id="of another value"),
        ],
    )
    def test_a_correction_changes_none(
        self, given: dict[str, Any], subject: Subject, investigator: User, coordinator: User
    ) -> None:
        judged = recorded(subject, investigator, JUDGED)
        with pytest.raises(ValidationError, match=REFUSED):
            recorded(subject, coordinator, given, supersedes=judged, reason="Wrong.")

    def test_a_result_that_becomes_another_loses_it_and_waits_again(
        self, site: Site, subject: Subject, investigator: User, coordinator: User
    ) -> None:
        judged = recorded(subject, investigator, JUDGED)
        assert open_judgements([site], now=NOW) == []
        again = recorded(subject, coordinator, LOW | {"value": 6.9}, supersedes=judged, reason="Misread.")
        assert open_judgements([site], now=NOW) == [again]

    def test_a_result_is_taken_back_with_its_judgement_and_carried_over_with_it(
        self, subject: Subject, investigator: User, coordinator: User
    ) -> None:
        judged = recorded(subject, investigator, JUDGED)
        kept = recorded(subject, investigator, JUDGED | {"fact": "platelets", "value": 60, "unit": "10*9/L",
                                                         "reference_low": 150})  # fmt: skip
        retract_fact(fact=judged, by=coordinator, now=NOW, reason="Of somebody else.")
        withdraw(subject=subject, on=TODAY, by=coordinator, now=NOW, reason="Moved away.")
        again = rescreen(previous=subject, screened_on=TODAY, by=coordinator, now=NOW, carry=[key_of(kept)])
        assert Observation.objects.get(subject=again).clinically_significant is True


class TestQueue:
    def test_a_coordinator_s_result_waits_until_it_is_judged(
        self, site: Site, subject: Subject, desk: Client, investigator: User
    ) -> None:
        typed = {"laboratory-on": "2026-11-20", "hemoglobin-value": "7.9", "hemoglobin-unit": "g/dL",
                 "hemoglobin-reference_low": "12"}  # fmt: skip
        page = text(desk.get(f"/subjects/{subject.pk}/entry/"))
        assert "the judgement is asked of the investigator" in page
        assert 'name="hemoglobin-clinically_significant"' not in page
        assert desk.post(f"/subjects/{subject.pk}/entry/laboratory/", typed).status_code == 302
        row = Observation.objects.get()
        address = f"/subjects/{subject.pk}/facts/observation/{row.pk}/judge/"
        assert "Results waiting for an investigator" in text(desk.get("/reviews/"))
        assert address not in text(desk.get("/reviews/"))
        page = text(signed_in(investigator).get("/reviews/"))
        assert address in page
        assert "waiting: </span>1</span></a>" in page
        judge(observation=row, clinically_significant=True, due_to_myeloma=True, reason="Marrow.", by=investigator,
              now=NOW)  # fmt: skip
        assert address not in text(signed_in(investigator).get("/reviews/"))

    def test_only_the_latest_result_outside_its_reference_of_what_the_protocol_judges_waits(
        self, site: Site, subject: Subject, coordinator: User
    ) -> None:
        recorded(subject, coordinator, LOW)
        recorded(subject, coordinator, LOW | {"on": "2026-11-21", "value": 13})
        recorded(subject, coordinator, LOW | {"fact": "lvef", "value": 45, "unit": "%", "reference_low": 50})
        above = {"fact": "creatinine", "value": 3, "unit": "mg/dL", "on": "2026-11-20", "reference_high": 1.2}
        waits = recorded(subject, coordinator, above)
        assert open_judgements([site], now=NOW) == [waits]

    def test_half_a_judgement_still_waits_where_the_cause_matters(
        self, site: Site, subject: Subject, investigator: User
    ) -> None:
        half = recorded(subject, investigator, LOW | {"clinically_significant": True})
        above = {"fact": "creatinine", "value": 3, "unit": "mg/dL", "on": "2026-11-20", "reference_high": 1.2}
        recorded(subject, investigator, above | {"clinically_significant": True})
        assert open_judgements([site], now=NOW) == [half]

    def test_a_site_sees_its_own_results_only(self, site: Site, subject: Subject, coordinator: User) -> None:
        recorded(subject, coordinator, LOW)
        other = member(Role.PRINCIPAL_INVESTIGATOR, site=site.study.sites.get(code="RST"))
        assert "JAX-0001" not in text(signed_in(other).get("/reviews/"))

    def test_a_result_waits_from_its_day_at_its_site(self, site: Site, subject: Subject, coordinator: User) -> None:
        morning_at_jax, evening_before = (
            datetime(2026, 11, 24, 5, 30, tzinfo=UTC),
            datetime(2026, 11, 24, 4, 30, tzinfo=UTC),
        )
        row = record_fact(
            subject=subject, kind=Observation, raw=LOW | {"on": "2026-11-24"}, by=coordinator, now=morning_at_jax
        )
        sites = list(site.study.sites.all())
        assert open_judgements(sites, now=morning_at_jax) == [row]
        assert open_judgements(sites, now=evening_before) == []

    def test_header_and_page_ask_once_for_all_sites(
        self, site: Site, subject: Subject, coordinator: User, investigator: User
    ) -> None:
        rst = site.study.sites.get(code="RST")
        MembershipFactory(user=investigator, role=Role.SUB_INVESTIGATOR, site=rst, study=site.study)
        recorded(subject, coordinator, LOW)
        client = signed_in(investigator)
        with CaptureQueriesContext(connection) as captured:
            page = text(client.get("/reviews/"))
        assert "waiting: </span>1</span></a>" in page
        asked = [
            each["sql"] for each in captured if each["sql"].startswith("SELECT") and "reference_low" in each["sql"]
        ]
        assert len(asked) == 1


class TestPages:
    def test_a_judgement_sent_all_the_same_is_refused(self, desk: Client, subject: Subject) -> None:
        typed = {"laboratory-on": "2026-11-20", "hemoglobin-value": "7.9", "hemoglobin-unit": "g/dL",
                 "hemoglobin-reference_low": "12", "hemoglobin-clinically_significant": "true"}  # fmt: skip
        answer = desk.post(f"/subjects/{subject.pk}/entry/laboratory/", typed)
        assert answer.status_code == 400
        assert "Only an investigator of the site judges a result" in text(answer)
        one = {"fact": "hemoglobin", "value": "7.9", "unit": "g/dL", "on": "2026-11-20", "due_to_myeloma": "true"}
        answer = desk.post(f"/subjects/{subject.pk}/facts/observation/new/", one)
        assert answer.status_code == 400
        assert "Only an investigator of the site judges a result" in text(answer)
        assert not Observation.objects.exists()

    def test_the_form_of_a_correction_keeps_the_judgement_of_the_same_result(
        self, desk: Client, subject: Subject, investigator: User
    ) -> None:
        judged = recorded(subject, investigator, JUDGED)
        address = f"/subjects/{subject.pk}/facts/observation/{judged.pk}/correct/"
        assert "clinically_significant" not in text(desk.get(address))
        typed = {"fact": "hemoglobin", "value": "7.9", "unit": "g/dL", "on": "2026-11-19", "reference_low": "12",
                 "reason": "Wrong day."}  # fmt: skip
        assert desk.post(address, typed).status_code == 302
        assert Observation.objects.get(supersedes=judged).clinically_significant is True

    @pytest.mark.parametrize(
        ("typed", "field", "message"),
        [
            ({"fact": "hemoglobin", "value": "7.9", "unit": "g/dL", "clinically_significant": "perhaps"},
             "clinically_significant", "valid choice"),
            ({"fact": "ecog", "value": "1", "clinically_significant": "true"},
             "clinically_significant", "Not accepted"),
        ],
    )  # fmt: skip
    def test_what_is_no_judgement_is_marked_at_its_field(
        self, typed: dict[str, str], field: str, message: str, subject: Subject, investigator: User
    ) -> None:
        address = f"/subjects/{subject.pk}/facts/observation/new/"
        answer = signed_in(investigator).post(address, {"on": "2026-11-21"} | typed)
        assert answer.status_code == 400
        assert message in text(answer).partition(f'id="id_{field}_error"')[2].partition("</ul>")[0]

    def test_the_staff_api_refuses_it_and_names_who_may(self, desk: Client, subject: Subject) -> None:
        body = {"kind": "observation", "entry": JUDGED}
        answer = desk.post(f"/api/v1/subjects/{subject.pk}/facts/", body, content_type="application/json")
        assert answer.status_code == 400
        assert re.search(REFUSED, str(answer.json()))


class TestImports:
    FILE = b"""subject,fact,value,unit,on,reference_low,clinically_significant
new-1,hemoglobin,7.9,g/dL,2026-11-20,12,yes
new-1,platelets,60,10*9/L,2026-11-20,150,
"""

    def handed_in(self, client: Client) -> Any:
        file = SimpleUploadedFile("facts.csv", self.FILE)
        address = "/studies/NCT03464916/sites/JAX/imports/new/"
        return client.post(address, {"screened_on": "2026-11-23", "file": file}, follow=True)

    def test_a_coordinator_s_row_is_refused_and_names_who_may(self, desk: Client) -> None:
        page = text(self.handed_in(desk))
        assert "row 2" in page
        assert "only an investigator of JAX judges a result (Ines Investigator)" in page
        assert "row 3" not in page
        assert "Store it" not in page

    def test_the_investigator_commits_the_same_file(self, desk: Client, investigator: User) -> None:
        address = self.handed_in(desk).redirect_chain[-1][0]
        page = signed_in(investigator).get(address)
        assert "Store it" in text(page)
        shown = page.content.decode().partition('name="shown" value="')[2][:64]
        assert desk.post(f"{address}commit/", {"shown": shown}).status_code == 400
        assert not Observation.objects.exists()
        assert signed_in(investigator).post(f"{address}commit/", {"shown": shown}).status_code == 302
        work_on_import(pk=Import.objects.get().pk, now=NOW)
        assert Observation.objects.get(fact="hemoglobin").recorded_by == investigator
