"""The meaning of every condition, written to be read: each node as a function of the facts, by truth tables.

`compiled` decides the same faster; a generative test holds the two together on random documents and records, and
nobody is enrolled unless both agree.
"""

from screening.criteria.evaluate import lists  # noqa: F401  registers the nodes over lists
from screening.criteria.evaluate.subject import Evaluator, evaluator

__all__ = ["Evaluator", "evaluator"]
