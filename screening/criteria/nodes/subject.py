"""Operations on the subject itself: its facts, the numbers measured, the tests taken, its age."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from screening.criteria.calendar import Span
from screening.criteria.catalogue import Fact, FactKind
from screening.criteria.nodes.base import (
    MOST_DAYS,
    Node,
    Sign,
    require,
    require_code,
    require_fact,
    require_unit,
    require_validity,
    require_whole,
)
from screening.criteria.record import Sex

NUMBERS = (FactKind.QUANTITY, FactKind.SCALE)


@dataclass(frozen=True)
class IsTrue(Node):
    """The latest value of a yes-or-no fact; with `valid_days`, if it is at most so many days old at first dose."""

    fact: Fact
    valid_days: int | None = None

    def __post_init__(self) -> None:
        require_fact(self.fact, FactKind.BOOLEAN)
        require_validity(self.valid_days)


@dataclass(frozen=True)
class SexIs(Node):
    """The subject is of this sex."""

    sex: Sex


@dataclass(frozen=True)
class CodeIs(Node):
    """The latest value of a coded fact is this one."""

    fact: Fact
    code: str
    valid_days: int | None = None

    def __post_init__(self) -> None:
        require_code(self.fact, self.code)
        require_validity(self.valid_days)


@dataclass(frozen=True)
class Compare(Node):
    """The latest (or derived) value of a number against a threshold, in any unit the fact accepts."""

    fact: Fact
    sign: Sign
    threshold: Decimal
    unit: str = ""
    valid_days: int | None = None

    def __post_init__(self) -> None:
        require_fact(self.fact, *NUMBERS)
        require_unit(self.fact, self.unit)
        require_validity(self.valid_days)


@dataclass(frozen=True)
class Age(Node):
    """The age in whole years on the day of first dose, as far as the year of birth (and a stated age) tell it.

    `stated` is a fact that holds an age in whole years on its day: it decides in the year of the birthday in question.
    """

    sign: Sign
    years: int
    stated: Fact | None = None

    def __post_init__(self) -> None:
        require_whole("years", self.years, 0, 150)
        if self.stated is not None:
            require_fact(self.stated, FactKind.SCALE)


@dataclass(frozen=True)
class Elapsed(Node):
    """At least (or less than) a span lies between the day that a date fact holds and first dose, or another date fact.

    The day itself plus the span is the first on which "at least" holds; less than the span also holds before the day.
    """

    fact: Fact
    sign: Literal[Sign.AT_LEAST, Sign.BELOW]
    span: Span
    until: Fact | None = None

    def __post_init__(self) -> None:
        for fact in (self.fact, self.until):
            if fact is not None:
                require_fact(fact, FactKind.DATE)
        require(self.sign in {Sign.AT_LEAST, Sign.BELOW}, "needs at_least or below")
        require(self.fact != self.until, "needs two different dates")


@dataclass(frozen=True)
class AbnormalResult(Node):
    """The latest result lies outside its own reference limit, and the investigator called it clinically significant.

    With `unless_due_to_myeloma`, a result that the investigator put down to the myeloma does not count.
    """

    fact: Fact
    outside: Literal["reference_low", "reference_high"]
    unless_due_to_myeloma: bool = False
    valid_days: int | None = None

    def __post_init__(self) -> None:
        require_fact(self.fact, FactKind.QUANTITY)
        require(self.outside in {"reference_low", "reference_high"}, "needs reference_low or reference_high")
        require_validity(self.valid_days)


class Direction(StrEnum):
    RISING = "rising"
    FALLING = "falling"


@dataclass(frozen=True)
class Trend(Node):
    """The latest number has risen (fallen) by at least `percent` from the earliest one of the `within_days` before it.

    Percent of the earlier number; 0 asks for any rise (fall). Unknown with fewer than two numbers on different days.
    """

    fact: Fact
    direction: Direction
    percent: Decimal
    within_days: int

    def __post_init__(self) -> None:
        require_fact(self.fact, *NUMBERS)
        require(self.fact.ratio_of is None, f"{self.fact.name} may be derived; a trend needs a measured number")
        require(0 <= self.percent <= 100_000, "percent must be from 0 to 100000")
        require_whole("within_days", self.within_days, 1, MOST_DAYS)


@dataclass(frozen=True)
class EnoughResults(Node):
    """At least `count` numbers on the asked side of a threshold, in the `within_days` before first dose.

    Any two counted lie at least `apart_days` apart. True or unknown, never false: it can still be measured.
    """

    fact: Fact
    sign: Sign
    threshold: Decimal
    unit: str
    count: int
    within_days: int
    apart_days: int = 1

    def __post_init__(self) -> None:
        require_fact(self.fact, *NUMBERS)
        require_unit(self.fact, self.unit)
        require_whole("count", self.count, 1, 20)
        require_whole("within_days", self.within_days, 0, MOST_DAYS)
        require_whole("apart_days", self.apart_days, 1, MOST_DAYS)


@dataclass(frozen=True)
class EnoughTests(Node):
    """At least `count` results at different times within `within_days` before first dose, after the latest `after`.

    True or unknown, never false: the missing tests can still be taken.
    """

    fact: Fact
    result: str
    count: int
    within_days: int
    after: str

    def __post_init__(self) -> None:
        require_code(self.fact, self.result, self.after)
        require_whole("count", self.count, 1, 6)
        require_whole("within_days", self.within_days, 0, MOST_DAYS)
        require(self.result != self.after, "result and after must differ")


@dataclass(frozen=True)
class StatusByTest(Node):
    """A state read from the latest test or from a statement; a disagreement is a conflict and reads as true.

    False by a negative test, by the statement, or because `possible_only_if` is false.
    """

    test: Fact
    positive: str
    negative: str
    stated: Fact
    possible_only_if: Fact

    def __post_init__(self) -> None:
        require_code(self.test, self.positive, self.negative)
        require(self.positive != self.negative, "positive and negative must differ")
        require_fact(self.stated, FactKind.BOOLEAN)
        require_fact(self.possible_only_if, FactKind.BOOLEAN)
