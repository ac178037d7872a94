"""What another version of the protocol would change over a pool: counted a subject at a time, in little memory."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from screening.criteria import Protocol, SubjectRecord, SubjectVerdict, verdict_code
from screening.verdict_codes import SATISFIED, UNKNOWN, VIOLATED, WORDS, criterion_ids, verdict_of

Json = dict[str, Any]
Transition = tuple[SubjectVerdict, SubjectVerdict]


@dataclass(frozen=True)
class Excluded:
    """How many subjects one criterion excludes: alone, together with others, and how many it leaves open."""

    criterion: str
    alone: int
    together: int
    unknown: int

    @property
    def violated(self) -> int:
        return self.alone + self.together


@dataclass
class Attrition:
    """The same for every criterion of one version, in the document's order; grows with `add`."""

    criteria: tuple[str, ...]
    violated: list[int] = field(default_factory=list)
    alone: list[int] = field(default_factory=list)
    unknown: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        for counts in (self.violated, self.alone, self.unknown):
            counts.extend([0] * (len(self.criteria) - len(counts)))

    def add(self, code: str) -> None:
        """Count one subject by its code."""
        violated = _places(code, VIOLATED)
        for place in violated:
            self.violated[place] += 1
        if len(violated) == 1:
            self.alone[violated[0]] += 1
        for place in _places(code, UNKNOWN):
            self.unknown[place] += 1

    def merge(self, other: "Attrition") -> None:
        """Count all that another one has counted. Raises ValueError for one of other criteria."""
        if self.criteria != other.criteria:
            raise ValueError("Attritions of different criteria cannot be added up.")
        for mine, theirs in ((self.violated, other.violated), (self.alone, other.alone), (self.unknown, other.unknown)):
            mine[:] = map(int.__add__, mine, theirs)

    def rows(self) -> Iterator[Excluded]:
        """One row for each criterion."""
        for criterion, violated, alone, unknown in zip(
            self.criteria, self.violated, self.alone, self.unknown, strict=True
        ):
            yield Excluded(criterion, alone, violated - alone, unknown)

    def as_json(self) -> Json:
        return {"violated": self.violated, "alone": self.alone, "unknown": self.unknown}


@dataclass
class Tally:
    """The pool counted under two versions: who turns from which verdict to which, and the attrition of both."""

    before: Attrition
    after: Attrition
    transitions: Counter[Transition] = field(default_factory=Counter)

    @property
    def subjects(self) -> int:
        return self.transitions.total()

    def add(self, before: str, after: str) -> None:
        """Count one subject by its codes under the two versions."""
        self.transitions[verdict_of(before), verdict_of(after)] += 1
        self.before.add(before)
        self.after.add(after)

    def merge(self, other: "Tally") -> None:
        self.transitions.update(other.transitions)
        self.before.merge(other.before)
        self.after.merge(other.after)

    def turned(self, verdict: SubjectVerdict) -> int:
        """How many have this verdict after and had another before."""
        return sum(count for (old, new), count in self.transitions.items() if new is verdict and old is not verdict)

    def as_json(self) -> Json:
        """Plain values from which `Comparison.tally` makes the same again."""
        return {
            "transitions": [[old.value, new.value, count] for (old, new), count in sorted(self.transitions.items())],
            "before": self.before.as_json(),
            "after": self.after.as_json(),
        }


@dataclass(frozen=True)
class Comparison:
    """Two versions to be compared: `before` the one in force, `after` the one that is asked about."""

    before: Protocol
    after: Protocol

    def codes(self, read: Callable[[Protocol], SubjectRecord], *, as_of: date) -> tuple[str, str]:
        """A subject's codes under both versions on the same day; `read` gives its record as a version reads it."""
        before = read(self.before)
        after = before if self.after.declared == self.before.declared else read(self.after)
        return verdict_code(self.before, before, as_of=as_of), verdict_code(self.after, after, as_of=as_of)

    def tally(self, raw: Json | None = None) -> Tally:
        """An empty tally, or the one that was written with `as_json`."""
        raw = raw or {"transitions": [], "before": {}, "after": {}}
        return Tally(
            Attrition(criterion_ids(self.before), **raw["before"]),
            Attrition(criterion_ids(self.after), **raw["after"]),
            Counter({(SubjectVerdict(old), SubjectVerdict(new)): count for old, new, count in raw["transitions"]}),
        )

    def differs(self, before: str, after: str) -> bool:
        """Whether a subject is to be listed: another verdict, on the whole or of a criterion."""
        return bool(self.changed_criteria(before, after))

    def changed_criteria(self, before: str, after: str) -> list[str]:
        """The criteria whose verdict differs, each like `E15 satisfied to violated`.

        One that a version lacks excludes nobody there: dropped while satisfied, it makes no difference.
        """
        old = dict(zip(criterion_ids(self.before), before, strict=True))
        new = dict(zip(criterion_ids(self.after), after, strict=True))
        return [
            f"{name} {_word(old.get(name))} to {_word(new.get(name))}"
            for name in dict.fromkeys([*old, *new])
            if old.get(name, SATISFIED) != new.get(name, SATISFIED)
        ]


def all_transitions(tally: Tally) -> list[tuple[SubjectVerdict, list[int]]]:
    """The full table: one row for each verdict before, with the counts of each verdict after, in the same order."""
    return [(old, [tally.transitions[old, new] for new in SubjectVerdict]) for old in SubjectVerdict]


def side_by_side(tally: Tally) -> list[tuple[str, Excluded | None, Excluded | None]]:
    """Attrition of both versions, a row for each criterion that either has; None where a version lacks it."""
    before = {row.criterion: row for row in tally.before.rows()}
    after = {row.criterion: row for row in tally.after.rows()}
    return [(name, before.get(name), after.get(name)) for name in dict.fromkeys([*before, *after])]


def _places(code: str, letter: str) -> Sequence[int]:
    return [place for place, found in enumerate(code) if found == letter]


def _word(letter: str | None) -> str:
    return "absent" if letter is None else WORDS[letter]
