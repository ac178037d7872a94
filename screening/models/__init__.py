"""What screening keeps: subjects, facts, verdicts, protocol versions, reminders."""

from screening.models.assessments import Assessment
from screening.models.derived import CurrentVerdict, FactSheet
from screening.models.facts import Fact, Observation, Source, Therapy, Toxicity
from screening.models.protocol import ProtocolAdoption, ProtocolVersion
from screening.models.reminders import Reminder, ReminderDelivery, ReminderState
from screening.models.rescoring import RescoringPart, RescoringRun, RunKind, RunState
from screening.models.subjects import (
    ScreenFailure,
    Sex,
    Subject,
    SubjectCorrection,
    SubjectStateChange,
    SubjectVersionChange,
)

__all__ = [
    "Assessment",
    "CurrentVerdict",
    "Fact",
    "FactSheet",
    "Observation",
    "ProtocolAdoption",
    "ProtocolVersion",
    "Reminder",
    "ReminderDelivery",
    "ReminderState",
    "RescoringPart",
    "RescoringRun",
    "RunKind",
    "RunState",
    "ScreenFailure",
    "Sex",
    "Source",
    "Subject",
    "SubjectCorrection",
    "SubjectStateChange",
    "SubjectVersionChange",
    "Therapy",
    "Toxicity",
]
