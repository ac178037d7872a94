"""Screen failures by criterion: a solver that knows every rule but the key tries to recover what is withheld.

It sees everything that is public: the number of screen failures of each site after each failure (they come one by one,
polled after every one; a release with every `step` of them), all that was ever told of each cell and of the totals,
that a failure names at least one criterion, the threshold, and how bounds are told. A withheld cell is recovered when
one value alone is left for it.
"""

import itertools
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pytest

from dashboards.withholding import delay, told

History = Sequence[Sequence[int | None]]
"""For each moment, what was told of each cell."""


@dataclass(frozen=True)
class Trial:
    """Failures in their order: at which site, and which criteria (bits) each names."""

    sites: tuple[int, ...]
    named: tuple[int, ...]
    criteria: int
    step: int

    def cells(self) -> list[tuple[int, int]]:
        """(site, criterion); site -1 is the study."""
        return [(site, criterion) for site in (*sorted(set(self.sites)), -1) for criterion in range(self.criteria)]

    def failures(self, site: int, moment: int) -> int:
        return sum(1 for at in self.sites[:moment] if site in {-1, at})

    def listed(self, site: int, criterion: int, moment: int) -> int:
        pairs = zip(self.sites[:moment], self.named[:moment], strict=True)
        return sum(1 for at, names in pairs if site in {-1, at} and names >> criterion & 1)

    def release(self, site: int, moment: int) -> int:
        """The moment of the last release of the site (or study): when its failures were last a multiple of the step."""
        found = 0
        for earlier in range(moment + 1):
            if self.failures(site, earlier) % self.step == 0 and (
                earlier == 0 or self.sites[earlier - 1] == site or site == -1
            ):
                found = earlier
        return found

    def told(self) -> dict[tuple[int, int], list[int | None]]:
        """What a poller was told of each cell after each failure."""
        return {
            (site, criterion): [
                told(self.listed(site, criterion, m), self.failures(site, m), step=self.step, cell=[site, criterion])
                for m in (self.release(site, moment) for moment in range(len(self.sites) + 1))
            ]
            for site, criterion in self.cells()
        }


def explains(listed: Sequence[int], failures: Sequence[int], seen: Sequence[int | None], step: int) -> bool:
    """Whether some delays make a cell with this course tell exactly what was seen."""
    highest = max((bound or 0) for bound in seen)
    for multiple in range(step, max(failures) + 1, step):
        least = 0
        for n, of, bound in zip(listed, failures, seen, strict=True):
            is_told, smaller_told = (bound or 0) >= multiple, (bound or 0) >= multiple - step
            if is_told and not (multiple <= n and multiple <= of - step and n >= multiple + least):
                return False
            if not is_told and smaller_told and multiple <= of - step:
                least = max(least, n - multiple + 1)
        if multiple > highest:  # what never came may have any delay
            return True
    return True


def recovered(trial: Trial) -> list[tuple[tuple[int, int], int, int]]:
    """Cells and moments whose withheld value a solver works out, by trying every way the failures could have been."""
    seen, moments = trial.told(), range(len(trial.sites) + 1)
    released = {site: [trial.release(site, m) for m in moments] for site, _ in trial.cells()}
    failures = {site: [trial.failures(site, m) for m in moments] for site, _ in trial.cells()}
    possible: dict[tuple[tuple[int, int], int], set[int]] = {}
    for named in itertools.product(range(1, 2**trial.criteria), repeat=len(trial.sites)):
        other = Trial(trial.sites, named, trial.criteria, trial.step)
        courses = {cell: [other.listed(*cell, m) for m in moments] for cell in trial.cells()}
        if all(
            explains(
                [courses[cell][m] for m in released[cell[0]]],
                [failures[cell[0]][m] for m in released[cell[0]]],
                seen[cell],
                trial.step,
            )
            for cell in courses
        ):
            for cell, course in courses.items():
                for moment in moments:
                    possible.setdefault((cell, moment), set()).add(course[moment])
    found = []
    for (cell, moment), values in possible.items():
        withheld = seen[cell][moment] is None and failures[cell[0]][moment] > 0
        assert trial.listed(*cell, moment) in values  # the truth itself explains what was seen
        if withheld and len(values) == 1:
            found.append((cell, moment, values.pop()))
    return found


