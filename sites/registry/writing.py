"""A study as the registry would write it: the shape of version 2 of the ClinicalTrials.gov API."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sites.models import InvestigatorTerm, Site, Study
from sites.queries import StatusInForce, overall_status

Json = dict[str, Any]


def as_registry_record(
    study: Study,
    sites: Sequence[Site],
    *,
    in_force: Mapping[int, StatusInForce],
    principals: Mapping[int, InvestigatorTerm],
) -> Json:
    """`protocolSection` with what trialops keeps; fields of which nothing is kept are left out.

    The enrollment is the planned one (ESTIMATED). The verified date is the month in which every site's status had
    been verified; None of the sites verified: left out.
    """
    statuses = [in_force[site.pk] for site in sites if site.pk in in_force]
    verified = [status.verified_on for status in statuses]
    every = [day for day in verified if day is not None]
    status_module = {
        "overallStatus": overall_status(study, dict(in_force), list(sites)).value.upper(),
        "statusVerifiedDate": _month(min(every)) if every and len(every) == len(verified) == len(sites) else None,
    }
    section: Json = {
        "identificationModule": {
            "nctId": study.registry_id,
            "briefTitle": study.short_title,
            "officialTitle": study.title,
        },
        "statusModule": status_module,
        "sponsorCollaboratorsModule": {"leadSponsor": {"name": study.sponsor}},
        "designModule": {
            "phases": study.phase.upper().replace("PHASE ", "PHASE").replace("EARLY ", "EARLY_").split("/"),
            "enrollmentInfo": {"count": study.planned_enrollment, "type": "ESTIMATED"},
        },
        "contactsLocationsModule": {
            "centralContacts": [_contact(study.contact_name, study.contact_phone, "")],
            "locations": [_location(site, in_force.get(site.pk), principals.get(site.pk)) for site in sites],
        },
    }
    if study.planned_enrollment is None:
        del section["designModule"]["enrollmentInfo"]
    written: Json = _without_empty({"protocolSection": section})
    return written


def _location(site: Site, status: StatusInForce | None, principal: InvestigatorTerm | None) -> Json:
    named = {"name": str(principal.investigator), "role": "PRINCIPAL_INVESTIGATOR"} if principal else {}
    return {
        "facility": site.facility,
        "status": status.status.value.upper() if status else "",
        "city": site.city,
        "state": site.state,
        "country": site.country,
        "contacts": [_contact(site.contact_name, site.contact_phone, site.contact_email), named],
    }


def _contact(name: str, phone: str, email: str) -> Json:
    return {"name": name, "role": "CONTACT", "phone": phone, "email": email} if name or phone or email else {}


def _month(day: date) -> str:
    return f"{day:%Y-%m}"


def _without_empty(value: Any) -> Any:
    """The value without empty texts, lists, mappings and nulls, at any depth."""
    if isinstance(value, dict):
        kept = {name: _without_empty(each) for name, each in value.items()}
        return {name: each for name, each in kept.items() if each not in ("", None, [], {})}
    if isinstance(value, list):
        return [each for each in map(_without_empty, value) if each not in ("", None, [], {})]
    return value
