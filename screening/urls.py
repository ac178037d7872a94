"""Addresses of the pages about protocols, subjects and reminders, of the status page, and of runs over a pool."""

from django.urls import path

from screening.views import adoption, history, imports, reviews, trail_exports, versions
from screening.views.actions import subject_action
from screening.views.attempts import rescreen
from screening.views.deviations import new_deviation
from screening.views.differences import differences_page
from screening.views.entry import entry_page, save_group
from screening.views.facts import correct_fact, new_fact, retract_fact
from screening.views.judgements import judge_result
from screening.views.my_reminders import acknowledge_reminder, my_reminders, reminder_page
from screening.views.operations import end_webhook, new_webhook, operations, resend, retry
from screening.views.preferences import calendar_address, calendar_feed, preferences
from screening.views.protocol import protocol_page, protocol_schema
from screening.views.quarantine import quarantine
from screening.views.reconsent import reconsent
from screening.views.sdtm import sdtm_file
from screening.views.status import ChangeStatus
from screening.views.subjects import correct_subject, new_subject, plan_first_dose, subject_page
from screening.views.what_if import changes_csv, run_cancel, run_page, run_progress, what_if

STUDY = "studies/<str:registry_id>"
RUN = f"{STUDY}/runs/<uuid:run_id>"
PROTOCOL = f"{STUDY}/protocol"
VERSION = f"{PROTOCOL}/versions/<int:version_id>"
SITE = f"{STUDY}/sites/<str:code>"
ADOPTIONS = f"{SITE}/protocol/adoptions"
IMPORTS = f"{SITE}/imports"
IMPORT = f"{IMPORTS}/<uuid:import_id>"
EXPORT = f"{STUDY}/audit/exports/<uuid:export_id>"
SUBJECT = "subjects/<uuid:subject_id>"
REVIEW = "reviews/<int:move_id>"

