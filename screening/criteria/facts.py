"""What counts of a record on a given day and for a given first dose: the latest of each fact, and what exists."""

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from math import inf

from screening.criteria.calendar import YEAR_MONTHS, add_days, add_months
from screening.criteria.catalogue import Fact
from screening.criteria.record import Observation, Sex, SubjectRecord, Therapy, Toxicity, indexed

Amount = Fraction | float  # the only float is infinity: a ratio to nothing


@dataclass(slots=True)
class Facts:
    """A record seen from `as_of` for `first_dose`; made by `facts_of` and then never changed.

    Therapies and toxicities carry their place in the record. (Not frozen, since that would cost half of the making.)
    """

    record: SubjectRecord
    as_of: date
    first_dose: date
    latest: dict[str, Observation]
    therapies: list[tuple[int, Therapy]]
    toxicities: list[tuple[int, Toxicity]]
    _by_recency: list[tuple[int, Therapy]] | None = field(default=None, init=False, repr=False, compare=False)
    names: dict[int, str] = field(default_factory=dict, init=False, repr=False, compare=False)
    """How explanations name each therapy, by its place: several criteria name the same one."""

    @property
    def sex(self) -> Sex | None:
        return self.record.sex

    @property
    def latest_first(self) -> list[tuple[int, Therapy]]:
        """The therapies with their places, the latest first."""
        if self._by_recency is None:
            self._by_recency = sorted(self.therapies, key=lambda placed: recency(placed[1]), reverse=True)
        return self._by_recency

    def absence(self, complete: str) -> bool | None:
        """What it means that nothing in a list matches: false (not there) only if the list is stated to be complete."""
        return False if self.is_stated(complete) else None

    def is_stated(self, fact: str) -> bool:
        """The latest answer to a yes-or-no fact is yes."""
        observation = self.latest.get(fact)
        return observation is not None and observation.value is True

    def current(self, fact: Fact, valid_days: int | None = None) -> Observation | None:
        """The latest observation; None where there is none, or it is older at first dose than it may be."""
        observation = self.latest.get(fact.name)
        return None if observation is None or is_outdated(observation, self.first_dose, valid_days) else observation

    def boolean(self, fact: Fact, valid_days: int | None = None) -> bool | None:
        """The latest answer, None where there is none."""
        observation = self.current(fact, valid_days)
        return None if observation is None else observation.value is True

    def day(self, fact: Fact) -> date | None:
        """The latest value of a date fact, None where there is none."""
        observation = self.latest.get(fact.name)
        return observation.value if observation is not None and isinstance(observation.value, date) else None

    def every(self, fact: Fact) -> list[Observation]:
        """All observations of a fact that count, in the record's order."""
        until = min(self.as_of, self.first_dose) if fact.until_first_dose else self.as_of
        several = self.record.repeated.get(fact.name)
        if several is None:
            only = self.latest.get(fact.name)
            return [] if only is None else [only]
        return several if self.record.settled_on <= until else [each for each in several if each.on.day <= until]

    def progressed_on(self, therapy: Therapy) -> date | None:
        """The day of progression, unless it lies after as_of and so has not happened."""
        day = therapy.progressed_on
        return None if day is None or day > self.as_of else day

    def amount(self, fact: Fact, valid_days: int | None = None) -> Amount | None:
        """The latest number in the fact's own unit, given or derived; None where there is none."""
        given = self.current(fact, valid_days)
        derived = self._derived(fact, valid_days, given)
        return derived if derived is not None or given is None else given.amount

    def is_derived(self, fact: Fact, valid_days: int | None = None) -> bool:
        """The value is derived: none is given or a component is later than the given one, and it can be derived."""
        return self._derived(fact, valid_days, self.current(fact, valid_days)) is not None

    def _derived(self, fact: Fact, valid_days: int | None, given: Observation | None) -> Amount | None:
        if fact.ratio_of is None:
            return None
        if given is not None and not self._has_later(fact.ratio_of, given):
            return None
        return self._ratio(fact, valid_days)

    def _has_later(self, parts: tuple[Fact, ...], given: Observation) -> bool:
        found = (self.latest.get(part.name) for part in parts)
        return any(each is not None and given.on.earlier_than(each.on) for each in found)

    def _ratio(self, fact: Fact, valid_days: int | None) -> Amount | None:
        if fact.ratio_of is None:
            return None
        above, below = (self.latest.get(part.name) for part in fact.ratio_of)
        if above is None or below is None or above.amount is None or below.amount is None:
            return None
        if is_outdated(above, self.first_dose, valid_days) or is_outdated(below, self.first_dose, valid_days):
            return None
        if below.amount == 0:
            return None if above.amount == 0 else inf
        return above.amount / below.amount**fact.power

    def birth(self, stated: Fact | None) -> tuple[date, date] | None:
        """The earliest and the latest day on which the subject may have been born; None where nothing tells it.

        The year of birth and an age stated in whole years on a day each bound it; where they contradict each other,
        the bounds reach from the one to the other, so that nothing is decided by half.
        """
        bounds = []
        if self.record.birth_year is not None:
            bounds.append((date(self.record.birth_year, 1, 1), date(self.record.birth_year, 12, 31)))
        observation = None if stated is None else self.latest.get(stated.name)
        if observation is not None and observation.amount is not None:
            age, on = int(observation.amount), observation.on.day
            bounds.append((add_days(add_months(on, -YEAR_MONTHS * (age + 1)), 1), add_months(on, -YEAR_MONTHS * age)))
        if not bounds:
            return None
        first, last = max(b[0] for b in bounds), min(b[1] for b in bounds)
        if first > last:
            return min(b[0] for b in bounds), max(b[1] for b in bounds)
        return first, last

    def for_later_first_dose(self, first_dose: date) -> "Facts":
        """The same facts for another first dose, neither lying before as_of: nothing else can change."""
        return Facts(self.record, self.as_of, first_dose, self.latest, self.therapies, self.toxicities)


def is_outdated(observation: Observation, first_dose: date, valid_days: int | None) -> bool:
    """Whether an observation is older at first dose than the days for which it is valid."""
    return valid_days is not None and (first_dose - observation.on.day).days > valid_days


def facts_of(record: SubjectRecord, *, as_of: date, first_dose: date, until_first_dose: frozenset[str]) -> Facts:
    """What counts of a record: nothing dated after as_of and, of what counts until first dose, nothing after that.

    `until_first_dose` names the facts of that kind; therapies and toxicities are of it as well.
    """
    until = min(as_of, first_dose)
    if record.settled_on <= until:
        latest, therapies, toxicities = record.latest, record.placed_therapies, record.placed_toxicities
    else:
        latest, _, _ = indexed(
            observation
            for observation in record.observations
            if observation.on.day <= (until if observation.fact in until_first_dose else as_of)
        )
        therapies = [placed for placed in record.placed_therapies if (placed[1].start or until) <= until]
        toxicities = [placed for placed in record.placed_toxicities if (placed[1].onset or until) <= until]
    return Facts(record, as_of, first_dose, latest, therapies, toxicities)


def recency(therapy: Therapy) -> tuple[bool, date]:
    """How late a therapy was, for comparing: an ongoing one is later than any."""
    return therapy.is_ongoing, therapy.last_dose or date.min
