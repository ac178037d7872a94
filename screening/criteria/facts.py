"""What counts of a record on a given day and for a given first dose: the latest of each fact, and what exists."""

from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from math import inf

from screening.criteria.catalogue import CATALOGUE, THERAPIES_COMPLETE, TOXICITIES_COMPLETE
from screening.criteria.logic import Truth
from screening.criteria.record import Observation, Sex, SubjectRecord, Therapy, Toxicity

Amount = Fraction | float  # the only float is infinity: a ratio to nothing


@dataclass(frozen=True, slots=True)
class Facts:
    """A record seen from `as_of` for `first_dose`.

    Therapies and toxicities carry their place in the record. `tests` holds every observation, in the record's order,
    of the facts that count until first dose (pregnancy tests).
    """

    as_of: date
    first_dose: date
    sex: Sex | None
    latest: dict[str, Observation]
    tests: tuple[Observation, ...]
    therapies: tuple[tuple[int, Therapy], ...]
    toxicities: tuple[tuple[int, Toxicity], ...]

    @property
    def absent_therapy(self) -> Truth:
        """What it means that no therapy in the list matches: false only of a complete history."""
        return Truth.FALSE if self.boolean(THERAPIES_COMPLETE) is True else Truth.UNKNOWN

    @property
    def absent_toxicity(self) -> Truth:
        """What it means that no toxicity in the list matches: false only of a complete review."""
        return Truth.FALSE if self.boolean(TOXICITIES_COMPLETE) is True else Truth.UNKNOWN

    def boolean(self, fact: str) -> bool | None:
        """The latest answer, None where there is none."""
        observation = self.latest.get(fact)
        return None if observation is None else observation.value is True

    def progressed_on(self, therapy: Therapy) -> date | None:
        """The day of progression, unless it lies after as_of and so has not happened."""
        day = therapy.progressed_on
        return None if day is None or day > self.as_of else day

    def amount(self, fact: str) -> Amount | None:
        """The latest number in the fact's own unit, given or derived; None where there is none."""
        observation = self.latest.get(fact)
        given = None if observation is None else observation.amount
        if self.is_derived(fact):
            return self._ratio(*(CATALOGUE[fact].ratio_of or ("", "")))
        return given

    def is_derived(self, fact: str) -> bool:
        """The value is derived: none is given or a component is later than the given one, and it can be derived."""
        components = CATALOGUE[fact].ratio_of
        if components is None or self._ratio(*components) is None:
            return False
        given = self.latest.get(fact)
        return given is None or any(given.on.earlier_than(self.latest[name].on) for name in components)

    def _ratio(self, numerator: str, denominator: str) -> Amount | None:
        above, below = self.latest.get(numerator), self.latest.get(denominator)
        if above is None or below is None or above.amount is None or below.amount is None:
            return None
        if below.amount == 0:
            return None if above.amount == 0 else inf
        return above.amount / below.amount

    def for_later_first_dose(self, first_dose: date) -> "Facts":
        """The same facts for another first dose, neither lying before as_of: nothing else can change."""
        return replace(self, first_dose=first_dose)


def facts_of(record: SubjectRecord, *, as_of: date, first_dose: date) -> Facts:
    """What counts of a record: nothing dated after as_of and, of what counts until first dose, nothing after that."""
    until = min(as_of, first_dose)
    latest: dict[str, Observation] = {}
    tests = []
    for observation in record.observations:
        if CATALOGUE[observation.fact].until_first_dose:
            if observation.on.day > until:
                continue
            tests.append(observation)
        elif observation.on.day > as_of:
            continue
        best = latest.get(observation.fact)
        if best is None or not observation.on.earlier_than(best.on):
            latest[observation.fact] = observation
    return Facts(
        as_of=as_of,
        first_dose=first_dose,
        sex=record.sex,
        latest=latest,
        tests=tuple(tests),
        therapies=tuple(
            (place, therapy)
            for place, therapy in enumerate(record.therapies)
            if therapy.start is None or therapy.start <= until
        ),
        toxicities=tuple(
            (place, toxicity)
            for place, toxicity in enumerate(record.toxicities)
            if toxicity.onset is None or toxicity.onset <= until
        ),
    )
