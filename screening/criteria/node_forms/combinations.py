"""How combinations are written; they stand on every level."""

from screening.criteria.node_forms.base import Form, OneNode
from screening.criteria.nodes import All, Any, Not
from screening.criteria.shapes import Items, Made

PARTS = Items(OneNode(), "part")

FORMS = (
    Form("all", All, Made(All, "parts", PARTS)),
    Form("any", Any, Made(Any, "parts", PARTS)),
    Form("not", Not, Made(Not, "part", OneNode())),
)
