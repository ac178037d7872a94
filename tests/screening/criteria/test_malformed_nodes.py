"""No node can be built malformed."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from screening.criteria import CATALOGUE, Criterion, CriterionKind, Fact, FactKind, nodes
from screening.criteria.calendar import Span
from screening.criteria.record import Response, TherapyKind

HIV_FACT, ECOG, LVEF, TEST = (CATALOGUE[name] for name in ("hiv", "ecog", "lvef", "pregnancy_test"))
HIV = nodes.IsTrue(HIV_FACT)
KIND = nodes.KindIn((TherapyKind.ASCT,))
GRADE = nodes.GradeAtLeast(3)
BELOW = nodes.Sign.BELOW
DAY, OTHER_DAY = Fact("diagnosed_on", FactKind.DATE, "diagnosis"), Fact("consented_on", FactKind.DATE, "consent")
A_MONTH = Span(1, "months")

MALFORMED: dict[str, Callable[[], object]] = {
    "all of nothing": lambda: nodes.All(()),
    "any of nothing": lambda: nodes.Any(()),
    "a condition beside a therapy's test": lambda: nodes.All((HIV, KIND)),
    "a therapy's test beside a toxicity's": lambda: nodes.Any((KIND, GRADE)),
    "a number as a boolean": lambda: nodes.IsTrue(LVEF),
    "a code of another fact": lambda: nodes.CodeIs(TEST, "maybe"),
    "a boolean as a code": lambda: nodes.CodeIs(HIV_FACT, "true"),
    "a boolean compared": lambda: nodes.Compare(HIV_FACT, BELOW, Decimal(1)),
    "a unit of another fact": lambda: nodes.Compare(LVEF, BELOW, Decimal(1), "g/dL"),
    "no unit": lambda: nodes.Compare(LVEF, BELOW, Decimal(1)),
    "a unit of a scale": lambda: nodes.Compare(ECOG, BELOW, Decimal(1), "1"),
    "a judged scale": lambda: nodes.AbnormalResult(ECOG, "reference_low"),
    "a judgement beyond no limit": lambda: nodes.AbnormalResult(CATALOGUE["ast"], "high"),  # type: ignore[arg-type]
    "no test": lambda: nodes.EnoughTests(TEST, "negative", 0, 28, "positive"),
    "seven tests": lambda: nodes.EnoughTests(TEST, "negative", 7, 28, "positive"),
    "tests in the future": lambda: nodes.EnoughTests(TEST, "negative", 2, -1, "positive"),
    "tests voided by themselves": lambda: nodes.EnoughTests(TEST, "negative", 2, 28, "negative"),
    "a status of one result": lambda: nodes.StatusByTest(TEST, "negative", "negative", CATALOGUE["pregnant"], HIV_FACT),
    "a status stated by a number": lambda: nodes.StatusByTest(TEST, "positive", "negative", LVEF, HIV_FACT),
    "a therapy that is a condition": lambda: nodes.AnyTherapy(HIV),
    "a therapy that is a toxicity": lambda: nodes.AnyTherapy(nodes.All((GRADE,))),
    "a last therapy of no kind": lambda: nodes.LastTherapy((), KIND),
    "a last therapy that is a condition": lambda: nodes.LastTherapy((TherapyKind.ASCT,), HIV),
    "a toxicity that is a therapy": lambda: nodes.AnyToxicity(nodes.Not(KIND)),
    "no kind": lambda: nodes.KindIn(()),
    "no line": lambda: nodes.LineIn(()),
    "line zero": lambda: nodes.LineIn((0,)),
    "a drug in capitals": lambda: nodes.NamesDrug("Lenalidomide"),
    "no drug": lambda: nodes.NamesDrug(""),
    "a response to nothing": lambda: nodes.ResponseWorse("response", Response.PR),  # type: ignore[arg-type]
    "no cycle": lambda: nodes.CyclesAtLeast(0),
    "grade six": lambda: nodes.GradeAtLeast(6),
    "a condition beside a nested test": lambda: nodes.All((nodes.Any((nodes.Not(KIND),)), HIV)),
    "a criterion of a therapy": lambda: Criterion("I1", CriterionKind.INCLUSION, "t", "t", nodes.All((KIND,))),
    "a validity of less than no days": lambda: nodes.IsTrue(HIV_FACT, -1),
    "a validity of a lifetime": lambda: nodes.CodeIs(TEST, "negative", 36_600),
    "an age of nobody": lambda: nodes.Age(BELOW, 151),
    "an age stated by a yes or no": lambda: nodes.Age(BELOW, 18, HIV_FACT),
    "time since a number": lambda: nodes.Elapsed(ECOG, BELOW, A_MONTH),
    "time until a number": lambda: nodes.Elapsed(DAY, BELOW, A_MONTH, ECOG),
    "time from a day to itself": lambda: nodes.Elapsed(DAY, BELOW, A_MONTH, DAY),
    "time above a span": lambda: nodes.Elapsed(DAY, nodes.Sign.ABOVE, A_MONTH, OTHER_DAY),  # type: ignore[arg-type]
    "a trend of answers": lambda: nodes.Trend(HIV_FACT, nodes.Direction.RISING, Decimal(1), 28),
    "a trend of what may be derived": lambda: nodes.Trend(
        CATALOGUE["flc_ratio"], nodes.Direction.RISING, Decimal(1), 28
    ),
    "a trend by less than nothing": lambda: nodes.Trend(LVEF, nodes.Direction.FALLING, Decimal(-1), 28),
    "a trend within no days": lambda: nodes.Trend(LVEF, nodes.Direction.FALLING, Decimal(1), 0),
    "no result": lambda: nodes.EnoughResults(ECOG, BELOW, Decimal(1), "", 0, 28),
    "results in a unit of another fact": lambda: nodes.EnoughResults(LVEF, BELOW, Decimal(1), "kg", 1, 28),
    "results no day apart": lambda: nodes.EnoughResults(ECOG, BELOW, Decimal(1), "", 1, 28, 0),
    "no therapy counted": lambda: nodes.CountTherapies(0, KIND),
    "toxicities counted among therapies": lambda: nodes.CountTherapies(1, GRADE),
    "no toxicity counted": lambda: nodes.CountToxicities(0, GRADE),
    "therapies counted among toxicities": lambda: nodes.CountToxicities(1, KIND),
    "no drug given": lambda: nodes.DrugsGiven(()),
    "a drug given in capitals": lambda: nodes.DrugsGiven(("Lenalidomide",)),
    "until a number": lambda: nodes.WithinBefore(A_MONTH, ECOG),
    "no term": lambda: nodes.TermIn(()),
    "a term in capitals": lambda: nodes.TermIn(("Neuropathy",)),
    "no days": lambda: nodes.WithinBeforeFirstDose(Span(0, "days")),
    "weeks": lambda: nodes.ProgressedWithin(Span(4, "weeks")),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_node_cannot_be_built(name: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        MALFORMED[name]()
