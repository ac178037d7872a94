"""Which tables of this app hold rows of one subject or site, by whom read and written (see trialops.row_security)."""

from trialops.row_security import figures, of_managers, of_site, of_study

ROWS = {
    "screening.Subject": of_site("site"),
    "screening.SubjectCorrection": of_site("subject__site"),
    "screening.SubjectStateChange": of_site("subject__site"),
    "screening.SubjectVersionChange": of_site("subject__site"),
    "screening.ScreenFailure": of_site("state_change__subject__site"),
    "screening.Observation": of_site("subject__site"),
    "screening.Therapy": of_site("subject__site"),
    "screening.Toxicity": of_site("subject__site"),
    "screening.AbsentValue": of_site("subject__site"),
    "screening.ReviewStep": of_site("state_change__subject__site"),
    "screening.Signature": of_site("state_change__subject__site"),
    "screening.SignatureVoiding": of_site("signature__state_change__subject__site"),
    "screening.ProtocolDeviation": of_site("subject__site"),
    "screening.Import": of_site("site"),
    "screening.StateCount": figures("site"),
    "screening.DailyStateCount": figures("site"),
    "screening.ScreenFailureCount": figures("site"),
    "screening.NamedCriteria": figures("site"),
    "screening.WaitCount": figures("site"),
    "screening.Assessment": of_site("subject__site"),
    "screening.FactSheet": of_site("subject__site"),
    "screening.CurrentVerdict": of_site("subject__site"),
    "screening.Reminder": of_site("site"),
    "screening.Acknowledgement": of_site("reminder__site"),
    "screening.Notice": of_site("reminder__site"),
    "screening.Intervention": of_site("reminder__site", open_without=("reminder",)),
    "screening.WebhookEndpoint": of_site("site"),
    "screening.ProtocolAdoption": of_study("site__study"),
    "screening.RescoringRun": of_managers("study"),
    "screening.RescoringPart": of_managers("run__study"),
}

NOT_OF_ONE_SITE = {
    "screening.ProtocolVersion": "of a whole study",
    "screening.Message": "to one person, about reminders of any of their sites; its notices say which",
    "screening.MessageAttempt": "of a message",
    "screening.Lane": "of a receiving mail domain or hook; no word about any subject",
    "screening.ReminderPreference": "of one person",
    "screening.CalendarFeed": "of one person",
    "screening.Heartbeat": "of the product itself",
    "screening.Alarm": "of the product itself",
    "screening.Installation": "of the product itself",
}
