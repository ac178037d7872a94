"""Pages of reviews: the queue, one review with its sheet, signing, questions, judgements, attempts, deviations."""

import json
import re
from datetime import date
from typing import Any

import pytest
from django.test import Client

from screening import services
from screening.criteria import parse_record
from screening.models import Observation, ProtocolDeviation, Signature, Subject
from screening.states import SubjectState
from sites.models import Membership, Site
from tests.people import NOW, member, signed_in, text
from tests.screening.records import eligible_record, with_fact
from tests.screening.reviews import PASSWORD, TODAY, eligible, failed, investigator, sign, to_review
from tests.screening.study import open_reference_site
from trialops.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_stands_still")]
Role = Membership.Role
S = SubjectState


@pytest.fixture
def site() -> Site:
    return open_reference_site("JAX")


@pytest.fixture
def coordinator(site: Site) -> User:
    return member(Role.COORDINATOR, site=site)


@pytest.fixture
def desk(coordinator: User) -> Client:
    """The coordinator's browser."""
    return signed_in(coordinator)


@pytest.fixture
def pi(site: Site) -> Client:
    """The principal investigator's browser."""
    return signed_in(investigator(site))


@pytest.fixture
def failure(site: Site, coordinator: User) -> Subject:
    return failed(site, coordinator)


def url(subject: Subject, rest: str = "") -> str:
    return f"/reviews/{to_review(subject).pk}/{rest}"


def shown_on(page: str) -> str:
    found = re.search(r'name="shown" value="([0-9a-f]{64})"', page)
    assert found is not None
    return found[1]


class TestQueue:
    def test_counts_in_the_header_of_those_who_sign_and_of_nobody_else(
        self, pi: Client, desk: Client, failure: Subject
    ) -> None:
        badge = '<span class="hidden-visually">waiting: </span>1</span>'
        assert badge in text(pi.get("/studies/"))
        assert 'href="/reviews/"' not in text(desk.get("/studies/"))

    def test_lists_what_waits_with_its_reason_and_what_was_returned(
        self, pi: Client, site: Site, coordinator: User, failure: Subject
    ) -> None:
        waiting = failed(site, coordinator)
        services.return_review(change=to_review(failure), question="?", by=investigator(site), now=NOW)
        page = text(pi.get("/reviews/"))
        before, after = page.split("Returned, waiting for the site")
        assert "JAX-0002" in before
        assert "LVEF 30 %" in before
        assert str(waiting) not in after
        assert "JAX-0001" in after

    def test_the_site_s_page_says_how_many_wait(self, desk: Client, failure: Subject) -> None:
        page = text(desk.get("/studies/NCT03464916/sites/JAX/"))
        assert "Reviews: 1 waiting for the principal investigator, 0 returned to the site." in page


