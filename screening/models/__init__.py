"""What screening keeps: subjects, facts, verdicts, protocol versions, reminders."""

from screening.models.assessments import Assessment
from screening.models.facts import Fact, Observation, Source, Therapy, Toxicity
from screening.models.protocol import ProtocolVersion
from screening.models.reminders import Reminder, ReminderDelivery, ReminderState
from screening.models.subjects import ScreenFailure, Sex, Subject, SubjectCorrection, SubjectStateChange

__all__ = [
    "Assessment",
    "Fact",
    "Observation",
    "ProtocolVersion",
    "Reminder",
    "ReminderDelivery",
    "ReminderState",
    "ScreenFailure",
    "Sex",
    "Source",
    "Subject",
    "SubjectCorrection",
    "SubjectStateChange",
    "Therapy",
    "Toxicity",
]
