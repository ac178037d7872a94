"""The explanation of every node: importing this module makes explain() complete."""

from screening.criteria import explain_lists, explain_subject
from screening.criteria.reasons import FactUsed, Reason, explain

__all__ = ["FactUsed", "Reason", "explain", "explain_lists", "explain_subject"]