urlpatterns = [
    path("protocol.schema.json", protocol_schema, name="protocol-schema"),
    path(f"{PROTOCOL}/", protocol_page, name="protocol"),
    path(f"{PROTOCOL}/versions/", versions.versions_page, name="protocol-versions"),
    path(f"{PROTOCOL}/versions/new/", versions.new_draft, name="protocol-draft-new"),
    path(f"{VERSION}/edit/", versions.edit_draft, name="protocol-draft"),
    path(f"{VERSION}/publish/", versions.publish, name="protocol-publish"),
    path(f"{VERSION}/discard/", versions.discard, name="protocol-discard"),
    path(f"{PROTOCOL}/differences/", differences_page, name="protocol-differences"),
    path(f"{ADOPTIONS}/", adoption.adoptions, name="site-adoptions"),
    path(f"{ADOPTIONS}/<int:adoption_id>/correct/", adoption.correct, name="site-adoption-correct"),
    path(f"{ADOPTIONS}/<int:adoption_id>/retract/", adoption.retract, name="site-adoption-retract"),
    path(f"{STUDY}/what-if/", what_if, name="what-if"),
    path(f"{RUN}/", run_page, name="run"),
    path(f"{RUN}/progress/", run_progress, name="run-progress"),
    path(f"{RUN}/cancel/", run_cancel, name="run-cancel"),
    path(f"{RUN}/changes.csv", changes_csv, name="run-changes"),
    path(f"{STUDY}/history/", history.study_history, name="study-history"),
    path(f"{STUDY}/audit/", trail_exports.exports_page, name="audit-export"),
    path(f"{EXPORT}/", trail_exports.export_page, name="trail-export"),
    path(f"{EXPORT}/progress/", trail_exports.export_progress, name="trail-export-progress"),
    path(f"{EXPORT}/file/", trail_exports.export_file, name="trail-export-file"),
    path(f"{SITE}/history/", history.site_history, name="site-history"),
    path(f"{SUBJECT}/history/", history.subject_history, name="subject-history"),
    path(f"{SUBJECT}/facts/<str:kind>/<int:fact_id>/history/", history.fact_history, name="fact-history"),
    path(f"{SITE}/status/", ChangeStatus.as_view(), name="site-status"),
    path(f"{SITE}/subjects/new/", new_subject, name="subject-new"),
    path(f"{IMPORTS}/", imports.imports_page, name="imports"),
    path(f"{IMPORTS}/new/", imports.new_import, name="import-new"),
    path(f"{IMPORTS}/templates/<str:template>", imports.import_template, name="import-template"),
    path(f"{IMPORT}/", imports.import_page, name="import"),
    path(f"{IMPORT}/patients/", imports.import_patients, name="import-patients"),
    path(f"{IMPORT}/commit/", imports.import_commit, name="import-commit"),
    path(f"{IMPORT}/progress/", imports.import_progress, name="import-progress"),
    path(f"{IMPORT}/discard/", imports.import_discard, name="import-discard"),
    path(f"{IMPORT}/copy.csv", imports.import_copy, name="import-copy"),
    path(f"{SUBJECT}/", subject_page, name="subject"),
    path(f"{SUBJECT}/person/", correct_subject, name="subject-correct"),
    path(f"{SUBJECT}/reconsent/", reconsent, name="subject-reconsent"),
    path(f"{SUBJECT}/first-dose/", plan_first_dose, name="subject-first-dose"),
    path(f"{SUBJECT}/entry/", entry_page, name="subject-entry"),
    path(f"{SUBJECT}/entry/<str:group>/", save_group, name="subject-entry-group"),
    path(f"{SUBJECT}/facts/<str:kind>/new/", new_fact, name="subject-fact-new"),
    path(f"{SUBJECT}/facts/<str:kind>/<int:fact_id>/correct/", correct_fact, name="subject-fact-correct"),
    path(f"{SUBJECT}/facts/<str:kind>/<int:fact_id>/retract/", retract_fact, name="subject-fact-retract"),
    path(f"{SUBJECT}/actions/<str:slug>/", subject_action, name="subject-action"),
    path(f"{SUBJECT}/facts/observation/<int:fact_id>/judge/", judge_result, name="subject-judge"),
    path(f"{SUBJECT}/rescreen/", rescreen, name="subject-rescreen"),
    path(f"{SUBJECT}/deviations/new/", new_deviation, name="subject-deviation-new"),
    path("reviews/", reviews.queue, name="reviews"),
    path(f"{REVIEW}/", reviews.review_page, name="review"),
    path(f"{REVIEW}/sign/", reviews.sign, name="review-sign"),
    path(f"{REVIEW}/return/", reviews.send_back, name="review-return"),
    path(f"{REVIEW}/answer/", reviews.answer, name="review-answer"),
    path(f"{REVIEW}/withdraw/", reviews.withdraw, name="review-withdraw"),
    path(f"{REVIEW}/sheet.json", reviews.sheet_json, name="review-sheet"),
    path(f"{STUDY}/sdtm/<str:domain>.<str:extension>", sdtm_file, name="sdtm"),
    path("reminders/", my_reminders, name="reminders"),
    path("reminders/preferences/", preferences, name="preferences"),
    path("reminders/preferences/calendar/", calendar_address, name="calendar-address"),
    path("reminders/operations/", operations, name="operations"),
    path("reminders/quarantine/", quarantine, name="quarantine"),
    path("reminders/operations/messages/<uuid:message_id>/retry/", retry, name="message-retry"),
    path("reminders/operations/webhooks/<uuid:endpoint_id>/end/", end_webhook, name="webhook-end"),
    path(f"{SITE}/webhooks/new/", new_webhook, name="webhook-new"),
    path("reminders/<uuid:reminder_id>/", reminder_page, name="reminder"),
    path("reminders/<uuid:reminder_id>/acknowledge/", acknowledge_reminder, name="reminder-acknowledge"),
    path("reminders/<uuid:reminder_id>/resend/", resend, name="reminder-resend"),
    path("calendar/<str:token>.ics", calendar_feed, name="calendar-feed"),
]
