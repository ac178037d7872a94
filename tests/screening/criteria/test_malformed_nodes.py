"""No node can be built malformed."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from screening.criteria import Criterion, CriterionKind, nodes
from screening.criteria.calendar import Span
from screening.criteria.record import Response, TherapyKind

HIV = nodes.IsTrue("hiv")
KIND = nodes.KindIn((TherapyKind.ASCT,))
GRADE = nodes.GradeAtLeast(3)
BELOW = nodes.Sign.BELOW

MALFORMED: dict[str, Callable[[], object]] = {
    "all of nothing": lambda: nodes.All(()),
    "any of nothing": lambda: nodes.Any(()),
    "a condition beside a therapy's test": lambda: nodes.All((HIV, KIND)),
    "a therapy's test beside a toxicity's": lambda: nodes.Any((KIND, GRADE)),
    "an unknown fact": lambda: nodes.IsTrue("hvi"),
    "a number as a boolean": lambda: nodes.IsTrue("lvef"),
    "a code of another fact": lambda: nodes.CodeIs("pregnancy_test", "maybe"),
    "a boolean as a code": lambda: nodes.CodeIs("hiv", "true"),
    "a boolean compared": lambda: nodes.Compare("hiv", BELOW, Decimal(1)),
    "a unit of another fact": lambda: nodes.Compare("lvef", BELOW, Decimal(1), "g/dL"),
    "no unit": lambda: nodes.Compare("lvef", BELOW, Decimal(1)),
    "a unit of a scale": lambda: nodes.Compare("ecog", BELOW, Decimal(1), "1"),
    "a judged scale": lambda: nodes.AbnormalResult("ecog", "reference_low"),
    "a judgement beyond no limit": lambda: nodes.AbnormalResult("ast", "high"),  # type: ignore[arg-type]
    "no test": lambda: nodes.EnoughTests("pregnancy_test", "negative", 0, 28, "positive"),
    "seven tests": lambda: nodes.EnoughTests("pregnancy_test", "negative", 7, 28, "positive"),
    "tests in the future": lambda: nodes.EnoughTests("pregnancy_test", "negative", 2, -1, "positive"),
    "tests voided by themselves": lambda: nodes.EnoughTests("pregnancy_test", "negative", 2, 28, "negative"),
    "a status of one result": lambda: nodes.StatusByTest("pregnancy_test", "negative", "negative", "pregnant", "hiv"),
    "a status stated by a number": lambda: nodes.StatusByTest("pregnancy_test", "positive", "negative", "lvef", "hiv"),
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
    "no days": lambda: nodes.WithinBeforeFirstDose(Span(0, "days")),
    "weeks": lambda: nodes.ProgressedWithin(Span(4, "weeks")),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_node_cannot_be_built(name: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        MALFORMED[name]()
