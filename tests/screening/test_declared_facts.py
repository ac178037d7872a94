"""Facts that a protocol document declares: scored from files, stored, entered, shown, and left out where unknown."""

import json
from datetime import date
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from screening import services
from screening.criteria import RecordError, parse_protocol, parse_record
from screening.models import Observation, Subject
from screening.protocols import FOLDER, load_protocol
from screening.queries import latest_assessment, record_json_of, record_of
from sites.models import Membership, Site
from tests.people import NOW, member, signed_in, text
from tests.screening.amendments import all_consent, newest
from tests.screening.records import eligible_record
from tests.screening.study import open_example_site, open_reference_site
from trialops.accounts.models import User

EXAMPLES = FOLDER / "examples" / "NCT00000002.jsonl"
EXAMPLE = load_protocol("NCT00000002")
WEIGHT = {"fact": "weight", "value": 160, "unit": "lb", "on": "2026-11-20"}


def scored(path: str, *more: str) -> list[dict[str, Any]]:
    out = StringIO()
    call_command(
        "score", path, "--protocol", "NCT00000002", "--as-of", "2026-12-10", "--format", "json", *more, stdout=out
    )
    return [json.loads(line) for line in out.getvalue().splitlines()]


class TestFiles:
    def test_the_example_records_are_scored_under_the_example_study(self) -> None:
        found = scored(str(EXAMPLES))
        assert [(one["subject"], one["verdict"]) for one in found] == [
            ("EX-0001", "eligible"),
            ("EX-0002", "undetermined"),
            ("EX-0003", "ineligible"),
        ]
        verdicts = {criterion["id"]: criterion["verdict"] for criterion in found[2]["criteria"]}
        assert [name for name, verdict in verdicts.items() if verdict == "violated"] == ["I4", "I6", "E4", "E6"]

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"unit": "g/dL"}, "unit: 'g/dL' is not a unit of weight (value 160); accepted: kg, g, lb"),
            ({"value": 1000}, "1000 lb = 453.59237 kg is outside the plausible range of weight (1 to 400 kg)"),
            ({"fact": "wieght"}, "'wieght' is not a fact; did you mean 'weight'?"),
            (
                {"fact": "diagnosed_on", "value": "2026-02-30", "unit": None},
                "'2026-02-30' is not a day of the calendar",
            ),
            ({"fact": "diagnosed_on", "value": 2026, "unit": None}, "2026 is not a date (2026-01-31)"),
            ({"fact": "diagnosed_on", "value": "2026-01-31"}, "'lb' is not accepted: diagnosed_on has no unit"),
            ({"fact": "bleeding", "value": "major", "unit": None}, "accepted: none, skin, mucosal, organ"),
            ({"fact": "age_at_consent", "value": 121, "unit": None}, "121 is not a whole number from 0 to 120"),
        ],
    )
    def test_a_wrong_value_of_a_declared_fact_is_refused_like_any_other(self, change: Any, says: str) -> None:
        with pytest.raises(RecordError) as refused:
            parse_record({"observations": [WEIGHT | change]}, EXAMPLE.catalogue)
        assert says in str(refused.value)

    def test_another_study_does_not_know_the_fact(self) -> None:
        with pytest.raises(RecordError, match="'weight' is not a fact"):
            parse_record({"observations": [WEIGHT]})

    def test_a_record_with_them_is_written_as_it_was_read(self) -> None:
        for line in EXAMPLES.read_text(encoding="utf-8").splitlines():
            record = parse_record(json.loads(line), EXAMPLE.catalogue)
            assert parse_record(record.as_json(), EXAMPLE.catalogue) == record


@pytest.fixture
def site(db: None) -> Site:
    return open_example_site()


@pytest.fixture
def coordinator(site: Site) -> User:
    return member(Membership.Role.COORDINATOR, site=site)


@pytest.fixture
def subject(site: Site, coordinator: User) -> Subject:
    return services.create_subject(site=site, by=coordinator, now=NOW, sex="female", birth_year=1974)


def record(subject: Subject, by: User, **raw: Any) -> Observation:
    row = services.record_fact(subject=subject, kind=Observation, raw={"on": "2026-11-20", **raw}, by=by, now=NOW)
    assert isinstance(row, Observation)
    return row


