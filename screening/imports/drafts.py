"""What is read from any file: a draft for each subject, its entries in the record format, and what was wrong where."""

from dataclasses import dataclass, field, replace
from typing import Any

Json = dict[str, Any]
PERSON = ("sex", "birth_year", "first_dose")
PATHS_SHOWN = 500


class FileRefusedError(ValueError):
    """Why a file as a whole is not read: one sentence or two for people. Nothing of it is kept."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake: its row in the file (None for the file or record as a whole), its column, what was wrong.

    `place` is where, in words: `row 5`, `line 3`, `entry 12`.
    """

    place: str
    column: str
    message: str
    row: int | None = None

    def __str__(self) -> str:
        return ": ".join(part for part in (self.place, self.column, self.message) if part)


@dataclass(frozen=True, slots=True)
class Entry:
    """One observation, therapy or toxicity in the record format, and where it stood.

    `prefix` is the column that the entry begins with, in a table of one row for each subject.
    """

    list_name: str
    raw: Json
    place: str
    row: int | None = None
    prefix: str = ""

    def column(self, path: str) -> str:
        """The column of a table that holds a field of the entry."""
        name = path.partition("[")[0]
        if not self.prefix:
            return name
        return self.prefix if name == "value" else f"{self.prefix}.{name}"


@dataclass(frozen=True, slots=True)
class Draft:
    """What a file says of one subject.

    `subject` is its screening number, or a name of the file's own beginning with `new`; None where a person has to
    say which subject it is. `about` tells such a one apart without identifying anybody.
    """

    subject: str | None
    place: str
    person: Json = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()
    about: str = ""

    @property
    def is_new(self) -> bool:
        return self.subject is not None and is_new(self.subject)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one resource of a bundle: `mapped`, `ignored` or `not mapped`, and what to, or why not."""

    place: str
    resource: str
    code: str
    outcome: str
    says: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table as text: the names of its columns, and its rows with their numbers in the file."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything that was read from one file."""

    format: str
    drafts: tuple[Draft, ...]
    findings: tuple[Finding, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    table: Table | None = None

    def with_assigned(self, assigned: Json) -> "Contents":
        """The same, with the subjects that a person has said for drafts that do not say it themselves."""
        drafts = [
            replace(draft, subject=assigned.get(str(index))) if draft.subject is None else draft
            for index, draft in enumerate(self.drafts)
        ]
        return replace(self, drafts=tuple(drafts))


def is_new(subject: str) -> bool:
    """Whether a name stands for a subject that is to be made: `new`, `new-1`, `new-b` and so on."""
    return subject == "new" or subject.startswith("new-")
