"""The sheet that an investigator signs: everything shown of one screen failure or eligibility, as canonical JSON.

Its `record` (subject data, facts, failure) is what was entered; the rest follows from it. A later change of the record
voids the signature; another wording of an explanation does not.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from screening.criteria import SubjectRecord, assess, json_text, parse_record
from screening.criteria.assessment import Assessment, CriterionResult
from screening.criteria.catalogue import Catalogue
from screening.models import ProtocolVersion, ScreenFailure, Subject, SubjectStateChange
from screening.queries import current_facts, protocol_of
from screening.states import SubjectState
from screening.storage import record_json

Json = dict[str, Any]
LISTS = ("observations", "therapies", "toxicities")

MEANINGS = {
    SubjectState.SCREEN_FAILED: "I have reviewed this screen failure with its facts and confirm it.",
    SubjectState.ELIGIBLE: "I have reviewed this record and confirm that the subject is eligible for enrollment.",
}
"""What a signature says; it stands on the sheet and is kept with the signature."""


@dataclass(frozen=True)
class Sheet:
    """What is shown and signed."""

    content: Json
    version: ProtocolVersion
    as_of: date

    @cached_property
    def text(self) -> str:
        return json_text.dumps(self.content)

    @cached_property
    def digest(self) -> str:
        return _sha256(self.text)

    @cached_property
    def record_digest(self) -> str:
        return _sha256(json_text.dumps(self.content["record"]))

    @property
    def verdict(self) -> str:
        return str(self.content["verdict"]["verdict"])


def sheet_of(change: SubjectStateChange, *, as_of: date, version: ProtocolVersion | None = None) -> Sheet:
    """The sheet of a change to screen failed (always as of its own day) or to eligible.

    `version` is the protocol version it is read under: that of the failure, else the subject's own.
    """
    subject = change.subject
    failure = change.screen_failure if change.state == SubjectState.SCREEN_FAILED else None
    version = version or (failure.protocol_version if failure else subject.protocol_version)
    day = change.effective_on if failure else as_of
    protocol = protocol_of(version)
    record = _record_on(subject, day, protocol.catalogue)
    assessment = assess(protocol, parse_record(record, protocol.catalogue), as_of=day)
    attempts = attempts_before(subject)
    content = {
        "about": str(SubjectState(change.state)),
        "meaning": MEANINGS[SubjectState(change.state)],
        "study": subject.site.study.registry_id,
        "site": subject.site.code,
        "subject": subject.screening_number,
        "attempt": len(attempts) + 1,
        "earlier_attempts": [earlier.screening_number for earlier in attempts],
        "protocol": {"version": version.label, "digest": version.digest},
        "as_of": day.isoformat(),
        "record": {**record, "failure": _failure(failure, change)},
        "verdict": _verdict(assessment, record, protocol.catalogue),
        "labels": _labels(record, protocol.catalogue),
    }
    return Sheet(content, version, day)


def signed_content(text: str) -> Json:
    """The content of a sheet that has been signed."""
    content: Json = json_text.loads(text)
    return content


def attempts_before(subject: Subject) -> list[Subject]:
    """The same person's earlier attempts, the first one first."""
    found: list[Subject] = []
    while (previous := (found[0] if found else subject).previous_attempt) is not None:
        found.insert(0, previous)
    return found


def changes_between(before: Json, after: Json) -> list[str]:
    """What differs between the records of two sheets, a sentence for each; empty if they are the same."""
    said = [
        _("%(name)s: %(before)s, now %(after)s")
        % {"name": _(name.replace("_", " ")), "before": _known(before[name]), "after": _known(after[name])}
        for name in ("sex", "birth_year", "first_dose", "failure")
        if json_text.dumps(before[name]) != json_text.dumps(after[name])
    ]
    for name in LISTS:
        earlier, later = _lines(before[name]), _lines(after[name])
        said += [_("no longer: %(item)s") % {"item": line} for line in earlier if line not in later]
        said += [_("added: %(item)s") % {"item": line} for line in later if line not in earlier]
        if not said and earlier != later:
            said.append(_("entries of the same content more or fewer times, or in another order"))
    return said


def _known(value: Any) -> str:
    return _("not known") if value is None else str(value)


def _lines(items: Iterable[Json]) -> list[str]:
    return [" ".join(_words(item)) for item in items]


def _words(item: Json) -> Iterable[str]:
    """An entry in one line: its value with unit, then what else it says."""
    plain = ("fact", "value", "unit", "kind", "term")
    yield from (_text(item[name]) for name in plain if item.get(name) is not None)
    for name, value in item.items():
        if name not in plain and value not in (None, []):
            yield f"{name.replace('_', ' ')} {_text(value)}"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return ", ".join(value) if isinstance(value, list) else str(value).replace("_", " ")


def _record_on(subject: Subject, day: date, catalogue: Catalogue) -> Json:
    """The facts that exist on a day. The first dose is the planned one: that it was given later changes nothing."""
    observations, therapies, toxicities = current_facts(subject)
    record = record_json(
        subject,
        [row for row in observations if row.day <= day],
        [row for row in therapies if row.start is None or row.start <= day],
        [row for row in toxicities if row.onset is None or row.onset <= day],
        catalogue,
    )
    planned = subject.planned_first_dose
    parsed: SubjectRecord = parse_record({**record, "first_dose": planned and planned.isoformat()}, catalogue)
    return parsed.as_json()


def _failure(failure: ScreenFailure | None, change: SubjectStateChange) -> Json | None:
    if failure is None:
        return None
    return {
        "on": change.effective_on.isoformat(),
        "criteria": list(failure.criteria),
        "primary": failure.primary,
        "comment": failure.comment,
    }


def _verdict(assessment: Assessment, record: Json, catalogue: Catalogue) -> Json:
    earliest = assessment.earliest_first_dose
    return {
        "verdict": assessment.verdict.value,
        "first_dose": assessment.first_dose.isoformat(),
        "satisfied": assessment.satisfied,
        "total": assessment.total,
        "criteria": [_criterion(result, record, catalogue) for result in assessment.criteria],
        "windows": [{"from": w.first.isoformat(), "to": w.last.isoformat()} for w in assessment.windows],
        "earliest_first_dose": earliest and earliest.isoformat(),
    }


def _criterion(result: CriterionResult, record: Json, catalogue: Catalogue) -> Json:
    told = result.as_json()
    kept = ("id", "kind", "verdict", "because", "missing", "conflicts", "reading")
    facts = [{"label": _label(fact["fact"], record, catalogue)} | fact for fact in told["facts"]]
    return {"title": result.title} | {name: told[name] for name in kept} | {"facts": facts}


def _label(name: str, record: Json, catalogue: Catalogue) -> str:
    """A fact's name for people: `lvef`, `hemoglobin.reference_low`, `therapies[0].end`, `sex`."""
    stem, _dot, part = name.partition(".")
    listed = re.fullmatch(r"(therapies|toxicities)\[(\d+)\]", stem)
    if stem in catalogue:
        words = catalogue[stem].label
    elif listed and int(listed[2]) < len(record[listed[1]]):
        item = record[listed[1]][int(listed[2])]
        words = item.get("term") or ", ".join(item.get("drugs") or []) or item["kind"].replace("_", " ")
    else:
        words = stem.replace("_", " ")
    return f"{words}: {part.replace('_', ' ')}" if part else words


def _labels(record: Json, catalogue: Catalogue) -> Json:
    facts = sorted({item["fact"] for item in record["observations"]})
    return {fact: catalogue[fact].label for fact in facts}


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
