"""Every change of a subject: keyword-only, atomic, with who and why.

A fact's way is one transaction: recorded, scored, the subject's state follows, its reminders follow.
"""

from screening.services.attempts import rescreen
from screening.services.consent import reconsent
from screening.services.course import (
    complete,
    enroll,
    fail_screening,
    plan_first_dose,
    record_first_dose,
    start_screening,
    withdraw,
)
from screening.services.deviations import record_deviation
from screening.services.entering import ChangedMeanwhileError, Entered, WithoutValue, about, record_answers
from screening.services.entry import create_subject, import_record
from screening.services.facts import AnyFact, correct_subject, record_fact, retract_fact
from screening.services.judgements import judge
from screening.services.reviews import answer_review, confirm_review, return_review, sign_verified, withdraw_failure
from screening.services.verdicts import rescore

__all__ = [
    "AnyFact",
    "ChangedMeanwhileError",
    "Entered",
    "WithoutValue",
    "about",
    "answer_review",
    "complete",
    "confirm_review",
    "correct_subject",
    "create_subject",
    "enroll",
    "fail_screening",
    "import_record",
    "judge",
    "plan_first_dose",
    "reconsent",
    "record_answers",
    "record_deviation",
    "record_fact",
    "record_first_dose",
    "rescore",
    "rescreen",
    "retract_fact",
    "return_review",
    "sign_verified",
    "start_screening",
    "withdraw",
    "withdraw_failure",
]
