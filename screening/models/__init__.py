"""What screening keeps: subjects, facts, verdicts, protocol versions, reminders and their messages."""

from screening.models.assessments import Assessment
from screening.models.counts import DailyStateCount, NamedCriteria, ScreenFailureCount, StateCount, WaitCount
from screening.models.derived import CurrentVerdict, FactSheet
from screening.models.deviations import ProtocolDeviation
from screening.models.facts import AbsentValue, Fact, Observation, Source, Therapy, Toxicity
from screening.models.imports import Import, ImportFormat, ImportState
from screening.models.installation import Installation
from screening.models.messages import Channel, Intervention, Lane, Message, MessageAttempt, MessageState, Notice
from screening.models.preferences import CalendarFeed, MailChoice, ReminderPreference, WebhookEndpoint
from screening.models.protocol import ProtocolAdoption, ProtocolVersion
from screening.models.reminders import Acknowledgement, Audience, Reminder, ReminderSource, ReminderState
from screening.models.rescoring import RescoringPart, RescoringRun, RunKind, RunState
from screening.models.reviews import ReviewStep, Signature, SignatureVoiding
from screening.models.subjects import (
    ScreenFailure,
    Sex,
    Subject,
    SubjectCorrection,
    SubjectStateChange,
    SubjectVersionChange,
)
from screening.models.trail_exports import ExportFormat, ExportState, TrailExport, TrailExportChunk
from screening.models.watch import Alarm, Heartbeat

__all__ = [
    "AbsentValue",
    "Acknowledgement",
    "Alarm",
    "Assessment",
    "Audience",
    "CalendarFeed",
    "Channel",
    "CurrentVerdict",
    "DailyStateCount",
    "ExportFormat",
    "ExportState",
    "Fact",
    "FactSheet",
    "Heartbeat",
    "Import",
    "ImportFormat",
    "ImportState",
    "Installation",
    "Intervention",
    "Lane",
    "MailChoice",
    "Message",
    "MessageAttempt",
    "MessageState",
    "NamedCriteria",
    "Notice",
    "Observation",
    "ProtocolAdoption",
    "ProtocolDeviation",
    "ProtocolVersion",
    "Reminder",
    "ReminderPreference",
    "ReminderSource",
    "ReminderState",
    "RescoringPart",
    "RescoringRun",
    "ReviewStep",
    "RunKind",
    "RunState",
    "ScreenFailure",
    "ScreenFailureCount",
    "Sex",
    "Signature",
    "SignatureVoiding",
    "Source",
    "StateCount",
    "Subject",
    "SubjectCorrection",
    "SubjectStateChange",
    "SubjectVersionChange",
    "Therapy",
    "Toxicity",
    "TrailExport",
    "TrailExportChunk",
    "WaitCount",
    "WebhookEndpoint",
]
