"""Which models the audit trail records, and why it does not record the others. A model in neither list fails a test.

The models stand here by their labels, since the trail is below the apps whose rows it records.
"""

from dataclasses import dataclass

from django.apps import apps
from django.db.models import Model


@dataclass(frozen=True)
class Tracked:
    """How the changes of one model are recorded.

    `hidden`: columns whose values are secrets: that they changed is recorded, not to what.
    `derived`: columns that follow from other rows, or must not stay: not recorded; a change of them alone is no event.
    `through`: the foreign keys to the row that names the subject, site and study, where the row itself does not.
    """

    hidden: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()
    through: str = ""


TRACKED: dict[str, Tracked] = {
    "accounts.User": Tracked(hidden=("password",)),
    "accounts.User_groups": Tracked(),
    "accounts.User_user_permissions": Tracked(),
    "auth.Group": Tracked(),
    "auth.Group_permissions": Tracked(),
    "trial_sites.Study": Tracked(derived=("data_version", "data_changed_at")),
    "trial_sites.Site": Tracked(),
    "trial_sites.Investigator": Tracked(),
    "trial_sites.InvestigatorTerm": Tracked(),
    "trial_sites.SiteStatusChange": Tracked(),
    "trial_sites.SiteStatusVerification": Tracked(),
    "trial_sites.Membership": Tracked(),
    "trial_sites.RegistryCopy": Tracked(),
    "trial_sites.ApiToken": Tracked(hidden=("digest", "token_key", "replaces_id"), derived=("last_used_at",)),
    "trial_sites.StudyWebhook": Tracked(hidden=("salt", "earlier_salt"), derived=("told_version",)),
    "screening.ProtocolVersion": Tracked(),
    "screening.ProtocolAdoption": Tracked(),
    "screening.Subject": Tracked(),
    "screening.SubjectCorrection": Tracked(),
    "screening.SubjectStateChange": Tracked(),
    "screening.SubjectVersionChange": Tracked(),
    "screening.ScreenFailure": Tracked(through="state_change"),
    "screening.ProtocolDeviation": Tracked(),
    "screening.ReviewStep": Tracked(through="state_change"),
    "screening.Signature": Tracked(through="state_change"),
    "screening.SignatureVoiding": Tracked(through="signature__state_change"),
    "screening.Import": Tracked(derived=("content", "assigned", "attempt")),  # purged later: nothing of it stays here
    "screening.Observation": Tracked(),
    "screening.AbsentValue": Tracked(),
    "screening.Therapy": Tracked(),
    "screening.Toxicity": Tracked(),
    "screening.Reminder": Tracked(),
    "screening.Acknowledgement": Tracked(through="reminder"),
    "screening.Intervention": Tracked(through="reminder"),
    "screening.Installation": Tracked(),
    "screening.ReminderPreference": Tracked(),
    "screening.CalendarFeed": Tracked(hidden=("digest",), derived=("fetched_at",)),
    "screening.WebhookEndpoint": Tracked(hidden=("salt",)),
    "screening.RescoringRun": Tracked(),
    "screening.TrailExport": Tracked(derived=("attempt", "written", "sequence", "size")),  # how far the work is
    "account.EmailAddress": Tracked(),
    "mfa.Authenticator": Tracked(hidden=("data",)),
    "socialaccount.SocialAccount": Tracked(hidden=("extra_data",)),
}
"""The models of an app that is not installed are left out."""

UNTRACKED: dict[str, str] = {
    "accounts.RepeatableRequest": "an answer kept to be given again; what it did is recorded itself",
    "audit.Event": "the trail itself",
    "audit.Link": "the trail itself",
    "audit.Sealing": "the trail itself",
    "screening.Assessment": "append-only, and computed again to the same bytes from tracked facts and versions; "
    "re-scoring a pool writes a million at once",
    "trial_sites.StudyChange": "made by triggers from rows that are tracked; what pollers read",
    "trial_sites.WebhookCall": "working row of the delivery: leases and tries; what came of each stands in CallAttempt",
    "trial_sites.CallAttempt": "append-only and its own log, one row for each try",
    "screening.StateCount": "counted by triggers from the state rows; can be counted again",
    "screening.DailyStateCount": "counted by triggers from the state rows; can be counted again",
    "screening.WaitCount": "counted by triggers from the state rows; can be counted again",
    "screening.ScreenFailureCount": "counted by triggers from the screen failures; can be counted again",
    "screening.NamedCriteria": "made by triggers from the screen failures; can be made again",
    "screening.CurrentVerdict": "made from the assessments by a trigger; can be made again",
    "screening.FactSheet": "made from the fact rows; can be made again, and is proven equal each night",
    "screening.RescoringPart": "bookkeeping of a run: leases and progress; the run itself is tracked",
    "screening.TrailExportChunk": "events of the trail as text, deleted after a day; who asked for them is tracked",
    "screening.Message": "working row of the delivery: leases and tries; what came of each stands in MessageAttempt",
    "screening.MessageAttempt": "append-only and its own log, one row for each try; reminders are tracked",
    "screening.Notice": "which reminder stands in which message; written with the message, never deleted",
    "screening.Lane": "working row of the delivery: how a receiving server behaves just now",
    "screening.Heartbeat": "sign of life, once a minute",
    "screening.Alarm": "what the watch noticed and whom it told; made by the clock, not by people",
    "admin.LogEntry": "the admin's own list; the changed rows themselves are tracked",
    "auth.Permission": "made from the code at each migration",
    "contenttypes.ContentType": "made from the code at each migration",
    "sessions.Session": "who is signed in just now; signing in is recorded as the account's last sign-in",
    "account.EmailConfirmation": "a key sent by mail, for some days",
    "socialaccount.SocialApp": "not used: providers come from the configuration",
    "socialaccount.SocialToken": "a provider's token, kept by nobody here",
    "usersessions.UserSession": "who is signed in just now, and from where",
}
"""Model to the reason why its changes are no events."""

ITSELF = {"screening.Subject": "subject", "trial_sites.Site": "site", "trial_sites.Study": "study"}
"""Models that are the subject, site or study that an event is about."""


def tracked_models() -> dict[type[Model], Tracked]:
    """The tracked models of the apps that are installed."""
    known = {model._meta.label: model for model in apps.get_models(include_auto_created=True)}
    return {known[label]: how for label, how in TRACKED.items() if label in known}


def model_named(label: str) -> type[Model] | None:
    """The model of a label; None if there is none any more."""
    try:
        return apps.get_model(label)
    except LookupError:
        return None
