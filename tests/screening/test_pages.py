"""A new subject, the subject's page, entering and correcting facts, changes of state."""

import html
import re
from datetime import date
from typing import Any

import pytest
from django.test import Client

from screening import services
from screening.criteria import CATALOGUE, parse_record
from screening.criteria.catalogue import FactGroup
from screening.fact_forms import GROUP_LABELS
from screening.models import Observation, Reminder, Subject, Therapy, Toxicity
from screening.states import SubjectState
from sites.models import Membership, Site
from sites.services import change_site_status
from sites.statuses import SiteStatus
from tests.people import NOW, member, signed_in, text
from tests.screening.records import eligible_record, with_fact
from tests.screening.reviews import sign
from tests.screening.study import open_reference_site
from trialops.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_stands_still")]
Role = Membership.Role
S = SubjectState
TODAY = date(2026, 11, 23)
NEW = "/studies/NCT03464916/sites/JAX/subjects/new/"


@pytest.fixture
def site() -> Site:
    return open_reference_site("JAX")


@pytest.fixture
def coordinator(site: Site) -> User:
    return member(Role.COORDINATOR, site=site)


@pytest.fixture
def client(coordinator: User) -> Client:
    return signed_in(coordinator)


def stored(site: Site, by: User, **changes: object) -> Subject:
    record = eligible_record(today=TODAY, dose=date(2026, 12, 15)) | changes
    return services.import_record(site=site, record=parse_record(record), by=by, now=NOW)


@pytest.fixture
def subject(site: Site, coordinator: User) -> Subject:
    return stored(site, coordinator)


def error_at(response: Any, field: str) -> str:
    page = text(response)
    found = re.search(rf'<ul class="errorlist" id="id_{field}_error">(.*?)</ul>', page)
    return found[1] if found else ""


class TestNewSubject:
    TYPED = {"sex": "female", "birth_year": "1961", "planned_first_dose": "2026-12-15", "screened_on": "2026-11-20"}

    def test_gets_the_next_number_and_shows_what_is_missing(self, client: Client, site: Site) -> None:
        response = client.post(NEW, self.TYPED, follow=True)
        subject = Subject.objects.get()
        assert (subject.screening_number, subject.sex, subject.birth_year) == ("JAX-0001", "female", 1961)
        assert subject.state_changes.get().effective_on == date(2026, 11, 20)
        page = text(response)
        assert "undetermined" in page
        assert "0/20" in page
        assert 'href="#fact-lvef"' in page or 'href="#lvef-value"' in page or "entry/#" in page

    def test_is_refused_at_a_closed_site_by_name_of_its_status_and_since_when(
        self, client: Client, site: Site, coordinator: User
    ) -> None:
        change_site_status(
            site=site, status=SiteStatus.ACTIVE_NOT_RECRUITING, effective_on=date(2026, 11, 10), by=coordinator,
            now=NOW, reason="full",
        )  # fmt: skip
        assert "Only for a day on which it was open." in text(client.get(NEW))
        response = client.post(NEW, self.TYPED)
        assert response.status_code == 400
        assert "JAX is closed for enrollment since 2026-11-10" in text(response)
        for kept in ('value="female" selected', 'value="1961"', 'value="2026-12-15"', 'value="2026-11-20"'):
            assert kept in text(response)
        assert not Subject.objects.exists()

    @pytest.mark.parametrize(
        ("typed", "field"),
        [
            ({"birth_year": "19x1"}, "birth_year"),
            ({"birth_year": "99999999999999999999"}, "birth_year"),
            ({"birth_year": "1850"}, "birth_year"),
            ({"sex": "other"}, "sex"),
            ({"planned_first_dose": "2026-02-30"}, "planned_first_dose"),
            ({"planned_first_dose": "9999-12-31"}, "planned_first_dose"),
            ({"planned_first_dose": "2126-12-31"}, "planned_first_dose"),
            ({"planned_first_dose": "2026-11-19"}, "planned_first_dose"),
            ({"birth_year": "2027"}, "birth_year"),
            ({"screened_on": "2026-11-24"}, "screened_on"),
            ({"screened_on": "12/01/2026"}, "screened_on"),
            ({"screened_on": ""}, "screened_on"),
            ({"screened_on": "0000-00-00"}, "screened_on"),
        ],
    )
    def test_odd_values_are_refused_at_their_field(
        self, typed: dict[str, str], field: str, client: Client, site: Site
    ) -> None:
        response = client.post(NEW, self.TYPED | typed)
        assert response.status_code == 400
        assert error_at(response, field)
        assert not Subject.objects.exists()


