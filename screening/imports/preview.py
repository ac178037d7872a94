"""What an import would change today: new subjects, facts added, facts that are there already, corrections to choose."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from screening.criteria import RecordError, json_text
from screening.criteria.catalogue import CATALOGUE, Catalogue
from screening.criteria.record_parsing import JUDGED
from screening.imports.collecting import check
from screening.imports.drafts import Contents, Draft, Entry, Finding, Json
from screening.imports.sameness import key_of, same
from screening.imports.stored import unpacked
from screening.judging import judges_anew
from screening.models import Import, Observation, Subject, Therapy, Toxicity
from screening.queries import catalogue_of, current_facts_of, protocol_of, version_in_force
from screening.storage import observation_json, therapy_json, toxicity_json

AnyFact = Observation | Therapy | Toxicity
Present = dict[tuple[object, ...], tuple[AnyFact, Json]]
PERSON_LABELS = {"sex": "sex", "birth_year": "birth year", "first_dose": "planned first dose"}


@dataclass(frozen=True)
class Correction:
    """One thing recorded otherwise already; a person chooses whether the file is right.

    `fact` is the row that `entry` would supersede, and `raw` what the new row would hold, with what it `judges` anew;
    or `person` is the field of the subject itself.
    """

    key: str
    place: str
    what: str
    before: str
    after: str
    raw: Json
    entry: Entry | None = None
    fact: AnyFact | None = None
    person: str = ""
    judges: tuple[str, ...] = ()


@dataclass(frozen=True)
class SubjectPlan:
    """What would change for one subject; `subject` is None for a new one."""

    draft: Draft
    subject: Subject | None
    added: tuple[Entry, ...] = ()
    skipped: int = 0
    corrections: tuple[Correction, ...] = ()

    @property
    def label(self) -> str:
        return self.subject.screening_number if self.subject else (self.draft.subject or "")

    @property
    def changes(self) -> bool:
        return self.subject is None or bool(self.added)


@dataclass(frozen=True)
class Preview:
    """The plans, and what stands in the way; `digest` is of exactly what it would do."""

    contents: Contents
    plans: tuple[SubjectPlan, ...]
    findings: tuple[Finding, ...]
    unassigned: tuple[tuple[int, Draft], ...] = field(default=())

    @property
    def may_commit(self) -> bool:
        return not self.findings and not self.unassigned and self.changes_something

    @property
    def changes_something(self) -> bool:
        return any(plan.changes or plan.corrections for plan in self.plans)

    @property
    def new(self) -> int:
        return sum(plan.subject is None for plan in self.plans)

    @property
    def added(self) -> int:
        return sum(len(plan.added) for plan in self.plans)

    @property
    def skipped(self) -> int:
        return sum(plan.skipped for plan in self.plans)

    @property
    def corrections(self) -> tuple[Correction, ...]:
        return tuple(correction for plan in self.plans for correction in plan.corrections)

    @cached_property
    def digest(self) -> str:
        said = [
            {
                "subject": str(plan.subject.pk) if plan.subject else None,
                "name": plan.draft.subject,
                "person": plan.draft.person if plan.subject is None else None,
                "added": [entry.raw for entry in plan.added],
                "skipped": plan.skipped,
                "corrections": [
                    [one.key, one.before, one.after, one.fact.pk if one.fact else 0] for one in plan.corrections
                ],
            }
            for plan in self.plans
        ]
        return hashlib.sha256(json_text.dumps(said).encode()).hexdigest()


def preview_of(pending: Import, *, no_judging: str = "") -> Preview:
    """The preview of an import whose content is still kept.

    `no_judging` is said at every judgement of a result in it, to somebody who may give none.
    """
    assert pending.content is not None  # noqa: S101  the caller has looked
    contents = unpacked(pending.content).with_assigned(pending.assigned)
    unassigned = tuple((index, draft) for index, draft in enumerate(contents.drafts) if draft.subject is None)
    names = {draft.subject for draft in contents.drafts if draft.subject is not None and not draft.is_new}
    subjects = {
        subject.screening_number: subject
        for subject in Subject.objects.filter(site=pending.site, screening_number__in=names).select_related(
            "site__study", "protocol_version"
        )
    }
    facts = current_facts_of(subjects.values())
    version = version_in_force(pending.site, pending.screened_on)
    new_catalogue = protocol_of(version).catalogue if version else CATALOGUE
    plans: list[SubjectPlan] = []
    findings = list(contents.findings)
    for index, draft in enumerate(contents.drafts):
        if draft.subject is None:
            continue
        subject = subjects.get(draft.subject)
        if subject is None and not draft.is_new:
            findings.append(_unknown(draft, pending.site.code))
            continue
        catalogue = catalogue_of(subject) if subject else new_catalogue
        findings += _of_other_catalogue(draft.entries, catalogue)
        if subject is None:
            plans.append(SubjectPlan(draft, None, draft.entries))
        else:
            plans.append(_plan(index, draft, subject, _present(facts[subject.pk], catalogue)))
    if no_judging:
        findings += [finding for plan in plans for finding in _judgements(plan, no_judging)]
    findings.sort(key=lambda finding: finding.row or 0)
    return Preview(contents, tuple(plans), tuple(findings), unassigned)


def _unknown(draft: Draft, code: str) -> Finding:
    row = next((entry.row for entry in draft.entries), None)
    message = (
        f"“{(draft.subject or '')[:30]}” is no subject of {code}; accepted: a screening number of {code}, or new, "
        "new-1, new-2 … for a new subject, who is then given the next number"
    )
    return Finding(draft.place, "subject", message, row)


def _judgements(plan: SubjectPlan, message: str) -> Iterable[Finding]:
    """Every judgement that a plan would record."""
    judging = [(entry, judges_anew(entry.raw, None)) for entry in plan.added if entry.list_name == "observations"]
    judging += [(one.entry, list(one.judges)) for one in plan.corrections if one.entry is not None]
    return [Finding(entry.place, entry.column(name), message, entry.row) for entry, names in judging for name in names]


def _of_other_catalogue(entries: Iterable[Entry], catalogue: Catalogue) -> Iterable[Finding]:
    """Facts that another version of the protocol declares, and the subject's own does not."""
    for entry in entries:
        if entry.list_name == "observations" and entry.raw["fact"] not in CATALOGUE:
            try:
                check(entry.list_name, entry.raw, catalogue)
            except RecordError as error:
                yield Finding(entry.place, entry.column("fact"), error.problems[0].message, entry.row)


