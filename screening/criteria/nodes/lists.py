"""Operations on the lists of therapies and toxicities, and the tests of one therapy or one toxicity within them."""

from dataclasses import dataclass
from typing import Literal

from screening.criteria.calendar import Span
from screening.criteria.catalogue import Fact, FactKind
from screening.criteria.nodes.base import Level, Node, TherapyTest, ToxicityTest, require, require_fact, require_whole
from screening.criteria.nodes.combinations import level_of
from screening.criteria.record import Response, TherapyKind

MOST_COUNTED = 100


def _require_test(where: Node, level: Level) -> None:
    require(level_of(where) is level, f"needs {level}")


@dataclass(frozen=True)
class AnyTherapy(Node):
    """There is a therapy for which `where` holds; false only of a complete history."""

    where: Node

    def __post_init__(self) -> None:
        _require_test(self.where, Level.THERAPY)


@dataclass(frozen=True)
class CountTherapies(Node):
    """There are at least so many therapies for which `where` holds; false only of a complete history."""

    at_least: int
    where: Node

    def __post_init__(self) -> None:
        require_whole("at_least", self.at_least, 1, MOST_COUNTED)
        _require_test(self.where, Level.THERAPY)


@dataclass(frozen=True)
class DrugsGiven(Node):
    """All of these drugs were given, spread over any therapies but those of some kinds.

    False only of a complete history in which every therapy that counts names its drugs.
    """

    drugs: tuple[str, ...]
    except_kinds: tuple[TherapyKind, ...] = ()

    def __post_init__(self) -> None:
        require(len(self.drugs) > 0, "needs at least one drug")
        for drug in self.drugs:
            NamesDrug(drug)


@dataclass(frozen=True)
class LastTherapy(Node):
    """`where` holds for the therapy of these kinds with the latest last dose; known only of a complete history."""

    kinds: tuple[TherapyKind, ...]
    where: Node

    def __post_init__(self) -> None:
        require(len(self.kinds) > 0, "needs at least one kind")
        _require_test(self.where, Level.THERAPY)


@dataclass(frozen=True)
class AnyToxicity(Node):
    """There is a toxicity for which `where` holds; false only of a complete review."""

    where: Node

    def __post_init__(self) -> None:
        _require_test(self.where, Level.TOXICITY)


@dataclass(frozen=True)
class CountToxicities(Node):
    """There are at least so many toxicities for which `where` holds; false only of a complete review."""

    at_least: int
    where: Node

    def __post_init__(self) -> None:
        require_whole("at_least", self.at_least, 1, MOST_COUNTED)
        _require_test(self.where, Level.TOXICITY)


# Of one therapy


@dataclass(frozen=True)
class KindIn(TherapyTest):
    """The therapy is of one of these kinds."""

    kinds: tuple[TherapyKind, ...]

    def __post_init__(self) -> None:
        require(len(self.kinds) > 0, "needs at least one kind")


@dataclass(frozen=True)
class LineIn(TherapyTest):
    """The therapy was given in one of these lines of treatment."""

    lines: tuple[int, ...]

    def __post_init__(self) -> None:
        require(len(self.lines) > 0 and all(line >= 1 for line in self.lines), "needs lines from 1 up")


@dataclass(frozen=True)
class NamesDrug(TherapyTest):
    """The therapy names this drug; one that names none at all may have held any."""

    drug: str

    def __post_init__(self) -> None:
        require(self.drug != "" and self.drug == self.drug.strip().casefold(), "needs a drug in small letters")


@dataclass(frozen=True)
class WithinBeforeFirstDose(TherapyTest):
    """Fewer than this span lies between the last dose and first dose: day N itself is permitted."""

    span: Span


@dataclass(frozen=True)
class WithinBefore(TherapyTest):
    """It had begun by the day that a date fact holds, and fewer than this span lies between its last dose and that."""

    span: Span
    until: Fact

    def __post_init__(self) -> None:
        require_fact(self.until, FactKind.DATE)


@dataclass(frozen=True)
class ProgressedWithin(TherapyTest):
    """Progression came during the therapy or at most this span after its last dose."""

    span: Span


@dataclass(frozen=True)
class ResponseWorse(TherapyTest):
    """The response was worse than this one; sCR is the best and PD the worst."""

    field: Literal["best_response", "response_day_100"]
    than: Response

    def __post_init__(self) -> None:
        require(self.field in {"best_response", "response_day_100"}, "needs best_response or response_day_100")


@dataclass(frozen=True)
class CyclesAtLeast(TherapyTest):
    """At least so many cycles were given."""

    cycles: int

    def __post_init__(self) -> None:
        require(self.cycles >= 1, "needs at least one cycle")


# Of one toxicity


@dataclass(frozen=True)
class TermIn(ToxicityTest):
    """The toxicity has one of these terms, compared without regard to letter case and outer blanks."""

    terms: tuple[str, ...]

    def __post_init__(self) -> None:
        require(
            len(self.terms) > 0 and all(term != "" and term == term.strip().casefold() for term in self.terms),
            "needs terms in small letters",
        )


@dataclass(frozen=True)
class GradeAtLeast(ToxicityTest):
    """The toxicity is of this CTCAE grade or a higher one."""

    grade: int

    def __post_init__(self) -> None:
        require_whole("grade", self.grade, 1, 5)


@dataclass(frozen=True)
class UnresolvedAtFirstDose(ToxicityTest):
    """Not resolved, or resolved only after first dose."""
