"""A study document made from a registry record: what `load_study` takes, for a person to look through first."""

from typing import Any

import yaml

from sites.registry.places import proposed_codes, proposed_zone
from sites.registry.reading import RegistryRecord
from sites.statuses import REASON_REQUIRED

Json = dict[str, Any]
HEAD = """\
# A study document made from the registry's record of {registry_id} (last updated there: {updated}).
# Codes and time zones are proposals: the registry has none. Look them through, then
#   manage.py load_study THIS_FILE --by USERNAME
"""


def drafted_study(record: RegistryRecord) -> Json:
    """The study as a study document: fields that the registry leaves empty are left out."""
    codes = proposed_codes(record.locations)
    sites = []
    for code, location in zip(codes, record.locations, strict=True):
        name, _, credentials = location.principal.partition(",")
        site: Json = {
            "code": code,
            "facility": location.facility,
            "city": location.city,
            "state": location.state,
            "country": location.country,
            "time_zone": proposed_zone(location) or "UTC",
        }
        contact = {
            "name": location.contact_name, "phone": location.contact_phone, "email": location.contact_email,
        }  # fmt: skip
        site["contact"] = {key: value for key, value in contact.items() if value}
        if name.strip():
            site["principal_investigator"] = {"name": name.strip(), "credentials": credentials.strip()}
        if location.status is not None:
            site["status"] = {"status": location.status.value}
            if location.status in REASON_REQUIRED:
                site["status"]["reason"] = "As in the registry's record."
        sites.append({key: value for key, value in site.items() if value})
    planned = record.enrollment if record.enrollment_type != "ACTUAL" else None
    study = {
        "registry_id": record.registry_id,
        "title": record.title,
        "short_title": record.short_title or record.title[:100],
        "phase": record.phase,
        "sponsor": record.sponsor,
        "planned_enrollment": planned,
        "contact": {k: v for k, v in {"name": record.contact_name, "phone": record.contact_phone}.items() if v},
    }
    return {key: value for key, value in study.items() if value} | {"sites": sites}


def drafted_text(record: RegistryRecord) -> str:
    """The same as YAML, with a head that says what to look at."""
    head = HEAD.format(registry_id=record.registry_id, updated=record.updated or "not given")
    return head + yaml.safe_dump(drafted_study(record), sort_keys=False, allow_unicode=True, width=110)