class TestStored:
    def test_they_are_recorded_and_scored_like_the_file(self, site: Site, coordinator: User) -> None:
        for line in EXAMPLES.read_text(encoding="utf-8").splitlines():
            parsed = parse_record(json.loads(line), EXAMPLE.catalogue)
            subject = services.import_record(
                site=site, record=parsed, by=coordinator, now=NOW, as_of=date(2026, 11, 23)
            )
            assert record_of(subject) == parsed

    def test_a_date_a_code_and_a_quantity_come_back_as_they_were_written(
        self, subject: Subject, coordinator: User
    ) -> None:
        record(subject, coordinator, fact="diagnosed_on", value="2023-04-12")
        record(subject, coordinator, fact="bleeding", value="skin")
        record(subject, coordinator, fact="weight", value=160, unit="lb")
        assert [(one.fact, one.value) for one in record_of(subject).observations] == [
            ("diagnosed_on", date(2023, 4, 12)),
            ("bleeding", "skin"),
            ("weight", 160),
        ]

    def test_import_records_accepts_them(self, site: Site, coordinator: User) -> None:
        call_command("import_records", str(EXAMPLES), "--site", "EX", "--by", coordinator.username, stdout=StringIO())
        assert Subject.objects.count() == 3
        assert Observation.objects.filter(fact="diagnosed_on").count() == 3

    def test_what_another_version_does_not_know_is_left_out_and_scores_all_the_same(
        self, subject: Subject, coordinator: User
    ) -> None:
        record(subject, coordinator, fact="weight", value=160, unit="lb")
        record(subject, coordinator, fact="height", value=171, unit="cm")
        record(subject, coordinator, fact="bleeding", value="skin")
        under(subject, without="weight", changed={"unit: m\n    units: {cm: 0.01, in: 0.0254}": "unit: m"})
        assert [one["fact"] for one in record_json_of(subject)["observations"]] == ["bleeding"]
        record(subject, coordinator, fact="hiv", value=False)
        newest = latest_assessment(subject)
        assert newest is not None
        assert newest.verdict == "undetermined"


def under(subject: Subject, *, without: str, changed: dict[str, str]) -> None:
    """Move the subject to a version that does not declare a fact and declares others differently."""
    document = (FOLDER / "NCT00000002.yaml").read_text(encoding="utf-8")
    for before, after in changed.items():
        assert before in document
        document = document.replace(before, after)
    begin, end = document.index(f"  {without}:\n"), document.index("  height:\n")
    document = document[:begin] + document[end:]
    begin, end = document.index("  bmi:\n"), document.index("  age_at_consent")
    document = document[:begin] + document[end:]
    begin, end = document.index("  - id: I6\n"), document.index("  - id: E1\n")
    document = (document[:begin] + document[end:]).replace('version: "1"', 'version: "2"')
    protocol = parse_protocol(document)
    by = User.objects.get(username="set-up")
    version = newest(subject.site.study, protocol, by=by, now=NOW, effective_on=date(2026, 11, 1))
    all_consent(version, on=NOW.date(), by=by, now=NOW)
    subject.refresh_from_db()


@pytest.mark.usefixtures("clock_stands_still")
class TestPages:
    @pytest.fixture
    def client(self, coordinator: User) -> Client:
        return signed_in(coordinator)

    def url(self, subject: Subject, rest: str = "new/") -> str:
        return f"/subjects/{subject.pk}/facts/observation/{rest}"

    def test_the_form_offers_them_first_and_names_what_is_missing(self, client: Client, subject: Subject) -> None:
        page = text(client.get(self.url(subject)))
        assert '<optgroup label="Of this study">' in page
        assert 'data-kind="date"' in page
        assert 'data-units="kg|g|lb"' in page
        assert "day of the diagnosis" in text(client.get(f"/subjects/{subject.pk}/"))

    def test_a_date_is_typed_stored_and_shown_as_a_day(self, client: Client, subject: Subject) -> None:
        page = text(client.get(self.url(subject) + "?fact=diagnosed_on"))
        assert '<input type="date" name="value"' in page
        typed = {"fact": "diagnosed_on", "value": "2023-04-12", "on": "2026-11-20"}
        page = text(client.post(self.url(subject), typed, follow=True))
        assert Observation.objects.get().value == "2023-04-12"
        assert "12 Apr 2023" in page

    def test_a_wrong_date_is_refused_at_its_field(self, client: Client, subject: Subject) -> None:
        typed = {"fact": "diagnosed_on", "value": "12 April", "on": "2026-11-20"}
        response = client.post(self.url(subject), typed)
        assert response.status_code == 400
        assert "is not a date (2026-01-31)" in text(response)
        assert not Observation.objects.exists()

    def test_a_correction_may_change_it(self, client: Client, subject: Subject, coordinator: User) -> None:
        row = record(subject, coordinator, fact="weight", value=160, unit="lb")
        typed = {"fact": "weight", "value": "72.5", "unit": "kg", "on": "2026-11-20", "reason": "a typing error"}
        page = text(client.post(self.url(subject, f"{row.pk}/correct/"), typed, follow=True))
        assert "72.5 kg" in page
        assert "body weight 160 lb" in page  # among the earlier versions

    def test_a_fact_of_another_version_is_still_shown(
        self, client: Client, subject: Subject, coordinator: User
    ) -> None:
        record(subject, coordinator, fact="weight", value=160, unit="lb")
        under(subject, without="weight", changed={})
        assert "160 lb" in text(client.get(f"/subjects/{subject.pk}/"))

    def test_another_study_neither_offers_nor_accepts_it(self, client: Client) -> None:
        site = open_reference_site("JAX")
        by = member(Membership.Role.COORDINATOR, site=site)
        raw = eligible_record(today=date(2026, 11, 23))
        subject = services.import_record(site=site, record=parse_record(raw), by=by, now=NOW)
        page = text(signed_in(by).get(self.url(subject)))
        assert "Of this study" not in page
        typed = {"fact": "weight", "value": "72.5", "unit": "kg", "on": "2026-11-20"}
        response = signed_in(by).post(self.url(subject), typed)
        assert response.status_code == 400
        assert "is not a fact" in text(response)
