"""Why each condition is true, false or unknown: the decisive branch in words and as data."""

from screening.criteria.explain import list_tests, lists, measured, subject  # noqa: F401  each registers its nodes
from screening.criteria.explain.conflicts import ConflictFinder, conflict_finder
from screening.criteria.explain.telling import Explainer, FactUsed, Telling, explainer, tell

__all__ = ["ConflictFinder", "Explainer", "FactUsed", "Telling", "conflict_finder", "explainer", "tell"]
