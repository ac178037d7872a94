"""The criteria engine: protocol documents, three-valued evaluation, explanation and windows, in pure Python."""

from screening.criteria.assessment import Assessment, Change, CriterionResult, assess
from screening.criteria.catalogue import CATALOGUE, Fact, FactKind
from screening.criteria.document import Criterion, Protocol
from screening.criteria.document_parsing import parse_protocol
from screening.criteria.evaluation import verdict_code, verdicts, verdicts_by_meaning
from screening.criteria.explain import FactUsed
from screening.criteria.logic import CriterionKind, CriterionVerdict, SubjectVerdict, Truth, subject_verdict
from screening.criteria.practice import (
    DoseEscalation,
    Practice,
    PregnancyTests,
    TestSeries,
    TestWindow,
    Washout,
)
from screening.criteria.problems import DocumentError, Problem, RecordError
from screening.criteria.record import (
    Observation,
    Response,
    Sex,
    SubjectRecord,
    Therapy,
    TherapyKind,
    Toxicity,
)
from screening.criteria.record_parsing import parse_observation, parse_record, parse_therapy, parse_toxicity
from screening.criteria.windows import Edge, Outlook, Window, outlook, windows

__all__ = [
    "CATALOGUE",
    "Assessment",
    "Change",
    "Criterion",
    "CriterionKind",
    "CriterionResult",
    "CriterionVerdict",
    "DocumentError",
    "DoseEscalation",
    "Edge",
    "Fact",
    "FactKind",
    "FactUsed",
    "Observation",
    "Outlook",
    "Practice",
    "PregnancyTests",
    "Problem",
    "Protocol",
    "RecordError",
    "Response",
    "Sex",
    "SubjectRecord",
    "SubjectVerdict",
    "TestSeries",
    "TestWindow",
    "Therapy",
    "TherapyKind",
    "Toxicity",
    "Truth",
    "Washout",
    "Window",
    "assess",
    "outlook",
    "parse_observation",
    "parse_protocol",
    "parse_record",
    "parse_therapy",
    "parse_toxicity",
    "subject_verdict",
    "verdict_code",
    "verdicts",
    "verdicts_by_meaning",
    "windows",
]
