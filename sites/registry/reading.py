"""A study's record as ClinicalTrials.gov gives it (API version 2, JSON): what trialops compares and stores of it."""

import json
from dataclasses import dataclass, field
from typing import Any

from sites.statuses import SiteStatus

LARGEST = 10_000_000
"""Bytes; the registry's largest records, those with results, are smaller."""
MOST_LOCATIONS = 5000

STATUS_WORDS = {status.value.upper(): status for status in SiteStatus}
"""The registry's words for the statuses that trialops knows; others (AVAILABLE, UNKNOWN, ...) mean none of them."""
OTHER_STATUS_WORDS = frozenset(
    {
        "AVAILABLE",
        "NO_LONGER_AVAILABLE",
        "TEMPORARILY_NOT_AVAILABLE",
        "APPROVED_FOR_MARKETING",
        "WITHHELD",
        "UNKNOWN",
    }
)
Json = dict[str, Any]


class RegistryRecordError(Exception):
    """What is wrong with a record: one line for each mistake, with its path."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Location:
    """One place where the registry says that the study runs; `status_word` is empty if the registry gives none."""

    facility: str
    city: str
    state: str
    country: str
    status_word: str = ""
    principal: str = ""
    contact_name: str = ""
    contact_phone: str = ""
    contact_email: str = ""
    position: tuple[float, float] | None = None
    """Latitude and longitude in degrees, as the registry gives them."""

    @property
    def status(self) -> SiteStatus | None:
        return STATUS_WORDS.get(self.status_word)

    def __str__(self) -> str:
        return ", ".join(part for part in (self.facility, self.city, self.state, self.country) if part)


@dataclass(frozen=True)
class RegistryRecord:
    """One version of a study's record. `enrollment_type` is ACTUAL or ESTIMATED; the two are never compared."""

    registry_id: str
    title: str
    short_title: str = ""
    phase: str = ""
    sponsor: str = ""
    enrollment: int | None = None
    enrollment_type: str = ""
    status_word: str = ""
    verified: str = ""
    updated: str = ""
    contact_name: str = ""
    contact_phone: str = ""
    locations: tuple[Location, ...] = ()

    @property
    def status(self) -> SiteStatus | None:
        return STATUS_WORDS.get(self.status_word)


def read_registry_record(text: str | bytes) -> RegistryRecord:
    """A record from its JSON. Raises RegistryRecordError with every mistake, each with its path."""
    return parse_registry_record(load_registry_json(text))


def load_registry_json(text: str | bytes) -> Json:
    """The JSON value of a record, within fixed limits. Raises RegistryRecordError."""
    if len(text) > LARGEST:
        raise RegistryRecordError([f"The file is larger than {LARGEST // 1_000_000} MB, the most that is read."])
    try:
        document = json.loads(text)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise RegistryRecordError([f"Not readable as JSON: {error}."]) from error
    if not isinstance(document, dict) or not isinstance(document.get("protocolSection"), dict):
        raise RegistryRecordError(
            ["protocolSection: missing; accepted is one study as version 2 of the ClinicalTrials.gov API gives it."]
        )
    return document


def parse_registry_record(document: Json) -> RegistryRecord:
    """A record from its JSON value. Raises RegistryRecordError with every mistake, each with its path."""
    reader = _Reader(document)
    section = "protocolSection"
    ids, status = f"{section}.identificationModule", f"{section}.statusModule"
    places = f"{section}.contactsLocationsModule"
    central = reader.first(f"{places}.centralContacts")
    record = RegistryRecord(
        registry_id=reader.text(f"{ids}.nctId", required=True, most=20),
        title=reader.text(f"{ids}.officialTitle", most=300)
        or reader.text(f"{ids}.briefTitle", required=True, most=300),
        short_title=reader.text(f"{ids}.briefTitle", most=100, shorten=True),
        phase=_phase(reader.items(f"{section}.designModule.phases")),
        sponsor=reader.text(f"{section}.sponsorCollaboratorsModule.leadSponsor.name", most=200),
        enrollment=reader.count(f"{section}.designModule.enrollmentInfo.count"),
        enrollment_type=reader.text(f"{section}.designModule.enrollmentInfo.type", most=20),
        status_word=reader.status(f"{status}.overallStatus"),
        verified=reader.text(f"{status}.statusVerifiedDate", most=10),
        updated=reader.text(f"{status}.lastUpdatePostDateStruct.date", most=10),
        contact_name=reader.text("name", of=central, at=f"{places}.centralContacts[0]", most=200),
        contact_phone=reader.text("phone", of=central, at=f"{places}.centralContacts[0]", most=40),
        locations=reader.locations(f"{places}.locations"),
    )
    if reader.problems:
        raise RegistryRecordError(reader.problems)
    return record


