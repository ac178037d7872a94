"""How conditions on the subject itself are written."""

from screening.criteria.fields import Field, Fields, OneOf
from screening.criteria.node_forms.base import Form
from screening.criteria.node_forms.entries import (
    BOOLEAN_FACT,
    CODED_FACT,
    DATE_FACT,
    DAYS,
    NUMBER_FACT,
    QUANTITY_FACT,
    SCALE_FACT,
    SIGN_AND_THRESHOLD,
    SPAN,
    VALID_DAYS,
    CodeOfFact,
    UnitOfFact,
)
from screening.criteria.nodes import (
    AbnormalResult,
    Age,
    CodeIs,
    Compare,
    Direction,
    Elapsed,
    EnoughResults,
    EnoughTests,
    IsTrue,
    SexIs,
    Sign,
    StatusByTest,
    Trend,
)
from screening.criteria.nodes.base import MOST_DAYS
from screening.criteria.shapes import Made, ShortOrFull
from screening.criteria.value_readers import BOOLEAN, SEX, choice, number_from, whole

LIMITS = choice(("reference_low", "reference_high"))
DIRECTIONS = {f"{direction.value}_by": direction for direction in Direction}
FROM_ONE_DAY = whole(1, MOST_DAYS)

FORMS = (
    Form(
        "fact",
        IsTrue,
        ShortOrFull(
            Made(IsTrue, "fact", BOOLEAN_FACT),
            Fields(IsTrue, (Field("name", BOOLEAN_FACT, "fact"), VALID_DAYS)),
            lambda node: node.valid_days is None,
        ),
    ),
    Form("sex", SexIs, Made(SexIs, "sex", SEX)),
    Form(
        "age",
        Age,
        Fields(
            Age,
            (
                OneOf(
                    tuple(Sign),
                    whole(0, 150),
                    lambda sign, years: {"sign": Sign(sign), "years": years},
                    lambda node: (node.sign.value, node.years),
                ),
                Field("stated", SCALE_FACT, default=None, says="A fact that holds the age in years on its day."),
            ),
        ),
    ),
    Form("code", CodeIs, Fields(CodeIs, (Field("fact", CODED_FACT), CodeOfFact("code"), VALID_DAYS))),
    Form(
        "compare", Compare, Fields(Compare, (Field("fact", NUMBER_FACT), SIGN_AND_THRESHOLD, UnitOfFact(), VALID_DAYS))
    ),
    Form(
        "abnormal_result",
        AbnormalResult,
        Fields(
            AbnormalResult,
            (
                Field("fact", QUANTITY_FACT),
                Field("outside", LIMITS, says="The laboratory's own limit that the result lies beyond."),
                Field("unless_due_to_myeloma", BOOLEAN, default=False),
                VALID_DAYS,
            ),
        ),
    ),
    Form(
        "elapsed",
        Elapsed,
        Fields(
            Elapsed,
            (
                Field("from", DATE_FACT, "fact"),
                OneOf(
                    (Sign.AT_LEAST.value, Sign.BELOW.value),
                    SPAN,
                    lambda sign, span: {"sign": Sign(sign), "span": span},
                    lambda node: (node.sign.value, node.span),
                ),
                Field("until", DATE_FACT, default=None, says="Another date; first dose if none is given."),
            ),
        ),
    ),
    Form(
        "trend",
        Trend,
        Fields(
            Trend,
            (
                Field("fact", NUMBER_FACT),
                OneOf(
                    tuple(DIRECTIONS),
                    number_from(0, 100_000),
                    lambda name, percent: {"direction": DIRECTIONS[name], "percent": percent},
                    lambda node: (f"{node.direction.value}_by", node.percent),
                ),
                Field("within_days", FROM_ONE_DAY, says="How far before the latest number the earlier one may lie."),
            ),
        ),
    ),
    Form(
        "enough_results",
        EnoughResults,
        Fields(
            EnoughResults,
            (
                Field("fact", NUMBER_FACT),
                SIGN_AND_THRESHOLD,
                UnitOfFact(),
                Field("count", whole(1, 20)),
                Field("within_days", DAYS, says="Counted are results in so many days before first dose."),
                Field("apart_days", FROM_ONE_DAY, default=1, says="Any two counted lie at least so far apart."),
            ),
        ),
    ),
    Form(
        "enough_tests",
        EnoughTests,
        Fields(
            EnoughTests,
            (
                Field("fact", CODED_FACT),
                CodeOfFact("result"),
                Field("count", whole(1, 6)),
                Field("within_days", DAYS, says="Counted are tests in so many days before first dose."),
                CodeOfFact("after"),
            ),
        ),
    ),
    Form(
        "status_by_test",
        StatusByTest,
        Fields(
            StatusByTest,
            (
                Field("test", CODED_FACT),
                CodeOfFact("positive", of="test"),
                CodeOfFact("negative", of="test"),
                Field("stated", BOOLEAN_FACT),
                Field("possible_only_if", BOOLEAN_FACT),
            ),
        ),
    ),
)
