"""The study and its criteria as FHIR, for reading: one Bundle each in R4 and in R5. Aggregates only.

Statuses are translated by the tables below; what FHIR cannot say in a code is left to the narrative-free text fields.
"""

from collections.abc import Mapping
from typing import Any

from dashboards.queries import SiteEnrollment, StudyEnrollment
from screening.criteria import Criterion, CriterionKind, Protocol
from sites.statuses import SiteStatus

Json = dict[str, Any]
S = SiteStatus

R4_STATUS: Mapping[SiteStatus, str] = {
    S.NOT_YET_RECRUITING: "approved",
    S.RECRUITING: "active",
    S.ENROLLING_BY_INVITATION: "active",
    S.ACTIVE_NOT_RECRUITING: "closed-to-accrual",
    S.SUSPENDED: "temporarily-closed-to-accrual",
    S.COMPLETED: "completed",
    S.WITHDRAWN: "withdrawn",
    S.TERMINATED: "administratively-completed",
}
"""ResearchStudy.status of R4."""

R5_PROGRESS: Mapping[SiteStatus, str] = {
    S.NOT_YET_RECRUITING: "not-yet-recruiting",
    S.RECRUITING: "recruiting",
    S.ENROLLING_BY_INVITATION: "enrolling-by-invitation",
    S.ACTIVE_NOT_RECRUITING: "active-but-not-recruiting",
    S.SUSPENDED: "temporarily-closed-to-accrual",
    S.COMPLETED: "completed",
    S.WITHDRAWN: "withdrawn",
    S.TERMINATED: "terminated",
}
"""ResearchStudy.progressStatus.state of R5."""

REGISTRY = "https://clinicaltrials.gov"
STUDY_STATUS = "http://hl7.org/fhir/research-study-status"
GROUP = "eligibility"


def fhir_bundle(figures: StudyEnrollment, protocol: Protocol | None, *, release: str) -> Json:
    """A collection of the ResearchStudy, the Group of its criteria and a Location a site; `release`: r4 or r5.

    The time stamp is the day's beginning: the same data on the same day give the same bytes.
    """
    build = {"r4": _study_r4, "r5": _study_r5}[release]
    group = [_group(figures, protocol, release)] if protocol is not None else []
    locations = [_location(site) for site in figures.sites]
    resources = [build(figures, with_group=bool(group)), *group, *locations]
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": f"{figures.as_of:%Y-%m-%d}T00:00:00+00:00",
        "entry": [
            {"fullUrl": f"urn:trialops:{resource['resourceType']}:{resource['id']}", "resource": resource}
            for resource in resources
        ],
    }


def _study(figures: StudyEnrollment) -> Json:
    study = figures.study
    return {
        "resourceType": "ResearchStudy",
        "id": study.registry_id,
        "identifier": [{"system": REGISTRY, "value": study.registry_id}],
        "title": study.title,
    }


def _study_r4(figures: StudyEnrollment, *, with_group: bool) -> Json:
    """R4 has no place for the numbers: the target stands in the Group, where there is one."""
    written = {
        **_study(figures),
        "status": R4_STATUS[figures.status],
        "site": [{"reference": f"Location/{entry.site.code}"} for entry in figures.sites],
        "contact": _contacts(figures),
    }
    if with_group:
        written["enrollment"] = [{"reference": f"Group/{GROUP}"}]
    return _without_empty(written)


def _study_r5(figures: StudyEnrollment, *, with_group: bool) -> Json:
    study = figures.study
    recruitment = {"targetNumber": study.planned_enrollment, "actualNumber": figures.totals.enrolled}
    if with_group:
        recruitment["eligibility"] = {"reference": f"Group/{GROUP}"}  # type: ignore[assignment]
    written = {
        **_study(figures),
        "label": [{"value": study.short_title}],
        "status": "active",  # of this resource, not of the study: the study's progress follows
        "progressStatus": [
            {"state": {"coding": [{"system": STUDY_STATUS, "code": R5_PROGRESS[figures.status]}]}, "actual": True}
        ],
        "recruitment": {name: value for name, value in recruitment.items() if value is not None},
        "site": [{"reference": f"Location/{entry.site.code}"} for entry in figures.sites],
        "associatedParty": [
            {"name": study.sponsor, "role": {"text": "lead sponsor"}},
            *(
                {
                    "name": str(entry.principal.investigator),
                    "role": {"text": f"principal investigator, {entry.site.code}"},
                }
                for entry in figures.sites
                if entry.principal
            ),
        ],
    }
    if not study.sponsor:
        written["associatedParty"] = written["associatedParty"][1:]
    return _without_empty(written)


def _group(figures: StudyEnrollment, protocol: Protocol, release: str) -> Json:
    """The criteria as characteristics of the persons sought: excluded where the criterion excludes."""
    group: Json = {
        "resourceType": "Group",
        "id": GROUP,
        "type": "person",
        "name": f"{figures.study.registry_id}, criteria of version {protocol.version}",
        "characteristic": [_characteristic(criterion) for criterion in protocol.criteria],
    }
    return {**group, **({"actual": False} if release == "r4" else {"membership": "definitional"})}


def _characteristic(criterion: Criterion) -> Json:
    return {
        "code": {"coding": [{"code": criterion.id, "display": criterion.title}], "text": criterion.text},
        "valueBoolean": True,
        "exclude": criterion.kind is CriterionKind.EXCLUSION,
    }


def _location(entry: SiteEnrollment) -> Json:
    site = entry.site
    address = {"city": site.city, "state": site.state, "country": site.country}
    return _without_empty(
        {
            "resourceType": "Location",
            "id": site.code,
            "name": site.facility,
            "description": f"{entry.status.label} since {entry.status.since.isoformat()}" if entry.status else "",
            "address": {name: value for name, value in address.items() if value},
        }
    )


def _contacts(figures: StudyEnrollment) -> list[Json]:
    study = figures.study
    if not (study.contact_name or study.contact_phone):
        return []
    telecom = [{"system": "phone", "value": study.contact_phone}] if study.contact_phone else []
    return [_without_empty({"name": study.contact_name, "telecom": telecom})]


def _without_empty(resource: Json) -> Json:
    """FHIR knows no empty texts, lists or objects."""
    return {name: value for name, value in resource.items() if value not in ("", None, [], {})}
