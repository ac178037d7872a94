"""Every model field is classed: identifying (of a person, or clinical) or plain. A new field must be classed here."""

from django.apps import apps

IDENTIFYING: dict[str, set[str]] = {
    "accounts.User": {"email", "first_name", "last_login", "last_name", "password", "username"},
    "screening.Assessment": {"earliest_first_dose", "first_dose", "result", "satisfied", "verdict"},
    "screening.CurrentVerdict": {"code", "first_dose"},
    "screening.FactSheet": {"observations", "therapies", "toxicities"},
    "screening.Observation": {
        "clinically_significant",
        "day",
        "due_to_myeloma",
        "fact",
        "on",
        "reason",
        "reference_high",
        "reference_low",
        "unit",
        "value",
    },
    "screening.Reminder": {"due_at", "summary", "why", "window_from", "window_to"},
    "screening.ReminderDelivery": {"error"},
    "screening.RescoringPart": {"changes", "tally"},
    "screening.ScreenFailure": {"comment", "criteria", "primary"},
    "screening.Subject": {"birth_year", "first_dose_on", "number", "planned_first_dose", "screening_number", "sex"},
    "screening.SubjectCorrection": {"sex", "sex_before", "birth_year", "birth_year_before", "reason"},
    "screening.SubjectStateChange": {"effective_on", "reason"},
    "screening.SubjectVersionChange": {"effective_on", "reason"},
    "screening.Therapy": {
        "best_response",
        "cycles",
        "drugs",
        "end",
        "kind",
        "line",
        "progressed_on",
        "reason",
        "response_day_100",
        "start",
    },
    "screening.Toxicity": {"grade", "onset", "reason", "resolved_on", "term"},
    "trial_sites.ApiToken": {"digest", "token_key"},
    "trial_sites.Investigator": {"name"},
    "trial_sites.Site": {"contact_email", "contact_name", "contact_phone"},
    "trial_sites.SiteStatusChange": {"reason"},
    "trial_sites.Study": {"contact_name", "contact_phone"},
}
"""Never in logs, task arguments, addresses of pages or mails (a screening number may stand in a mail and on a page)."""

PLAIN: dict[str, set[str]] = {
    "accounts.User": {"date_joined", "id", "is_active", "is_staff", "is_superuser"},
    "screening.Assessment": {
        "as_of",
        "facts_digest",
        "id",
        "protocol_version",
        "recorded_at",
        "recorded_by",
        "subject",
        "total",
    },
    "screening.CurrentVerdict": {"as_of", "assessment", "protocol_version", "subject"},
    "screening.FactSheet": {"digest", "id", "is_current", "subject"},
    "screening.Observation": {"id", "recorded_at", "recorded_by", "retracted", "source", "subject", "supersedes"},
    "screening.ProtocolAdoption": {
        "approval",
        "approved_on",
        "effective_on",
        "id",
        "protocol_version",
        "reason",
        "recorded_at",
        "recorded_by",
        "retracted",
        "site",
        "supersedes",
    },
    "screening.ProtocolVersion": {
        "digest",
        "document",
        "drafted_at",
        "drafted_by",
        "effective_on",
        "id",
        "label",
        "published_at",
        "published_by",
        "status",
        "study",
        "written",
    },
    "screening.Reminder": {
        "attempt",
        "created_at",
        "id",
        "lease_until",
        "occurrence",
        "replaces",
        "rule",
        "sent_at",
        "state",
        "subject",
        "urgent",
    },
    "screening.ReminderDelivery": {"attempt", "id", "outcome", "recipients", "recorded_at", "reminder"},
    "screening.RescoringPart": {
        "attempt",
        "changed",
        "done_at",
        "failed",
        "first_sheet",
        "id",
        "last_sheet",
        "lease_until",
        "number",
        "run",
        "subjects",
    },
    "screening.RescoringRun": {
        "against",
        "as_of",
        "cancelled_at",
        "cancelled_by",
        "created_at",
        "created_by",
        "failure",
        "finished_at",
        "id",
        "kind",
        "pool_states",
        "pool_version",
        "site",
        "state",
        "study",
        "total",
        "version",
    },
    "screening.ScreenFailure": {"id", "protocol_version", "state_change"},
    "screening.Subject": {"created_at", "created_by", "id", "protocol_version", "site", "state", "submission"},
    "screening.SubjectCorrection": {"id", "subject", "recorded_at", "recorded_by"},
    "screening.SubjectStateChange": {"id", "recorded_at", "recorded_by", "state", "subject"},
    "screening.SubjectVersionChange": {"from_version", "id", "recorded_at", "recorded_by", "subject", "to_version"},
    "screening.Therapy": {"id", "recorded_at", "recorded_by", "retracted", "source", "subject", "supersedes"},
    "screening.Toxicity": {"id", "recorded_at", "recorded_by", "retracted", "source", "subject", "supersedes"},
    "trial_sites.ApiToken": {"created", "expiry", "name", "study", "user"},
    "trial_sites.Investigator": {"credentials", "id", "user"},
    "trial_sites.InvestigatorTerm": {"ends_on", "id", "investigator", "role", "site", "starts_on"},
    "trial_sites.Membership": {"ends_on", "id", "role", "site", "starts_on", "study", "user"},
    "trial_sites.Site": {"city", "code", "country", "facility", "id", "state", "study", "target", "time_zone"},
    "trial_sites.SiteStatusChange": {
        "effective_on",
        "id",
        "recorded_at",
        "recorded_by",
        "site",
        "status",
        "supersedes",
    },
    "trial_sites.SiteStatusVerification": {"id", "recorded_at", "recorded_by", "site", "verified_on"},
    "trial_sites.Study": {
        "data_version",
        "declared_status",
        "id",
        "is_demo",
        "phase",
        "planned_enrollment",
        "registry_id",
        "short_title",
        "sponsor",
        "title",
    },
}


def test_every_field_of_every_model_is_classed_once() -> None:
    ours = [model for model in apps.get_models() if model._meta.app_label in {"accounts", "trial_sites", "screening"}]
    fields = {model._meta.label: {field.name for field in model._meta.fields} for model in ours}
    classed = {label: IDENTIFYING.get(label, set()) | PLAIN.get(label, set()) for label in {*IDENTIFYING, *PLAIN}}
    assert classed == fields
    assert not {label for label in IDENTIFYING if IDENTIFYING[label] & PLAIN.get(label, set())}


def test_who_and_when_come_in_pairs_held_by_a_constraint() -> None:
    """A nullable `*_at` with its `*_by` has a constraint that sets both or none."""
    for model in apps.get_models():
        names = {field.name for field in model._meta.fields if field.null}
        for name in names:
            if name.endswith("_at") and f"{name[:-3]}_by" in names:
                held = [constraint.name for constraint in model._meta.constraints]
                assert any(str(constraint).endswith("who_and_when") for constraint in held), (model, name)
