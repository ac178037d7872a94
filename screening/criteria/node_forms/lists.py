"""How operations on the lists of therapies and toxicities are written, and the tests of one of them."""

from functools import partial

from screening.criteria.fields import Field, Fields
from screening.criteria.node_forms.base import Form, OneNode
from screening.criteria.node_forms.entries import DATE_FACT, SPAN, SPAN_FIELD
from screening.criteria.nodes import (
    AnyTherapy,
    AnyToxicity,
    CountTherapies,
    CountToxicities,
    CyclesAtLeast,
    DrugsGiven,
    GradeAtLeast,
    KindIn,
    LastTherapy,
    Level,
    LineIn,
    NamesDrug,
    ProgressedWithin,
    ResponseWorse,
    TermIn,
    UnresolvedAtFirstDose,
    WithinBefore,
    WithinBeforeFirstDose,
)
from screening.criteria.nodes.lists import MOST_COUNTED
from screening.criteria.shapes import Constant, Made
from screening.criteria.value_readers import RESPONSE, list_of, read_kind, small_letters, whole

THERAPY, TOXICITY = OneNode(Level.THERAPY), OneNode(Level.TOXICITY)
KINDS = list_of(read_kind)
COUNTED = Field("at_least", whole(1, MOST_COUNTED))

OF_LISTS = (
    Form("any_therapy", AnyTherapy, Made(AnyTherapy, "where", THERAPY)),
    Form("count_therapies", CountTherapies, Fields(CountTherapies, (COUNTED, Field("where", THERAPY)))),
    Form(
        "drugs_given",
        DrugsGiven,
        Fields(
            DrugsGiven, (Field("all", list_of(small_letters(100)), "drugs"), Field("except_kinds", KINDS, default=()))
        ),
    ),
    Form("last_therapy", LastTherapy, Fields(LastTherapy, (Field("kinds", KINDS), Field("where", THERAPY)))),
    Form("any_toxicity", AnyToxicity, Made(AnyToxicity, "where", TOXICITY)),
    Form("count_toxicities", CountToxicities, Fields(CountToxicities, (COUNTED, Field("where", TOXICITY)))),
)

# Of one therapy

OF_A_THERAPY = (
    Form("kind", KindIn, Made(KindIn, "kinds", KINDS)),
    Form("line", LineIn, Made(LineIn, "lines", list_of(whole(1, 100)))),
    Form("drug", NamesDrug, Made(NamesDrug, "drug", small_letters(100))),
    Form("within_before_first_dose", WithinBeforeFirstDose, Made(WithinBeforeFirstDose, "span", SPAN)),
    Form("within_before", WithinBefore, Fields(WithinBefore, (SPAN_FIELD, Field("until", DATE_FACT)))),
    Form("progressed_within", ProgressedWithin, Made(ProgressedWithin, "span", SPAN)),
    *(
        Form(
            name,
            ResponseWorse,
            Fields(ResponseWorse, (Field("worse_than", RESPONSE, "than"),), {"field": name}),
            partial(lambda name, node: node.field == name, name),
        )
        for name in ("best_response", "response_day_100")
    ),
    Form("cycles", CyclesAtLeast, Fields(CyclesAtLeast, (Field("at_least", whole(1, 1000), "cycles"),))),
)

# Of one toxicity

OF_A_TOXICITY = (
    Form("term", TermIn, Made(TermIn, "terms", list_of(small_letters(200)))),
    Form("grade", GradeAtLeast, Fields(GradeAtLeast, (Field("at_least", whole(1, 5), "grade"),))),
    Form("unresolved", UnresolvedAtFirstDose, Constant(UnresolvedAtFirstDose, "at_first_dose")),
)

FORMS = (*OF_LISTS, *OF_A_THERAPY, *OF_A_TOXICITY)