class TestSigning:
    def test_shows_verdict_facts_and_explanation_and_signs_them(self, pi: Client, failure: Subject) -> None:
        page = text(pi.get(url(failure)))
        for part in ("Measured twice.", "LVEF 30 %", "below 40 %", "ineligible", "I have reviewed this screen failure"):
            assert part in page, part
        response = pi.post(url(failure, "sign/"), {"shown": shown_on(page), "password": PASSWORD}, follow=True)
        assert "JAX-0001: confirmed and signed." in text(response)
        signed = text(pi.get(f"/subjects/{failure.pk}/"))
        assert "Ines Investigator of JAX" in signed
        assert "America/New_York" in signed
        meaning = "“I have reviewed this screen failure with its facts and confirm it.”"
        assert f'Meaning: <span lang="en">{meaning}</span>' in signed

    def test_a_wrong_password_signs_nothing_and_says_so_at_its_field(self, pi: Client, failure: Subject) -> None:
        page = text(pi.get(url(failure)))
        response = pi.post(url(failure, "sign/"), {"shown": shown_on(page), "password": "wrong"})
        assert response.status_code == 400
        assert re.search(r'id="sign_password_error">.*not your password', text(response))
        assert "wrong" not in re.findall(r'name="password"[^>]*', text(response))[0]
        assert not Signature.objects.exists()

    def test_what_changed_meanwhile_is_shown_again_and_can_then_be_signed(
        self, pi: Client, failure: Subject, coordinator: User
    ) -> None:
        shown = shown_on(text(pi.get(url(failure))))
        services.correct_subject(subject=failure, sex="male", birth_year=1962, reason="typo", by=coordinator, now=NOW)
        response = pi.post(url(failure, "sign/"), {"shown": shown, "password": PASSWORD})
        assert response.status_code == 400
        page = text(response)
        assert "Something has changed since this was shown to you" in page
        assert "1962" in page
        assert shown_on(page) != shown
        assert pi.post(url(failure, "sign/"), {"shown": shown_on(page), "password": PASSWORD}).status_code == 302
        assert Signature.objects.count() == 1

    @pytest.mark.parametrize("typed", [{}, {"password": PASSWORD}, {"shown": "x" * 500, "password": PASSWORD}])
    def test_a_form_sent_without_what_was_shown_signs_nothing(
        self, pi: Client, failure: Subject, typed: dict[str, str]
    ) -> None:
        assert pi.post(url(failure, "sign/"), typed).status_code == 400
        assert not Signature.objects.exists()

    def test_who_comes_second_is_told_who_signed(self, pi: Client, failure: Subject) -> None:
        page = text(pi.get(url(failure)))
        sign(failure)
        response = pi.post(url(failure, "sign/"), {"shown": shown_on(page), "password": PASSWORD})
        assert "Ines Investigator of JAX has confirmed and signed this already, on" in text(response)

    def test_a_void_signature_stays_visible_with_what_changed(
        self, pi: Client, failure: Subject, coordinator: User
    ) -> None:
        sign(failure)
        services.correct_subject(subject=failure, sex="male", birth_year=1962, reason="typo", by=coordinator, now=NOW)
        for address in (url(failure), f"/subjects/{failure.pk}/"):
            page = text(pi.get(address))
            assert "Void: birth year: 1961, now 1962" in page
            assert "awaiting review" in page

    def test_a_change_around_the_services_shows_as_void_at_once(
        self, pi: Client, failure: Subject, coordinator: User
    ) -> None:
        sign(failure)
        Observation.objects.create(
            subject=failure, fact="ecog", value="1", on="2026-11-22", day=date(2026, 11, 22), source="typed",
            recorded_by=coordinator,
        )  # fmt: skip
        assert "Void: added: ecog 1 on 2026-11-22" in text(pi.get(url(failure)))

    def test_the_file_holds_every_signature_with_the_sheet_it_was_given_under(
        self, desk: Client, failure: Subject, coordinator: User
    ) -> None:
        signature = sign(failure)
        services.correct_subject(subject=failure, sex="male", birth_year=1962, reason="typo", by=coordinator, now=NOW)
        content = json.loads(desk.get(url(failure, "sheet.json")).content)
        [told] = content["signatures"]
        assert (told["printed_name"], told["digest"]) == (signature.printed_name, signature.digest)
        assert (told["meaning"], told["time_zone"]) == (signature.meaning, "America/New_York")
        assert told["signed_at"][-6:] in {"-05:00", "-04:00"}
        assert told["void"]["why"] == "birth year: 1961, now 1962"
        assert told["sheet"] == json.loads(signature.sheet)
        assert content["now"]["sheet"]["record"]["birth_year"] == 1962

    def test_an_eligibility_is_signed_before_the_enrollment(
        self, pi: Client, desk: Client, site: Site, coordinator: User
    ) -> None:
        subject = eligible(site, coordinator)
        enroll = f"/subjects/{subject.pk}/actions/enroll/"
        response = desk.post(enroll, {"on": TODAY.isoformat()})
        assert "The eligibility is not confirmed" in text(response)
        page = text(pi.get(url(subject)))
        assert "confirm that the subject is eligible for enrollment" in page
        pi.post(url(subject, "sign/"), {"shown": shown_on(page), "password": PASSWORD})
        assert desk.post(enroll, {"on": TODAY.isoformat()}).status_code == 302


class TestQuestions:
    def test_a_question_is_answered_by_the_site(self, pi: Client, desk: Client, failure: Subject) -> None:
        assert pi.post(url(failure, "return/"), {"question": " "}).status_code == 400
        pi.post(url(failure, "return/"), {"question": "Which test?"})
        page = text(desk.get(url(failure)))
        assert "Which test?" in page
        assert 'name="password"' not in page
        desk.post(url(failure, "answer/"), {"text": "The echocardiogram."})
        assert "The echocardiogram." in text(pi.get(url(failure)))
        assert "awaiting review" in text(pi.get(url(failure)))

    def test_a_failure_is_withdrawn_by_the_site(self, desk: Client, failure: Subject) -> None:
        response = desk.post(url(failure, "withdraw/"), {"reason": "The wrong subject."}, follow=True)
        assert "JAX-0001 is in screening again." in text(response)
        failure.refresh_from_db()
        assert failure.state == S.IN_SCREENING


