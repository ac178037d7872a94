"""The criteria engine as a contender: from full records to verdicts, explanations, windows, and all of it."""

from __future__ import annotations

from typing import Any

from benchmarks.contenders import Contender, Pool, Truths
from benchmarks.records import AS_OF
from screening.criteria import CriterionKind, CriterionVerdict, SubjectRecord, assess, verdicts, windows
from screening.protocols import load_protocol

PROTOCOL = load_protocol("NCT03464916")
KINDS = {criterion.id: criterion.kind for criterion in PROTOCOL.criteria}


def truth_behind(kind: CriterionKind, verdict: str) -> bool | None:
    """The condition's truth that gives a criterion of this kind its verdict."""
    if verdict == CriterionVerdict.UNKNOWN:
        return None
    return (verdict == CriterionVerdict.SATISFIED) is (kind is CriterionKind.INCLUSION)


class Ours(Contender):
    engine = "trialops"

    def prepare(self, pool: Pool) -> list[SubjectRecord]:
        return pool.parsed()


class Verdicts(Ours):
    how = "verdicts"

    def run(self, prepared: list[SubjectRecord]) -> list[dict[str, CriterionVerdict]]:
        return [verdicts(PROTOCOL, record, as_of=AS_OF) for record in prepared]

    def truths(self, results: list[dict[str, CriterionVerdict]]) -> list[Truths]:
        return [tuple(truth_behind(KINDS[name], verdict) for name, verdict in each.items()) for each in results]


class Explained(Ours):
    how = "verdicts and full explanations, as plain data"

    def run(self, prepared: list[SubjectRecord]) -> list[list[dict[str, Any]]]:
        return [explained(record) for record in prepared]

    def truths(self, results: list[list[dict[str, Any]]]) -> list[Truths]:
        return [tuple(truth_behind(KINDS[each["id"]], each["verdict"]) for each in result) for result in results]


class Windows(Ours):
    how = "windows over 365 days"
    gives_conditions = False

    def run(self, prepared: list[SubjectRecord]) -> list[Any]:
        return [windows(PROTOCOL, record, as_of=AS_OF) for record in prepared]

    def truths(self, results: list[Any]) -> list[Truths]:
        raise NotImplementedError("windows hold no conditions")


class Assessed(Ours):
    how = "full assessment: explanations and windows, as plain data"

    def run(self, prepared: list[SubjectRecord]) -> list[dict[str, Any]]:
        return [assess(PROTOCOL, record, as_of=AS_OF).as_json() for record in prepared]

    def truths(self, results: list[dict[str, Any]]) -> list[Truths]:
        return [
            tuple(truth_behind(KINDS[each["id"]], each["verdict"]) for each in result["criteria"]) for result in results
        ]


def explained(record: SubjectRecord) -> list[dict[str, Any]]:
    """Each criterion's verdict with its whole explanation, as a stored assessment holds them."""
    return [result.as_json() for result in assess(PROTOCOL, record, as_of=AS_OF).criteria]
