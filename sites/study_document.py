"""Study documents: a study with its sites as one YAML file, checked as a whole and then stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from django.core.exceptions import ValidationError
from django.db import transaction

from sites.models import Investigator, InvestigatorTerm, Site, SiteStatusChange, SiteStatusVerification, Study
from sites.statuses import SiteStatus
from trialops.accounts.models import User

SHIPPED = Path(__file__).parent / "studies"

STUDY_FIELDS = ("registry_id", "title", "short_title", "phase", "sponsor", "planned_enrollment")
SITE_FIELDS = ("code", "facility", "city", "state", "country", "time_zone", "target")


class StudyDocumentError(Exception):
    """What is wrong in a study document: one line for each mistake, with its path."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass
class _Checked:
    """The document's rows, unsaved, and the mistakes found on the way."""

    study: Study
    sites: list[tuple[Site, Mapping[str, Any]]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read_study_document(source: str) -> Mapping[str, Any]:
    """The document of a shipped study (by registry id) or of a file (by path). Raises StudyDocumentError."""
    path = SHIPPED / f"{source}.yaml" if (SHIPPED / f"{source}.yaml").is_file() else Path(source)
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        shipped = ", ".join(sorted(p.stem for p in SHIPPED.glob("*.yaml")))
        raise StudyDocumentError([f"{source}: {error.strerror}; studies shipped with the product: {shipped}"]) from None
    except yaml.MarkedYAMLError as error:
        where = f" at line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise StudyDocumentError([f"{path}: not readable as YAML{where}: {error.problem}"]) from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise StudyDocumentError([f"{path}: not readable as YAML: {' '.join(str(error).split())}"]) from error
    if not isinstance(document, dict):
        raise StudyDocumentError([f"{path}: expected a mapping with registry_id, title and sites"])
    return document


@transaction.atomic
def store_study(
    document: Mapping[str, Any], *, by: User, today: date, terms_since: date | None = None, with_status: bool = True
) -> Study:
    """Create or update a study and its sites from a document; histories already begun are left as they are.

    Sites and fields that the document does not name stay as they are.

    `terms_since` is the first day of investigators' terms and of a status without `effective_on` (default: today).
    Raises StudyDocumentError with every mistake; then nothing is stored.
    """
    checked = _check(document)
    if checked.problems:
        raise StudyDocumentError(checked.problems)
    since = terms_since or today
    study, _ = Study.objects.update_or_create(
        registry_id=checked.study.registry_id, defaults=_named(checked.study, document, STUDY_FIELDS)
    )
    for draft, raw in checked.sites:
        site, _ = Site.objects.update_or_create(study=study, code=draft.code, defaults=_named(draft, raw, SITE_FIELDS))
        _store_principal(site, raw.get("principal_investigator"), since)
        if with_status and raw.get("status") and not SiteStatusChange.objects.filter(site=site).exists():
            effective_on = raw["status"].get("effective_on") or since
            SiteStatusChange.objects.create(
                site=site,
                status=SiteStatus(raw["status"]["status"]),
                effective_on=effective_on,
                reason=raw["status"].get("reason") or "",
                recorded_by=by,
            )
            SiteStatusVerification.objects.create(site=site, verified_on=today, recorded_by=by)
    return study


def _named(draft: Study | Site, raw: Mapping[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    """Only what the document names: what it leaves out stays as it is."""
    names = [name for name in fields if name in raw]
    names += [f"contact_{name}" for name in raw.get("contact") or ()]
    return {name: getattr(draft, name) for name in names}


def _store_principal(site: Site, raw: Mapping[str, Any] | None, since: date) -> None:
    if not raw or site.investigator_terms.filter(role=InvestigatorTerm.Role.PRINCIPAL).exists():
        return
    investigator, _ = Investigator.objects.get_or_create(name=raw["name"], credentials=raw.get("credentials") or "")
    InvestigatorTerm.objects.create(
        site=site,
        investigator=investigator,
        role=InvestigatorTerm.Role.PRINCIPAL,
        starts_on=raw.get("since") or since,
    )


def _check(document: Mapping[str, Any]) -> _Checked:
    known = {*STUDY_FIELDS, "contact", "sites"}
    checked = _Checked(study=Study(**{name: document[name] for name in STUDY_FIELDS if document.get(name) is not None}))
    checked.problems += [
        f"{name}: not a field of a study; accepted: {', '.join(sorted(known))}"
        for name in document
        if name not in known
    ]
    _take_contact(checked.study, document.get("contact"), "contact", checked.problems)
    _clean(checked.study, "", checked.problems, exclude=set())
    rows = document.get("sites")
    if not isinstance(rows, list) or not rows:
        checked.problems.append("sites: expected a list with at least one site")
        return checked
    for index, raw in enumerate(rows):
        where = f"sites[{index}]"
        if not isinstance(raw, dict):
            checked.problems.append(f"{where}: expected a mapping with code, facility and time_zone")
            continue
        checked.sites.append((_check_site(raw, where, checked.problems), raw))
    codes = [site.code for site, _ in checked.sites]
    checked.problems += [
        f"sites: the code {code} stands twice" for code in sorted({c for c in codes if codes.count(c) > 1})
    ]
    return checked


def _check_site(raw: Mapping[str, Any], where: str, problems: list[str]) -> Site:
    known = {*SITE_FIELDS, "contact", "principal_investigator", "status"}
    problems += [
        f"{where}.{name}: not a field of a site; accepted: {', '.join(sorted(known))}"
        for name in raw
        if name not in known
    ]
    site = Site(**{name: raw[name] for name in SITE_FIELDS if raw.get(name) is not None})
    _take_contact(site, raw.get("contact"), f"{where}.contact", problems)
    _clean(site, f"{where}.", problems, exclude={"study"})
    principal = raw.get("principal_investigator")
    if principal is not None and not (isinstance(principal, dict) and isinstance(principal.get("name"), str)):
        problems.append(f"{where}.principal_investigator: expected a mapping with name, credentials and since")
    elif principal and not isinstance(principal.get("since"), date | None):
        problems.append(f"{where}.principal_investigator.since: expected a date, for instance 2026-01-31")
    _check_status(raw.get("status"), f"{where}.status", problems)
    return site


def _check_status(status: object, where: str, problems: list[str]) -> None:
    if status is None:
        return
    if not isinstance(status, dict) or status.get("status") not in SiteStatus.values:
        problems.append(f"{where}.status: expected one of {', '.join(SiteStatus.values)}")
    elif not isinstance(status.get("effective_on"), date | None):
        problems.append(f"{where}.effective_on: expected a date, for instance 2026-01-31")


def _take_contact(target: Study | Site, raw: object, where: str, problems: list[str]) -> None:
    if raw is None:
        return
    accepted = {"name", "phone", "email"} if isinstance(target, Site) else {"name", "phone"}
    if not isinstance(raw, dict) or not set(raw) <= accepted:
        problems.append(f"{where}: expected a mapping with {', '.join(sorted(accepted))}")
        return
    for name, value in raw.items():
        setattr(target, f"contact_{name}", value or "")


def _clean(row: Study | Site, prefix: str, problems: list[str], exclude: set[str]) -> None:
    try:
        row.clean_fields(exclude=exclude)
    except ValidationError as error:
        problems += [f"{prefix}{name}: {' '.join(messages)}" for name, messages in error.message_dict.items()]
