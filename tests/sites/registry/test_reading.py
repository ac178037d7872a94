"""Reading a registry record: what is taken, and every mistake with its path."""

from typing import Any

import pytest

from sites.registry.places import proposed_codes, proposed_zone
from sites.registry.reading import LARGEST, Location, RegistryRecordError, read_registry_record
from sites.statuses import SiteStatus
from tests.sites.registry.records import as_text, location, registry_record


def refused(text: str | bytes) -> list[str]:
    with pytest.raises(RegistryRecordError) as caught:
        read_registry_record(text)
    return caught.value.problems


def test_a_record_is_read_with_its_locations() -> None:
    record = read_registry_record(as_text(registry_record()))
    assert (record.registry_id, record.phase, record.sponsor) == (
        "NCT03464916",
        "Phase 1",
        "Sorrento Therapeutics, Inc.",
    )
    assert (record.enrollment, record.enrollment_type) == (72, "ESTIMATED")
    assert record.status is SiteStatus.ACTIVE_NOT_RECRUITING
    assert str(record.locations[0]) == "Mayo Clinic, Jacksonville, Florida, United States"
    assert record.locations[0].principal == "Sikander Ailawadhi, MD"


def test_what_is_absent_is_empty() -> None:
    record = read_registry_record(
        as_text({"protocolSection": {"identificationModule": {"nctId": "NCT00000001", "briefTitle": "T"}}})
    )
    assert (record.status, record.enrollment, record.locations, record.phase) == (None, None, (), "")


def test_a_status_that_says_nothing_of_recruiting_is_no_mistake_and_no_status() -> None:
    record = read_registry_record(as_text(registry_record(statusModule={"overallStatus": "WITHHELD"})))
    assert (record.status_word, record.status) == ("WITHHELD", None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Not readable as JSON"),
        ("[" * 100_000, "Not readable as JSON"),
        (b"\xff\xfe\x00", "Not readable as JSON"),
        ("[]", "protocolSection: missing"),
        ('{"studies": []}', "protocolSection: missing"),
        (" " * (LARGEST + 1), "larger than 10 MB"),
    ],
)
def test_what_is_no_record_is_refused_in_words(text: str | bytes, said: str) -> None:
    assert said in refused(text)[0]


@pytest.mark.parametrize(
    ("modules", "said"),
    [
        ({"identificationModule": {"briefTitle": "T"}}, "identificationModule.nctId: missing"),
        ({"identificationModule": {"nctId": 7, "briefTitle": "T"}}, "identificationModule.nctId: expected a text"),
        ({"statusModule": {"overallStatus": "OPEN"}}, "statusModule.overallStatus: “OPEN” is not a status"),
        ({"designModule": {"enrollmentInfo": {"count": "72"}}}, "enrollmentInfo.count: expected a whole number"),
        ({"designModule": {"enrollmentInfo": {"count": -1}}}, "enrollmentInfo.count: expected a whole number"),
        ({"designModule": {"phases": "PHASE1"}}, "designModule.phases: expected a list"),
        ({"contactsLocationsModule": {"locations": {}}}, "locations: expected a list"),
        ({"contactsLocationsModule": {"locations": ["here"]}}, "locations[0]: expected a mapping"),
        ({"contactsLocationsModule": {"locations": [{}]}}, "locations[0].facility: missing"),
        (
            {"contactsLocationsModule": {"locations": [{"facility": "A\x00"}]}},
            "locations[0].facility: expected a text",
        ),
        (
            {"contactsLocationsModule": {"locations": [location("A", "B", "C", 91.0, 0.0)]}},
            "locations[0].geoPoint: expected lat",
        ),
        (
            {"contactsLocationsModule": {"locations": [{"facility": "A", "geoPoint": 4}]}},
            "locations[0].geoPoint: expected lat",
        ),
    ],
)
def test_each_mistake_is_told_with_its_path(modules: dict[str, Any], said: str) -> None:
    problems = refused(as_text(registry_record(**modules)))
    assert any(said in problem for problem in problems), problems


def test_every_mistake_is_told_at_once() -> None:
    record = registry_record(statusModule={"overallStatus": "OPEN"}, designModule={"enrollmentInfo": {"count": "x"}})
    assert len(refused(as_text(record))) == 2


@pytest.mark.parametrize(
    ("city", "country", "position", "zone"),
    [
        ("Jacksonville", "United States", (30.33, -81.66), "America/New_York"),
        ("Phoenix", "United States", (33.45, -112.07), "America/Phoenix"),
        ("Berlin", "Germany", None, ""),  # Germany has two
        ("Paris", "France", None, "Europe/Paris"),
        ("Leeds", "United Kingdom", (53.8, -1.55), "Europe/London"),
        ("Nowhere", "Atlantis", (0.0, 0.0), ""),
    ],
)
def test_the_nearest_zone_of_the_country_is_proposed(
    city: str, country: str, position: tuple[float, float] | None, zone: str
) -> None:
    assert proposed_zone(Location("A clinic", city, "", country, position=position)) == zone


def test_codes_are_proposed_and_never_twice() -> None:
    cities = ("Rochester", "Rochester", "Ürümqi", "L'A", "")
    assert proposed_codes([Location("Zoo clinic", city, "", "") for city in cities]) == [
        "ROC", "ROC2", "URU", "LAX", "ZOO",
    ]  # fmt: skip
