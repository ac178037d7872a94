"""A bundle with one or several patients: each resource mapped, ignored or not mapped, and why."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _
from fhir.resources.R4B.condition import Condition
from fhir.resources.R4B.medicationadministration import MedicationAdministration
from fhir.resources.R4B.medicationstatement import MedicationStatement
from fhir.resources.R4B.observation import Observation
from fhir.resources.R4B.patient import Patient
from fhir.resources.R4B.procedure import Procedure
from pydantic import ValidationError

from screening.criteria.catalogue import Catalogue
from screening.imports import limits
from screening.imports.collecting import Collector
from screening.imports.drafts import Contents, Draft, Entry, FileRefusedError, Outcome
from screening.imports.fhir.codes import items, shown_code
from screening.imports.fhir.conditions import condition, status_of
from screening.imports.fhir.elements import ELEMENTS, only_what_is_read
from screening.imports.fhir.observations import component, observation
from screening.imports.fhir.therapies import joined, medication, procedure

Json = dict[str, Any]
MODELS: dict[str, Any] = {
    "Patient": Patient,
    "Observation": Observation,
    "MedicationStatement": MedicationStatement,
    "MedicationAdministration": MedicationAdministration,
    "Procedure": Procedure,
    "Condition": Condition,
}
VOID = frozenset({"entered-in-error", "cancelled", "not-done", "not-taken"})
SEXES = frozenset({"female", "male"})


def read_bundle(bundle: Json, catalogue: Catalogue) -> Contents:
    """What a bundle says of its patients; nothing that identifies one is in it. Raises FileRefusedError."""
    if bundle.get("resourceType") != "Bundle":
        raise FileRefusedError(_("The file holds a single FHIR resource; accepted: a Bundle with its Patient."))
    entries = items(bundle, "entry")
    if len(entries) > limits.MOST_ENTRIES:
        raise FileRefusedError(
            _("The bundle has more than %(most)s resources; split it.") % {"most": limits.MOST_ENTRIES}
        )
    return _Bundle(entries, catalogue).contents()


class _Bundle:
    """One pass over the resources; references are resolved in memory and forgotten."""

    def __init__(self, entries: list[Json], catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.collector = Collector(catalogue)
        self.outcomes: list[Outcome] = []
        self.resources = [(place, entry.get("resource")) for place, entry in enumerate(entries, start=1)]
        self.places: dict[str, int] = {}
        for (place, resource), entry in zip(self.resources, entries, strict=True):
            for name in _names(entry.get("fullUrl"), resource):
                self.places.setdefault(name, place)
        self.patients: dict[int, Any] = {}
        self.therapies: defaultdict[int, list[tuple[int, Json]]] = defaultdict(list)

    def contents(self) -> Contents:
        for place, resource in self.resources:
            if isinstance(resource, dict) and resource.get("resourceType") == "Patient":
                self._patient(place, resource)
        if not self.patients:
            raise FileRefusedError(_("The bundle has no Patient that can be read, so nobody whose facts these are."))
        for place, resource in self.resources:
            if not isinstance(resource, dict):
                self._tell(place, "", None, "not mapped", "there is no resource")
            elif resource.get("resourceType") != "Patient":
                self._resource(place, resource)
        for patient, therapies in self.therapies.items():
            for place, raw in joined(therapies):
                self._add(patient, "therapies", raw, place)
        drafts = [
            replace(draft, about=self._about(number, draft)) for number, draft in enumerate(self.collector.drafts, 1)
        ]
        self._tell_refused()
        self.outcomes.sort(key=lambda outcome: int(outcome.place.partition(" ")[2]))
        return Contents("fhir", tuple(drafts), outcomes=tuple(self.outcomes))

    def _patient(self, place: int, resource: Json) -> None:
        read = only_what_is_read(resource)
        if why := _not_r4("Patient", read):
            self._tell(place, "Patient", None, "not mapped", why)
            return
        subject = self.collector.subject(None, f"entry {place}", apart=place)
        self.patients[place] = subject
        says = []
        if read.get("gender") in SEXES:
            self.collector.add_person(subject, "sex", read["gender"], place=f"entry {place}", row=None, column="gender")
            says.append("sex")
        if isinstance(read.get("birthDate"), str) and read["birthDate"][:4].isdigit():
            year = int(read["birthDate"][:4])
            if 1900 <= year <= 2100:
                self.collector.add_person(
                    subject, "birth_year", year, place=f"entry {place}", row=None, column="birthDate"
                )
                says.append("birth year")
        self._tell(place, "Patient", None, "mapped", ", ".join(says) or "a subject of whom nothing else is said")

    def _resource(self, place: int, resource: Json) -> None:
        kind = resource.get("resourceType")
        if not isinstance(kind, str) or kind not in MODELS:
            known = isinstance(kind, str) and kind.isascii() and kind.isalpha() and len(kind) < 40
            if kind != "Medication":
                self._tell(place, str(kind) if known else "", None, "not mapped", "resources of this kind are not read")
            return
        read = only_what_is_read(resource)
        status = read.get("status") or status_of(read, "verificationStatus")
        concept = self._medication(resource) if kind.startswith("Medication") else read.get("code")
        if isinstance(status, str) and status in VOID:
            self._tell(place, kind, concept, "ignored", f"its status is {status}")
            return
        if why := _not_r4(kind, read):
            self._tell(place, kind, concept, "not mapped", why)
            return
        subject = read.get("subject")
        reference = subject.get("reference") if isinstance(subject, dict) else None
        patient = self.places.get(_unversioned(reference)) if isinstance(reference, str) else None
        if patient is None or patient not in self.patients:
            self._tell(place, kind, concept, "not mapped", "whose it is, is not in the bundle")
            return
        self._map(place, kind, read, concept, patient)

    def _map(self, place: int, kind: str, read: Json, concept: object, patient: int) -> None:
        parts = items(read, "component") if kind == "Observation" else []
        for part in parts:
            try:
                raw = component(read, part, self.catalogue)
            except ValueError as error:
                self._tell(place, kind, part.get("code"), "not mapped", f"a component: {error}")
            else:
                self._accept(place, kind, part.get("code"), patient, raw)
        if parts and not any(name.startswith("value") for name in read):
            return
        try:
            if kind == "Observation":
                raw = observation(read, self.catalogue)
            elif kind == "Condition":
                raw = condition(read)
            else:
                raw = procedure(read) if kind == "Procedure" else medication(read, concept)
        except ValueError as error:
            self._tell(place, kind, concept, "not mapped", str(error))
        else:
            self._accept(place, kind, concept, patient, raw)

    def _accept(self, place: int, kind: str, concept: object, patient: int, raw: Json) -> None:
        if "fact" in raw:
            if self._add(patient, "observations", raw, place):
                self._tell(place, kind, concept, "mapped", raw["fact"])
        else:
            self.therapies[patient].append((place, raw))
            self._tell(
                place, kind, concept, "mapped", f"therapy: {raw['kind']} {', '.join(raw.get('drugs', ()))}".strip()
            )

    def _add(self, patient: int, list_name: str, raw: Json, place: int) -> bool:
        before = len(self.collector.findings)
        self.collector.add(self.patients[patient], Entry(list_name, raw, f"entry {place}"))
        return len(self.collector.findings) == before

    def _tell(self, place: int, kind: str, concept: object, outcome: str, says: str) -> None:
        self.outcomes.append(Outcome(f"entry {place}", kind, shown_code(concept), outcome, says))

    def _tell_refused(self) -> None:
        """What a resource says wrongly: listed, and no more; a bundle is not written anew by hand."""
        for finding in self.collector.findings:
            resource = dict(self.resources)[int(finding.place.partition(" ")[2])]
            kind = resource["resourceType"] if isinstance(resource, dict) else ""
            concept = resource.get("code") if isinstance(resource, dict) else None
            self._tell(int(finding.place.partition(" ")[2]), kind, concept, "not mapped", finding.message)

    def _medication(self, resource: Json) -> object:
        """The drug of a resource: its own concept, a contained one, or one of the bundle."""
        if (concept := resource.get("medicationCodeableConcept")) is not None:
            return concept
        reference = resource.get("medicationReference")
        name = reference.get("reference") if isinstance(reference, dict) else None
        if not isinstance(name, str):
            return None
        for contained in items(resource, "contained"):
            if name == f"#{contained.get('id')}":
                return contained.get("code")
        found = dict(self.resources).get(self.places.get(_unversioned(name), 0))
        return found.get("code") if isinstance(found, dict) else None

    def _about(self, number: int, draft: Draft) -> str:
        person = [str(draft.person.get(name)) for name in ("sex", "birth_year") if draft.person.get(name)]
        facts = [entry for entry in draft.entries if entry.list_name == "observations"]
        days = sorted(entry.raw["on"][:10] for entry in facts)
        told = ["patient " + str(number), *person, f"{len(draft.entries)} entries"]
        return ", ".join([*told, f"{days[0]} to {days[-1]}"] if days else told)


def _not_r4(kind: str, read: Json) -> str:
    """Why what is read of a resource is not R4, by the names of its elements alone; empty where it is."""
    try:
        MODELS[kind].model_validate(read)
    except ValidationError as error:
        names = sorted({str(one["loc"][0]) for one in error.errors() if one["loc"]})
        known = [name for name in names if name in ELEMENTS[kind]]
        return f"it is not as FHIR R4 has it (see {', '.join(known) or 'its required elements'})"
    except (TypeError, ValueError, RecursionError, OverflowError):
        return "it is not as FHIR R4 has it"
    return ""


def _names(url: object, resource: object) -> Iterator[str]:
    """What a resource may be called in references."""
    if isinstance(url, str):
        yield _unversioned(url)
        parts = url.rsplit("/", 2)
        if len(parts) == 3:
            yield "/".join(parts[1:])
    if isinstance(resource, dict) and isinstance(resource.get("id"), str):
        yield f"{resource.get('resourceType')}/{resource['id']}"


def _unversioned(reference: str) -> str:
    return reference.partition("/_history/")[0]