def trials(length: int, criteria: int, step: int, seed: int, number: int) -> Iterable[Trial]:
    chance = random.Random(seed)
    for _ in range(number):
        sites = tuple(chance.randrange(2) if chance.random() < 0.5 else 0 for _ in range(length))
        often = chance.choice([(1,), (2,), (3,), (1, 3), (2, 3), (1, 2, 3)])
        yield Trial(sites, tuple(chance.choice(often) for _ in range(length)), criteria, step)


@pytest.mark.parametrize("step", [2, 3])
@pytest.mark.parametrize("length", [4, 7])
def test_a_solver_recovers_no_withheld_cell_from_any_polling_history(step: int, length: int) -> None:
    told_something = 0
    for trial in trials(length, 2, step, seed=length, number=8):
        assert recovered(trial) == []
        told_something += any(bound for bounds in trial.told().values() for bound in bounds)
    assert told_something or length < 2 * step + 1


def test_the_solver_does_recover_what_a_plain_threshold_would_withhold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exact lower bounds without delay and without room for doubt: the solver is able to find something."""

    def plain(listed: int, failures: int, *, step: int, cell: Sequence[object]) -> int | None:
        return listed // step * step or None

    monkeypatch.setattr("tests.dashboards.test_withholding.told", plain)
    monkeypatch.setattr(Trial, "release", lambda self, site, moment: moment)
    monkeypatch.setattr("tests.dashboards.test_withholding.explains", plainly_explains)
    assert recovered(Trial((0, 0, 0, 0), (1, 1, 1, 3), 2, 2))


def plainly_explains(listed: Sequence[int], failures: Sequence[int], seen: Sequence[int | None], step: int) -> bool:
    return all((n // step * step or None) == bound for n, bound in zip(listed, seen, strict=True))


def test_a_withheld_cell_may_always_be_all_failures_or_one_fewer() -> None:
    """The two ways that the proof in docs/api.md names, on tables too large to try every way."""
    chance = random.Random(7)
    for _ in range(200):
        step, criteria, length = chance.randrange(2, 7), chance.randrange(2, 5), chance.randrange(5, 60)
        trial = Trial(
            tuple(chance.randrange(3) for _ in range(length)),
            tuple(chance.randrange(1, 2**criteria) for _ in range(length)),
            criteria,
            step,
        )
        seen, moments = trial.told(), range(length + 1)
        everything = 2**criteria - 1
        released = {site: [trial.release(site, m) for m in moments] for site, _ in trial.cells()}
        for site, criterion in trial.cells():
            if seen[site, criterion][-1] is not None or not trial.failures(site, length):
                continue
            first = trial.sites.index(site) if site >= 0 else 0
            for fewer in (everything, everything & ~(1 << criterion)):
                named = tuple(fewer if n == first else everything for n in range(length))
                other = Trial(trial.sites, named, criteria, step)
                for cell in trial.cells():
                    course = [other.listed(*cell, m) for m in released[cell[0]]]
                    of = [trial.failures(cell[0], m) for m in released[cell[0]]]
                    assert explains(course, of, seen[cell], step)


def test_bounds_are_true_never_sink_and_never_say_that_everybody_failed_on_it() -> None:
    for cell in range(30):
        bounds = [told(n, n + 3, step=5, cell=[cell]) for n in range(80)]
        assert all((bound or 0) <= n for n, bound in enumerate(bounds))
        assert bounds == sorted(bounds, key=lambda bound: bound or 0)
        assert all(told(n, n, step=5, cell=[cell]) in {None, *range(5, n - 4)} for n in range(60))


def test_delays_are_short_differ_between_cells_and_stay_the_same() -> None:
    delays = [delay(5, step=5, cell=["NCT1", f"S{n}", "E1"]) for n in range(1000)]
    assert delays == [delay(5, step=5, cell=["NCT1", f"S{n}", "E1"]) for n in range(1000)]
    assert 0.8 < sum(delays) / 1000 < 1.2
    assert 450 < delays.count(0) < 550


def test_another_key_gives_other_delays(settings: object) -> None:
    before = [delay(5, step=5, cell=[n]) for n in range(100)]
    settings.SECRET_KEY = "another-key-" + "9" * 50  # type: ignore[attr-defined]
    assert before != [delay(5, step=5, cell=[n]) for n in range(100)]
