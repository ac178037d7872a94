"""A registry record of the reference study's shape, for tests to change; invented but for the two sites in scope."""

import json
from typing import Any

Json = dict[str, Any]


def location(facility: str, city: str, state: str, lat: float, lon: float, **more: Any) -> Json:
    return {
        "facility": facility, "status": "RECRUITING", "city": city, "state": state, "country": "United States",
        "geoPoint": {"lat": lat, "lon": lon}, **more,
    }  # fmt: skip


def registry_record(**modules: Any) -> Json:
    """The record; a module given replaces its own."""
    investigator = {"name": "Sikander Ailawadhi, MD", "role": "PRINCIPAL_INVESTIGATOR"}
    section: Json = {
        "identificationModule": {
            "nctId": "NCT03464916",
            "briefTitle": "Anti-CD38 CAR-T in Multiple Myeloma",
            "officialTitle": "A Study of CAR2 Anti-CD38 A2 CAR-T Cells",
        },
        "statusModule": {
            "overallStatus": "ACTIVE_NOT_RECRUITING",
            "statusVerifiedDate": "2022-03",
            "lastUpdatePostDateStruct": {"date": "2022-03-22", "type": "ACTUAL"},
        },
        "sponsorCollaboratorsModule": {"leadSponsor": {"name": "Sorrento Therapeutics, Inc.", "class": "INDUSTRY"}},
        "designModule": {"phases": ["PHASE1"], "enrollmentInfo": {"count": 72, "type": "ESTIMATED"}},
        "contactsLocationsModule": {
            "locations": [
                location("Mayo Clinic", "Jacksonville", "Florida", 30.33, -81.66, contacts=[investigator]),
                location("Mayo Clinic", "Rochester", "Minnesota", 44.02, -92.47, status="SUSPENDED"),
                location("A third clinic", "Phoenix", "Arizona", 33.45, -112.07),
            ]
        },
    }
    return {"protocolSection": {**section, **modules}, "hasResults": False}


def as_text(record: Any) -> str:
    return json.dumps(record)