def _present(facts: tuple[list[Observation], list[Therapy], list[Toxicity]], catalogue: Catalogue) -> Present:
    observations, therapies, toxicities = facts
    present: Present = {}
    for row in observations:
        if row.fact in catalogue:
            raw = observation_json(row, catalogue[row.fact])
            present[key_of("observations", raw)] = row, raw
    for therapy in therapies:
        present[key_of("therapies", therapy_json(therapy))] = therapy, therapy_json(therapy)
    for toxicity in toxicities:
        present[key_of("toxicities", toxicity_json(toxicity))] = toxicity, toxicity_json(toxicity)
    return present


def _plan(index: int, draft: Draft, subject: Subject, present: Present) -> SubjectPlan:
    added: list[Entry] = []
    corrections = _of_person(index, draft, subject)
    skipped = 0
    for number, entry in enumerate(draft.entries):
        found = present.get(key_of(entry.list_name, entry.raw))
        if found is None:
            added.append(entry)
            continue
        fact, before = found
        after = _merged(before, entry.raw)
        if same(entry.list_name, before, after):
            skipped += 1
            continue
        judges = tuple(judges_anew(after, before)) if isinstance(fact, Observation) else ()
        corrections.append(
            Correction(
                f"{index}-{number}", entry.place, _called(before), _told(before), _told(after), after, entry, fact,
                judges=judges,
            )
        )  # fmt: skip
    return SubjectPlan(draft, subject, tuple(added), skipped, tuple(corrections))


def _merged(before: Json, given: Json) -> Json:
    """What is recorded, with what the file says; a judgement of another result does not pass on to the new one."""
    said = {name: value for name, value in given.items() if value not in (None, "", [])}
    changed = "fact" in before and any(not same("", {"": before.get(n)}, {"": given.get(n)}) for n in ("value", "unit"))
    return {name: value for name, value in before.items() if not (changed and name in JUDGED)} | said


def _of_person(index: int, draft: Draft, subject: Subject) -> list[Correction]:
    first_dose = subject.planned_first_dose
    stored: Mapping[str, Any] = {
        "sex": subject.sex or None,
        "birth_year": subject.birth_year,
        "first_dose": first_dose.isoformat() if first_dose else None,
    }
    return [
        Correction(
            f"{index}-{name}", draft.place, PERSON_LABELS[name], str(stored[name] or "–"), str(value), {name: value},
            person=name,
        )
        for name, value in draft.person.items()
        if value is not None and not same("", {"": stored[name]}, {"": value})
    ]  # fmt: skip


def _called(raw: Json) -> str:
    if "fact" in raw:
        return f"{raw['fact']}, {raw['on']}"
    if "kind" in raw:
        return f"{raw['kind']} {', '.join(raw['drugs'])} {raw.get('start') or ''}".strip()
    return f"{raw['term']} {raw.get('onset') or ''}".strip()


def _told(raw: Json) -> str:
    """What an entry holds beside what it is about, for people to compare."""
    about = {"fact", "on", "kind", "start", "drugs", "term", "onset"}
    given = {name: value for name, value in raw.items() if name not in about and value not in (None, "", [])}
    value, unit = given.pop("value", None), given.pop("unit", "")
    told = [f"{_plain(value)} {unit}".strip()] if value is not None else []
    return ", ".join([*told, *(f"{name.replace('_', ' ')} {_plain(value)}" for name, value in given.items())]) or "–"


def _plain(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
