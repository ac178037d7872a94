"""How each node is written in a document: one form per node, read with all its mistakes, written back alike."""

from screening.criteria.node_forms import combinations, lists, subject
from screening.criteria.node_forms.base import DEFINITIONS, FORMS, Form, OneNode, node_as_json, read_node
from screening.criteria.node_forms.reading import facts_of_node, reads

FORMS.add(*combinations.FORMS, *subject.FORMS, *lists.FORMS)

__all__ = ["DEFINITIONS", "FORMS", "Form", "OneNode", "facts_of_node", "node_as_json", "read_node", "reads"]
