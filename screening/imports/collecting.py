"""Collects what a file says of each subject: entries checked, the same twice left out, contradictions found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from screening.criteria import Problem, RecordError, parse_observation, parse_record, parse_therapy, parse_toxicity
from screening.criteria.catalogue import Catalogue
from screening.criteria.problems import shown
from screening.imports import limits
from screening.imports.drafts import Draft, Entry, FileRefusedError, Finding, Json
from screening.imports.sameness import key_of, same

OBSERVATIONS = "observations"


@dataclass
class Collected:
    """One subject so far."""

    subject: str | None
    place: str
    person: Json = field(default_factory=dict)
    entries: dict[tuple[object, ...], Entry] = field(default_factory=dict)


class Collector:
    """Takes a file's entries one after the other; `drafts` and `findings` are what they come to."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.findings: list[Finding] = []
        self._subjects: dict[object, Collected] = {}
        self._count = 0

    def subject(self, name: str | None, place: str, *, apart: object = None) -> Collected:
        """The subject of this name; `apart` keeps subjects of the same name apart, as several new ones."""
        key = (name, apart)
        if key not in self._subjects:
            if len(self._subjects) == limits.MOST_SUBJECTS:
                raise FileRefusedError(
                    _(
                        "The file has more than %(most)s subjects, which is the most that one file may have; split it "
                        "by subjects and hand the parts in one after the other."
                    )
                    % {"most": limits.MOST_SUBJECTS}
                )
            self._subjects[key] = Collected(name, place)
        return self._subjects[key]

    def add_person(self, of: Collected, name: str, value: Any, *, place: str, row: int | None, column: str) -> None:
        """Sex, birth year or planned first dose of a subject."""
        try:
            read = parse_record({name: value}).as_json()[name]
        except RecordError as error:
            self.findings += [Finding(place, column, problem.message, row) for problem in error.problems]
            return
        before = of.person.setdefault(name, read)
        if before != read:
            message = f"{shown(value)} contradicts {shown(before)}, which stands above for the same subject"
            self.findings.append(Finding(place, column, message, row))

    def add(self, of: Collected, entry: Entry) -> None:
        """One entry, if it is right; a row that says the same as an earlier one adds nothing."""
        problems = self._problems(entry)
        if problems:
            self.findings += [
                Finding(entry.place, entry.column(problem.path), problem.message, entry.row) for problem in problems
            ]
            return
        self._count += 1
        if self._count > limits.MOST_ENTRIES:
            raise FileRefusedError(
                _("The file has more than %(most)s facts; split it.") % {"most": limits.MOST_ENTRIES}
            )
        key = key_of(entry.list_name, entry.raw)
        before = of.entries.setdefault(key, entry)
        if before is not entry and not same(entry.list_name, before.raw, entry.raw):
            column = entry.column("value" if entry.list_name == OBSERVATIONS else "")
            message = f"contradicts {before.place}: the same entry of the same subject with another content"
            self.findings.append(Finding(entry.place, column, message, entry.row))

    def _problems(self, entry: Entry) -> tuple[Problem, ...]:
        try:
            check(entry.list_name, entry.raw, self.catalogue)
        except RecordError as error:
            return error.problems
        return ()

    @property
    def drafts(self) -> tuple[Draft, ...]:
        return tuple(
            Draft(one.subject, one.place, one.person, tuple(one.entries.values())) for one in self._subjects.values()
        )


def check(list_name: str, raw: Mapping[str, Any], catalogue: Catalogue) -> None:
    """Raises RecordError where an entry is not what a record of this catalogue may hold."""
    if list_name == OBSERVATIONS:
        parse_observation(raw, catalogue)
    elif list_name == "therapies":
        parse_therapy(raw)
    else:
        parse_toxicity(raw)