def _phase(words: list[Any]) -> str:
    """`["PHASE1", "PHASE2"]` as `Phase 1/Phase 2`."""
    named = [word.replace("EARLY_", "Early ").replace("PHASE", "Phase ") for word in words if isinstance(word, str)]
    return "/".join(name for name in named if name != "NA")[:50]


@dataclass
class _Reader:
    """Picks values by their path and notes what is wrong with them; what is absent is empty."""

    document: Json
    problems: list[str] = field(default_factory=list)

    def value(self, path: str, of: Json | None = None) -> Any:
        found: Any = self.document if of is None else of
        for name in path.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        return found

    def text(
        self,
        path: str,
        *,
        of: Json | None = None,
        at: str = "",
        required: bool = False,
        most: int,
        shorten: bool = False,
    ) -> str:
        """A text without outer blanks; where it is too long for the place it is kept in, that is a mistake."""
        found, where = self.value(path, of), f"{at}.{path}" if at else path
        if found is None or found == "":
            if required:
                self.problems.append(f"{where}: missing")
            return ""
        if not isinstance(found, str) or "\x00" in found:
            self.problems.append(f"{where}: expected a text")
            return ""
        found = found.strip()
        if len(found) > most and not shorten:
            self.problems.append(f"{where}: {len(found)} characters; accepted: up to {most}")
        return found[:most]

    def count(self, path: str) -> int | None:
        found = self.value(path)
        if found is None:
            return None
        if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found <= 2_147_483_647:
            self.problems.append(f"{path}: expected a whole number, 0 or more")
            return None
        return found

    def items(self, path: str) -> list[Any]:
        found = self.value(path)
        if found is None:
            return []
        if not isinstance(found, list):
            self.problems.append(f"{path}: expected a list")
            return []
        return found

    def first(self, path: str) -> Json:
        found = self.items(path)[:1]
        return found[0] if found and isinstance(found[0], dict) else {}

    def status(self, path: str, of: Json | None = None, at: str = "") -> str:
        word = self.text(path, of=of, at=at, most=40)
        if word and word not in STATUS_WORDS and word not in OTHER_STATUS_WORDS:
            where = f"{at}.{path}" if at else path
            accepted = ", ".join(sorted({*STATUS_WORDS, *OTHER_STATUS_WORDS}))
            self.problems.append(f"{where}: “{word}” is not a status of the registry; accepted: {accepted}")
        return word

    def locations(self, path: str) -> tuple[Location, ...]:
        found = self.items(path)
        if len(found) > MOST_LOCATIONS:
            self.problems.append(f"{path}: {len(found)} locations; accepted: up to {MOST_LOCATIONS}")
            return ()
        read = []
        for index, raw in enumerate(found):
            if isinstance(raw, dict):
                read.append(self._location(raw, f"{path}[{index}]"))
            else:
                self.problems.append(f"{path}[{index}]: expected a mapping with facility, city and country")
        return tuple(read)

    def _location(self, raw: Json, at: str) -> Location:
        contacts = raw.get("contacts")
        people = [person for person in contacts if isinstance(person, dict)] if isinstance(contacts, list) else []
        principal = next((person for person in people if person.get("role") == "PRINCIPAL_INVESTIGATOR"), {})
        contact = next((person for person in people if person.get("role") in {"CONTACT", None}), {})
        return Location(
            facility=self.text("facility", of=raw, at=at, required=True, most=200),
            city=self.text("city", of=raw, at=at, most=100),
            state=self.text("state", of=raw, at=at, most=100),
            country=self.text("country", of=raw, at=at, most=100),
            status_word=self.status("status", raw, at),
            principal=self.text("name", of=principal, at=f"{at}.contacts", most=200),
            contact_name=self.text("name", of=contact, at=f"{at}.contacts", most=200),
            contact_phone=self.text("phone", of=contact, at=f"{at}.contacts", most=40),
            contact_email=self.text("email", of=contact, at=f"{at}.contacts", most=254),
            position=self._position(raw.get("geoPoint"), f"{at}.geoPoint"),
        )

    def _position(self, raw: object, at: str) -> tuple[float, float] | None:
        if raw is None:
            return None
        found = [raw.get("lat"), raw.get("lon")] if isinstance(raw, dict) else []
        numbers = [float(each) for each in found if isinstance(each, int | float) and not isinstance(each, bool)]
        if len(numbers) != 2 or not (abs(numbers[0]) <= 90 and abs(numbers[1]) <= 180):
            self.problems.append(f"{at}: expected lat (-90 to 90) and lon (-180 to 180)")
            return None
        return numbers[0], numbers[1]