class TestJudging:
    def low_platelets(self, site: Site, by: User) -> Subject:
        record = with_fact(eligible_record(today=TODAY), "platelets", 60)
        return services.import_record(site=site, record=parse_record(record), by=by, now=NOW)

    def test_an_investigator_s_judgement_decides_and_stands_with_who_and_when(
        self, pi: Client, site: Site, coordinator: User
    ) -> None:
        subject = self.low_platelets(site, coordinator)
        row = subject.observation_rows.get(fact="platelets")
        address = f"/subjects/{subject.pk}/facts/observation/{row.pk}/judge/"
        assert pi.post(address, {"clinically_significant": "false"}).status_code == 400
        typed = {"clinically_significant": "true", "due_to_myeloma": "true", "reason": "marrow full of disease"}
        assert pi.post(address, typed).status_code == 302
        newer = subject.observation_rows.get(supersedes=row)
        assert (newer.value, newer.unit, newer.on) == (row.value, row.unit, row.on)
        assert (newer.clinically_significant, newer.due_to_myeloma) == (True, True)
        assert (newer.recorded_by, newer.reason) == (investigator(site), "marrow full of disease")
        assert subject.assessments.latest("id").verdict == "eligible"
        assert "corrected this entry already" in text(pi.post(address, typed))

    def test_a_coordinator_judges_nothing(self, desk: Client, site: Site, coordinator: User) -> None:
        subject = self.low_platelets(site, coordinator)
        row = subject.observation_rows.get(fact="platelets")
        address = f"/subjects/{subject.pk}/facts/observation/{row.pk}/judge/"
        assert desk.post(address, {"clinically_significant": "true", "reason": "x"}).status_code == 403

    def test_a_fact_that_carries_no_judgement_is_refused_in_words(
        self, pi: Client, site: Site, coordinator: User
    ) -> None:
        subject = self.low_platelets(site, coordinator)
        row = subject.observation_rows.get(fact="ecog")
        address = f"/subjects/{subject.pk}/facts/observation/{row.pk}/judge/"
        response = pi.post(address, {"clinically_significant": "true", "reason": "x"})
        assert response.status_code == 400
        assert "clinically_significant" in text(response)

    def test_results_outside_their_reference_are_offered_on_the_review(
        self, pi: Client, site: Site, coordinator: User
    ) -> None:
        record = with_fact(eligible_record(today=TODAY), "platelets", 60, clinically_significant=True)
        record = with_fact(record, "platelets", 60, due_to_myeloma=False)
        subject = services.import_record(site=site, record=parse_record(record), by=investigator(site), now=NOW)
        services.fail_screening(subject=subject, criteria=["E8"], primary="E8", on=TODAY, by=coordinator, now=NOW)
        page = text(pi.get(url(subject)))
        assert f"/facts/observation/{subject.observation_rows.get(fact='platelets').pk}/judge/" in page
        assert f"/facts/observation/{subject.observation_rows.get(fact='hemoglobin').pk}/judge/" not in page


class TestProposal:
    def test_the_verdict_proposes_the_failure_with_a_primary_reason_that_time_does_not_mend(
        self, desk: Client, site: Site, coordinator: User
    ) -> None:
        record = with_fact(eligible_record(today=TODAY), "lvef", 30)
        record["therapies"][-1]["end"] = "2026-11-20"
        record["therapies"][-1]["progressed_on"] = "2026-11-20"
        subject = services.import_record(site=site, record=parse_record(record), by=coordinator, now=NOW)
        page = text(desk.get(f"/subjects/{subject.pk}/"))
        assert "The verdict proposes a screen failure: E1, E2, E15 violated, E15 as the primary reason" in page
        form = text(desk.get(f"/subjects/{subject.pk}/actions/screen-fail/"))
        assert re.search(r'value="E15" selected', form)
        assert "Suggested: E15, the first violated criterion in the protocol&#x27;s order that time alone" in form
        for ticked in ("E1", "E2", "E15"):
            assert re.search(rf'value="{ticked}"[^>]* checked', form)

    def test_nothing_is_proposed_while_nothing_is_violated(self, desk: Client, site: Site, coordinator: User) -> None:
        assert "proposes a screen failure" not in text(desk.get(f"/subjects/{eligible(site, coordinator).pk}/"))