class TestSubjectPage:
    def test_lists_twenty_criteria_with_reason_reading_and_windows(self, client: Client, subject: Subject) -> None:
        page = text(client.get(f"/subjects/{subject.pk}/"))
        assert len(re.findall(r'id="criterion-[IE]\d+"', page)) == 20
        assert "20/20" in page
        assert "Serum M-protein 1.4 g/dL on 2026-11-20 is at least 1 g/dL." in page
        assert "Reading:" in page
        assert '<svg class="windows-chart"' in page
        assert "23 Nov 2026" in page

    def test_puts_violated_criteria_first_then_unknown_or_keeps_the_protocols_order(
        self, client: Client, site: Site, coordinator: User
    ) -> None:
        record = with_fact(eligible_record(today=TODAY), "lvef", 30)
        record["observations"] = [item for item in record["observations"] if item["fact"] != "ecog"]
        subject = services.import_record(site=site, record=parse_record(record), by=coordinator, now=NOW)
        order = re.findall(r'id="criterion-([IE]\d+)"', text(client.get(f"/subjects/{subject.pk}/")))
        assert order[:3] == ["E15", "E5", "I1"]
        order = re.findall(r'id="criterion-([IE]\d+)"', text(client.get(f"/subjects/{subject.pk}/?order=protocol")))
        assert order[:2] == ["I1", "I2"]

    def test_windows_are_shown_as_provisional_while_criteria_are_unknown(
        self, client: Client, subject: Subject, site: Site, coordinator: User
    ) -> None:
        page = text(client.get(f"/subjects/{subject.pk}/"))
        assert '<rect class="open"' in page
        assert "far as is known" not in page
        record = eligible_record(today=TODAY)
        record["observations"] = [item for item in record["observations"] if item["fact"] not in {"ecog", "lvef"}]
        unknown = services.import_record(site=site, record=parse_record(record), by=coordinator, now=NOW)
        page = text(client.get(f"/subjects/{unknown.pk}/"))
        assert "Open as far as is known: 2 criteria are unknown." in page
        assert "(as far as is known)" in page
        assert '<rect class="open"' not in page

    def test_reminders_still_to_act_on_come_first_and_cancelled_ones_stand_aside(
        self, client: Client, subject: Subject
    ) -> None:
        subject.reminders.all().update(state="cancelled", why="moved")
        for number, (summary, state, day) in enumerate(
            [("settled", "done", 1), ("far", "planned", 28), ("near", "planned", 25), ("late one", "sent", 20)]
        ):
            Reminder.objects.create(
                site=subject.site, subject=subject, closes_at=NOW, rule=f"rule-{number}",
                summary=summary, state=state, due_at=NOW,
                sent_at=NOW if state == "sent" else None, window_from=date(2026, 11, day),
                window_to=date(2026, 11, day),
            )  # fmt: skip
        Reminder.objects.create(
            site=subject.site, subject=subject, closes_at=NOW, rule="gone",
            summary="gone", state="cancelled", why="moved", due_at=NOW,
            window_from=TODAY, window_to=TODAY,
        )  # fmt: skip
        page = text(client.get(f"/subjects/{subject.pk}/"))
        page = page[page.index('id="reminders"') :]
        places = [page.index(f">{summary}<") for summary in ("late one", "near", "far", "settled", "gone")]
        assert places == sorted(places)
        assert places[3] < page.index("cancelled reminder") < places[4]

    def test_a_missing_judgement_leads_to_the_correction_of_that_result(
        self, client: Client, site: Site, coordinator: User
    ) -> None:
        record = with_fact(eligible_record(today=TODAY), "hemoglobin", 9)
        subject = services.import_record(site=site, record=parse_record(record), by=coordinator, now=NOW)
        hemoglobin = subject.observation_rows.get(fact="hemoglobin")
        page = text(client.get(f"/subjects/{subject.pk}/"))
        assert f"/subjects/{subject.pk}/facts/observation/{hemoglobin.pk}/correct/" in page
        assert "hemoglobin: clinically significant?" in page

    def test_an_earlier_stored_verdict_can_be_looked_at(
        self, client: Client, subject: Subject, coordinator: User
    ) -> None:
        first = subject.assessments.get()
        services.record_fact(
            subject=subject,
            kind=Observation,
            raw={"fact": "ecog", "value": 4, "on": "2026-11-22"},
            by=coordinator,
            now=NOW,
        )
        assert "ineligible" in text(client.get(f"/subjects/{subject.pk}/"))
        assert "This is an earlier stored verdict" in text(client.get(f"/subjects/{subject.pk}/?verdict={first.pk}"))

    @pytest.mark.parametrize(
        "query", ["verdict=0", "verdict=-1", "verdict=x", "verdict=9" * 30, "verdict=٣", "order=x"]
    )
    def test_an_odd_query_shows_the_newest_verdict(self, query: str, client: Client, subject: Subject) -> None:
        response = client.get(f"/subjects/{subject.pk}/?{query}")
        assert response.status_code == 200
        assert "earlier stored verdict" not in text(response)

    @pytest.mark.parametrize("address", ["/subjects/1/", "/subjects/not-a-uuid/", "/subjects/%F0%9F%92%A5/"])
    def test_an_odd_address_is_simply_absent(self, address: str, client: Client) -> None:
        assert client.get(address).status_code == 404


def test_every_fact_of_the_catalogue_stands_in_a_group_with_a_name() -> None:
    assert {fact.group for fact in CATALOGUE.values()} == set(FactGroup) - {FactGroup.STUDY}
    assert set(GROUP_LABELS) == set(FactGroup)


class TestFacts:
    def url(self, subject: Subject, kind: str, rest: str = "new/") -> str:
        return f"/subjects/{subject.pk}/facts/{kind}/{rest}"

    @pytest.mark.parametrize(
        ("typed", "stored_as"),
        [
            ({"fact": "lvef", "value": "39.90", "unit": "%"}, ("39.90", "%", "2026-11-21")),
            ({"fact": "ecog", "value": "0"}, ("0", "", "2026-11-21")),
            ({"fact": "hiv", "value": "false"}, ("false", "", "2026-11-21")),
            ({"fact": "hiv", "value": "No"}, ("false", "", "2026-11-21")),
            ({"fact": "pregnancy_test", "value": "Negative", "at": "09:30"},
             ("negative", "", "2026-11-21T09:30-05:00")),
            ({"fact": "pregnancy_test", "value": "negative", "on": "2026-07-01", "at": "09:30"},
             ("negative", "", "2026-07-01T09:30-04:00")),
        ],
    )  # fmt: skip
    def test_an_observation_is_stored_as_it_was_written(
        self, typed: dict[str, str], stored_as: tuple[str, str, str], client: Client, subject: Subject
    ) -> None:
        response = client.post(self.url(subject, "observation"), {"on": "2026-11-21"} | typed)
        assert response.status_code == 302, text(response)
        row = Observation.objects.order_by("-id").first()
        assert row is not None
        assert (row.value, row.unit, row.on) == stored_as

    @pytest.mark.parametrize(
        ("typed", "field", "message"),
        [
            ({"fact": "hemoglobin", "value": "7.9", "unit": "mg"}, "unit", "not a unit of hemoglobin"),
            ({"fact": "hemoglobin", "value": "7.9"}, "unit", "Needed; accepted: g/dL, g/L, mmol/L"),
            ({"fact": "hemoglobin", "value": "79", "unit": "g/dL"}, "value", "plausible"),
            ({"fact": "hemoglobin", "value": "7,9", "unit": "g/dL"}, "value",
             "is not a number; write decimals with a point, for instance 1.4"),
            ({"fact": "hemoglobin", "value": "NaN", "unit": "g/dL"}, "value", "not a number"),
            ({"fact": "hemoglobin", "value": "1e9", "unit": "g/dL"}, "value", "not a number"),
            ({"fact": "hemoglobin", "value": "9" * 60, "unit": "g/dL"}, "value", "digits"),
            ({"fact": "hemoglobin", "value": "٧", "unit": "g/dL"}, "value", "not a number"),
            ({"fact": "ecog", "value": "6"}, "value", "0 to 5"),
            ({"fact": "ecog", "value": "1.5"}, "value", "0 to 5"),
            ({"fact": "hiv", "value": "maybe"}, "value", "accepted: yes, no"),
            ({"fact": "hiv", "value": "true", "unit": "%"}, "unit", "has no unit"),
            ({"fact": "pregnancy_test", "value": "unclear"}, "value", "negative, positive"),
            ({"fact": "no_such_fact", "value": "1"}, "fact", "not a fact"),
            ({"fact": "", "value": "1"}, "fact", "required"),
            ({"fact": "hemoglobin", "value": "7.9", "unit": "g/dL", "reference_low": "16", "reference_high": "12"},
             "reference_low", "above reference_high"),
            ({"fact": "hemoglobin", "value": "7.9", "unit": "g/dL", "reference_low": "low"},
             "reference_low", "not a number"),
            ({"fact": "ecog", "value": "1", "on": "2026-02-30"}, "on", "Not a date"),
            ({"fact": "ecog", "value": "1", "at": "25:00"}, "at", "Not a time"),
        ],
    )  # fmt: skip
    def test_a_refused_observation_says_why_at_its_field_and_keeps_what_was_typed(
        self, typed: dict[str, str], field: str, message: str, client: Client, subject: Subject
    ) -> None:
        before = Observation.objects.count()
        response = client.post(self.url(subject, "observation"), {"on": "2026-11-21"} | typed)
        assert response.status_code == 400
        assert message in error_at(response, field), error_at(response, field)
        assert Observation.objects.count() == before
        if typed["value"].isascii() and typed["fact"] == "hemoglobin":
            assert f'value="{typed["value"]}"' in text(response)

    def test_a_therapy_is_stored_with_its_drugs(self, client: Client, subject: Subject) -> None:
        typed = {
            "kind": "regimen", "line": "3", "drugs": "carfilzomib, Dexamethasone ,", "start": "2026-01-05",
            "end": "2026-11-10", "cycles": "6", "best_response": "PR",
        }  # fmt: skip
        assert client.post(self.url(subject, "therapy"), typed).status_code == 302
        row = Therapy.objects.order_by("-id")[0]
        assert (row.drugs, row.line, row.end, row.progressed_on) == (
            ["carfilzomib", "Dexamethasone"], 3, date(2026, 11, 10), None,
        )  # fmt: skip
        page = text(client.get(f"/subjects/{subject.pk}/"))
        assert "35 days before first dose" in page

    @pytest.mark.parametrize(
        ("typed", "field"),
        [
            ({"kind": ""}, "kind"),
            ({"kind": "magic"}, "kind"),
            ({"line": "0"}, "line"),
            ({"line": "first"}, "line"),
            ({"cycles": "-1"}, "cycles"),
            ({"cycles": "9999999999"}, "cycles"),
            ({"best_response": "XX"}, "best_response"),
            ({"start": "2026-03-01", "end": "2026-02-01"}, "end"),
            ({"drugs": "x" * 101}, "drugs"),
        ],
    )
    def test_a_refused_therapy_says_why_at_its_field(
        self, typed: dict[str, str], field: str, client: Client, subject: Subject
    ) -> None:
        response = client.post(self.url(subject, "therapy"), {"kind": "regimen", "drugs": "lenalidomide"} | typed)
        assert response.status_code == 400
        assert error_at(response, field)

    def test_a_toxicity_changes_the_verdict_at_once(self, client: Client, subject: Subject) -> None:
        response = client.post(self.url(subject, "toxicity"), {"term": "neuropathy", "grade": "3"}, follow=True)
        assert "Verdict: ineligible, 19 of 20 criteria satisfied." in text(response)
        assert Toxicity.objects.get().grade == 3

    @pytest.mark.parametrize(
        "typed", [{"term": ""}, {"term": "   "}, {"term": "x", "grade": "6"}, {"term": "a\u202eb\x07"}]
    )
    def test_a_refused_toxicity_is_not_stored(self, typed: dict[str, str], client: Client, subject: Subject) -> None:
        assert client.post(self.url(subject, "toxicity"), typed).status_code == 400
        assert not Toxicity.objects.exists()

    def test_a_correction_needs_a_reason_and_keeps_the_earlier_value_visible(
        self, client: Client, subject: Subject
    ) -> None:
        ecog = subject.observation_rows.get(fact="ecog")
        url = self.url(subject, "observation", f"{ecog.pk}/correct/")
        assert 'value="0"' in text(client.get(url))
        typed = {"fact": "ecog", "value": "1", "on": "2026-11-20"}
        assert error_at(client.post(url, typed), "reason")
        assert client.post(url, typed | {"reason": "read from the wrong line"}).status_code == 302
        page = text(client.get(f"/subjects/{subject.pk}/"))
        assert "<s>ECOG performance status 0, 20 Nov 2026</s>" in page
        assert "read from the wrong line" in page

    @pytest.mark.parametrize("rest", ["correct", "retract"])
    def test_a_correction_from_another_tab_keeps_what_was_typed_and_says_who_was_first(
        self, rest: str, client: Client, subject: Subject, coordinator: User
    ) -> None:
        ecog = subject.observation_rows.get(fact="ecog")
        url = self.url(subject, "observation", f"{ecog.pk}/{rest}/")
        typed = {"fact": "ecog", "value": "1", "on": "2026-11-20", "reason": "read from the wrong line"}
        assert client.post(self.url(subject, "observation", f"{ecog.pk}/correct/"), typed).status_code == 302
        newer = Observation.objects.get(supersedes_id=ecog.pk)
        late = client.post(url, typed | {"value": "2", "reason": "typed in the other tab"})
        assert late.status_code == 400
        for response in (late, client.get(url)):
            page = text(response)
            assert "Somebody has corrected this entry already" in page
            assert f"{coordinator}: read from the wrong line" in page
            assert "ECOG performance status 1, 20 Nov 2026" in page
            assert self.url(subject, "observation", f"{newer.pk}/correct/") in page
        assert "typed in the other tab" in text(late)
        assert rest == "retract" or 'value="2"' in text(late)
        assert Observation.objects.filter(fact="ecog", subject=subject).count() == 2

    def test_a_correction_of_an_entry_taken_back_leads_to_the_subject(
        self, client: Client, subject: Subject, coordinator: User
    ) -> None:
        ecog = subject.observation_rows.get(fact="ecog")
        services.retract_fact(fact=ecog, by=coordinator, now=NOW, reason="another person's")
        page = text(client.get(self.url(subject, "observation", f"{ecog.pk}/correct/")))
        assert "It was taken back on" in page
        assert f'href="/subjects/{subject.pk}/#facts"' in page

    def test_an_entry_of_another_subject_is_not_found_here(
        self, client: Client, subject: Subject, site: Site, coordinator: User
    ) -> None:
        foreign = stored(site, coordinator).observation_rows.get(fact="ecog")
        for rest in ("correct", "retract"):
            assert client.get(self.url(subject, "observation", f"{foreign.pk}/{rest}/")).status_code == 404

    @pytest.mark.parametrize(
        ("field", "typed"), [("on", "2026-02-30"), ("on", "31.12.2026"), ("at", "25:00"), ("at", "9 o'clock")]
    )
    def test_a_date_or_time_that_no_picker_can_show_is_kept_as_text(
        self, field: str, typed: str, client: Client, subject: Subject
    ) -> None:
        sent = {"fact": "ecog", "value": "1", "on": "2026-11-21", "at": "09:30"} | {field: typed}
        page = text(client.post(self.url(subject, "observation"), sent))
        shown = html.escape(typed)
        assert re.search(rf'<input type="text" name="{field}" value="{re.escape(shown)}"', page)
        assert f"“{shown}”" in page
        other = "at" if field == "on" else "on"
        assert re.search(rf'<input type="(date|time)" name="{other}" value="{sent[other]}"', page)

    def test_an_observation_of_a_day_to_come_is_stored_and_says_from_when_it_counts(
        self, client: Client, subject: Subject
    ) -> None:
        typed = {"fact": "ecog", "value": "4", "on": "2026-11-30"}
        page = text(client.post(self.url(subject, "observation"), typed, follow=True))
        assert "It does not count until 30 Nov 2026. Verdict: eligible, 20 of 20" in page
        assert 'does not count until <time datetime="2026-11-30">' in page

    def test_late_entries_of_a_subject_who_has_left_are_kept_and_say_what_they_are_for(
        self, client: Client, subject: Subject, coordinator: User
    ) -> None:
        services.withdraw(subject=subject, on=TODAY, by=coordinator, now=NOW, reason="moved away")
        said = "Withdrawn: recorded for completeness; the verdict no longer decides anything."
        url = self.url(subject, "observation")
        assert said in text(client.get(url))
        typed = {"fact": "ecog", "value": "1", "on": "2026-11-22", "another": "1"}
        page = text(client.post(url, typed, follow=True))
        assert f"Saved: ECOG performance status. {said}" in page

    def test_a_correction_keeps_the_offset_of_an_unchanged_time(
        self, client: Client, subject: Subject, coordinator: User
    ) -> None:
        row = services.record_fact(
            subject=subject, kind=Observation, by=coordinator, now=NOW,
            raw={"fact": "pregnancy_test", "value": "negative", "on": "2026-11-20T09:00:00+02:00"},
        )  # fmt: skip
        url = self.url(subject, "observation", f"{row.pk}/correct/")
        typed = {"fact": "pregnancy_test", "value": "positive", "on": "2026-11-20", "at": "09:00", "reason": "mixed up"}
        assert client.post(url, typed).status_code == 302
        assert Observation.objects.get(supersedes_id=row.pk).on == "2026-11-20T09:00:00+02:00"

    def test_an_entry_can_be_taken_back_with_a_reason(self, client: Client, subject: Subject) -> None:
        lvef = subject.observation_rows.get(fact="lvef")
        url = self.url(subject, "observation", f"{lvef.pk}/retract/")
        assert "LVEF 60 %" in text(client.get(url))
        assert client.post(url, {"reason": " "}).status_code == 400
        page = text(client.post(url, {"reason": "another person's result"}, follow=True))
        assert "another person&#x27;s result" in page
        assert "19/20" in page

    @pytest.mark.parametrize("rest", ["0/correct/", "99999999999999999999/correct/", "99999999999999999999/retract/"])
    def test_an_absent_entry_is_not_found(self, rest: str, client: Client, subject: Subject) -> None:
        assert client.get(self.url(subject, "observation", rest)).status_code == 404
        assert client.get(self.url(subject, "nonsense")).status_code == 404