class TestAttempts:
    def test_a_new_attempt_is_linked_both_ways_and_carries_what_was_ticked(
        self, desk: Client, failure: Subject
    ) -> None:
        sign(failure)
        address = f"/subjects/{failure.pk}/rescreen/"
        kept = failure.observation_rows.get(fact="serum_m_protein")
        typed: dict[str, Any] = {"screened_on": "2026-11-23", "carry": [f"observation-{kept.pk}"]}
        response = desk.post(address, typed, follow=True)
        attempt = Subject.objects.get(previous_attempt=failure)
        assert (attempt.screening_number, attempt.birth_year) == ("JAX-0002", 1961)
        copied = attempt.observation_rows.get()
        assert (copied.fact, copied.value, copied.on, copied.source) == ("serum_m_protein", "1.4", kept.on, "carried")
        page = text(response)
        assert "It failed because of E15 (primary: E15): Measured twice." in page
        assert "carried over from an earlier attempt" in page
        assert f'href="/subjects/{attempt.pk}/"' in text(desk.get(f"/subjects/{failure.pk}/"))
        assert "JAX-0002 is the next attempt already." in text(desk.post(address, typed))

    def test_a_form_sent_twice_makes_one_attempt(self, desk: Client, failure: Subject) -> None:
        sign(failure)
        typed = {"screened_on": "2026-11-23", "submission": "0b9f9b5e-5f2c-4d6c-9a59-7d7f2f6c1c11"}
        for _ in range(2):
            assert desk.post(f"/subjects/{failure.pk}/rescreen/", typed).status_code == 302
        assert Subject.objects.count() == 2

    def test_an_unconfirmed_failure_is_not_followed_by_an_attempt(self, desk: Client, failure: Subject) -> None:
        response = desk.post(f"/subjects/{failure.pk}/rescreen/", {"screened_on": "2026-11-23"})
        assert response.status_code == 400
        assert "is not confirmed: have it signed, or withdraw it." in text(response)

    def test_a_withdrawn_person_can_be_screened_again(self, desk: Client, site: Site, coordinator: User) -> None:
        subject = eligible(site, coordinator)
        services.withdraw(subject=subject, on=TODAY, by=coordinator, now=NOW, reason="moved away")
        assert desk.post(f"/subjects/{subject.pk}/rescreen/", {"screened_on": "2026-11-22"}).status_code == 400
        assert desk.post(f"/subjects/{subject.pk}/rescreen/", {"screened_on": "2026-11-23"}).status_code == 302


class TestDeviations:
    TYPED = {
        "happened_on": "2026-11-23", "what": "Dosed a day late.", "rule": "visit window", "why": "storm",
        "corrective_action": "none needed",
    }  # fmt: skip

    def test_one_is_recorded_and_listed_on_subject_and_site(
        self, desk: Client, coordinator: User, failure: Subject
    ) -> None:
        address = f"/subjects/{failure.pk}/deviations/new/"
        page = text(desk.post(address, {**self.TYPED, "criteria": ["E15"]}, follow=True))
        row = ProtocolDeviation.objects.get()
        assert (row.criteria, row.rule, row.recorded_by) == (["E15"], "visit window", coordinator)
        for shown in (page, text(desk.get("/studies/NCT03464916/sites/JAX/"))):
            assert "Dosed a day late." in shown
            assert "none needed" in shown

    @pytest.mark.parametrize(
        ("typed", "field"),
        [
            ({"rule": ""}, "rule"),
            ({"what": " "}, "what"),
            ({"why": ""}, "why"),
            ({"happened_on": "2026-11-24"}, "happened_on"),
            ({"happened_on": "2025-01-01"}, "happened_on"),
            ({"criteria": ["E99"]}, "criteria"),
        ],
    )
    def test_an_incomplete_one_is_refused_at_its_field(
        self, desk: Client, failure: Subject, typed: dict[str, Any], field: str
    ) -> None:
        response = desk.post(f"/subjects/{failure.pk}/deviations/new/", {**self.TYPED, **typed})
        assert response.status_code == 400
        assert f'id="id_{field}_error"' in text(response)
        assert not ProtocolDeviation.objects.exists()