class TestStates:
    def act(self, client: Client, subject: Subject, slug: str, **typed: Any) -> Any:
        return client.post(f"/subjects/{subject.pk}/actions/{slug}/", {"on": "2026-11-23"} | typed)

    def test_from_eligible_to_completed(self, client: Client, subject: Subject) -> None:
        sign(subject)
        for slug, state in (("enroll", S.ENROLLED), ("first-dose-given", S.TREATED), ("complete", S.COMPLETED)):
            assert f"/actions/{slug}/" in text(client.get(f"/subjects/{subject.pk}/"))
            assert self.act(client, subject, slug).status_code == 302
            subject.refresh_from_db()
            assert subject.state == state

    def test_a_first_dose_against_the_verdict_is_recorded_as_a_protocol_deviation(
        self, client: Client, subject: Subject, coordinator: User
    ) -> None:
        sign(subject)
        services.enroll(subject=subject, on=TODAY, by=coordinator, now=NOW)
        services.record_fact(
            subject=subject, kind=Observation, by=coordinator, now=NOW,
            raw={"fact": "ecog", "value": 4, "on": "2026-11-23"},
        )  # fmt: skip
        response = self.act(client, subject, "first-dose-given")
        assert response.status_code == 400
        assert "is ineligible" in error_at(response, "deviation")
        assert self.act(client, subject, "first-dose-given", deviation="worse on the day itself").status_code == 302
        page = text(client.get(f"/subjects/{subject.pk}/"))
        assert "worse on the day itself" in page

    def test_enrollment_against_the_verdict_is_refused_with_the_open_criteria(
        self, client: Client, site: Site, coordinator: User
    ) -> None:
        record = with_fact(eligible_record(today=TODAY), "lvef", 30)
        subject = services.import_record(site=site, record=parse_record(record), by=coordinator, now=NOW)
        response = self.act(client, subject, "enroll")
        assert response.status_code == 400
        assert "E15" in text(response)

    def test_a_screen_failure_has_the_violated_criteria_ticked(
        self, client: Client, site: Site, coordinator: User
    ) -> None:
        record = with_fact(eligible_record(today=TODAY), "lvef", 30)
        subject = services.import_record(site=site, record=parse_record(record), by=coordinator, now=NOW)
        page = text(client.get(f"/subjects/{subject.pk}/actions/screen-fail/"))
        assert re.search(r'value="E15"[^>]* checked', page)
        assert 'value="I1"' not in page
        response = self.act(client, subject, "screen-fail", criteria=["E15"], primary="E15", comment="low twice")
        assert response.status_code == 302
        shown = text(client.get(f"/subjects/{subject.pk}/"))
        assert "criteria: E15; primary: E15" in shown
        assert "low twice" in shown

    @pytest.mark.parametrize(
        ("slug", "typed", "field"),
        [
            ("screen-fail", {"criteria": [], "primary": "E15"}, "criteria"),
            ("screen-fail", {"criteria": ["E15"], "primary": ""}, "primary"),
            ("screen-fail", {"criteria": ["E99"], "primary": "E99"}, "criteria"),
            ("withdraw", {"reason": " "}, "reason"),
            ("withdraw", {"reason": "x", "on": "2026-11-24"}, "on"),
            ("withdraw", {"reason": "x", "on": "2020-01-01"}, "on"),
            ("withdraw", {"reason": "x", "on": "0001-01-01"}, "on"),
        ],
    )
    def test_a_refused_change_says_why_at_its_field(
        self, slug: str, typed: dict[str, Any], field: str, client: Client, site: Site, coordinator: User
    ) -> None:
        record = with_fact(eligible_record(today=TODAY), "lvef", 30)
        subject = services.import_record(site=site, record=parse_record(record), by=coordinator, now=NOW)
        response = self.act(client, subject, slug, **typed)
        assert response.status_code == 400
        assert error_at(response, field)
        subject.refresh_from_db()
        assert subject.state == S.IN_SCREENING

    def test_a_first_dose_is_planned_and_cleared(self, client: Client, subject: Subject) -> None:
        url = f"/subjects/{subject.pk}/first-dose/"
        response = client.post(url, {"planned_first_dose": "2026-12-20"}, follow=True)
        assert "planned for 20 Dec 2026; windows" in text(response)
        subject.refresh_from_db()
        assert subject.planned_first_dose == date(2026, 12, 20)
        client.post(url, {"planned_first_dose": ""})
        subject.refresh_from_db()
        assert subject.planned_first_dose is None
        assert client.post(url, {"planned_first_dose": "32 December"}).status_code == 400
        for absurd in ("2126-01-01", "2020-01-01"):
            assert absurd in error_at(client.post(url, {"planned_first_dose": absurd}), "planned_first_dose")

    def test_an_unknown_action_is_not_found(self, client: Client, subject: Subject) -> None:
        assert client.get(f"/subjects/{subject.pk}/actions/promote/").status_code == 404


def test_a_coordinator_of_another_site_can_neither_see_nor_enter_anything(site: Site, subject: Subject) -> None:
    other = signed_in(member(Role.COORDINATOR, site=Site.objects.get(study=site.study, code="RST")))
    before = Observation.objects.count()
    for rest in ("", "first-dose/", "facts/observation/new/", "actions/withdraw/"):
        assert other.get(f"/subjects/{subject.pk}/{rest}").status_code == 404
    typed = {"fact": "ecog", "value": "4", "on": "2026-11-21"}
    assert other.post(f"/subjects/{subject.pk}/facts/observation/new/", typed).status_code == 404
    assert Observation.objects.count() == before
