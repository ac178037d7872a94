"""Invented demo data: about sixty subjects of every state over eighteen months, the same for the same seed and day."""

from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from screening import services
from screening.criteria import parse_record
from screening.demo_records import Course, invented_record
from screening.demo_reviews import review_pool, sign_as_demo
from screening.models import Subject
from screening.states import SubjectState
from sites.models import Site
from sites.queries import site_today
from trialops.accounts.models import User

SEED = 3464916
MONTHS_18 = 540
CLOSED_DAYS_AGO = 9

FAILURES: tuple[str, ...] = (
    "E8", "I2", "E5", "E15", "E8", "E9", "E10", "E7", "I2", "E3", "E12", "E9", "E8", "E5", "E6", "E14", "E7", "I3",
)  # fmt: skip
"""What each screen failure of the demo is for; the mix resembles a heavily pretreated myeloma population."""


def courses(rng: Random) -> list[Course]:
    """The sixty courses in the order of screening."""
    planned: list[Course] = []

    def add(outcome: str, count: int, lo: int, hi: int, **options: Any) -> None:
        for _ in range(count):
            site = rng.choices(["JAX", "RST"], weights=[32, 28])[0]
            planned.append(Course(site=site, screened_days_ago=rng.randint(lo, hi), outcome=outcome, **options))

    for reason in FAILURES:
        add("screen_failed", 1, 40, 530, reason=reason)
    add("completed", 4, 430, 530)
    add("treated", 4, 60, 380)
    add("treated", 1, 38, 40, extra={"childbearing": True})
    add("treated", 1, 55, 58, extra={"childbearing": True})
    add("withdrawn", 4, 60, 500)
    for days in (2, 5, 9):
        add("enrolled", 1, 14, 18, dose_in_days=days)
    for days in (1, 3, 6, 11, 12, 13, 24):
        add("eligible", 1, 14, 30, dose_in_days=days)
    for days in (2, 5, 8, 15):  # the 28-day washout ends in so many days
        add("washout", 1, 12, 30, extra={"washout_ends_in": days})
    add("washout_too_early", 2, 12, 25, extra={"washout_ends_in": 17}, dose_in_days=9)
    for missing in ("lvef", "hepatitis_b", "pregnancy", "therapy_history_complete", "marrow", "clinically_significant"):
        add("undetermined", 2, 11, 35, dose_in_days=rng.randint(12, 40), extra={"missing": missing})
    add("pre_screened", 3, 10, 16)
    return sorted(planned, key=lambda course: -course.screened_days_ago)


def load_subjects(
    *, sites: dict[str, Site], investigators: dict[str, User], by: User, now: datetime, seed: int = SEED
) -> list[Subject]:
    """Store the demo subjects through the same services that people use; the investigators' reviews follow.

    Site codes to the sites, and to who signs at each.
    """
    rng = Random(seed)  # noqa: S311  invented data, not secrets
    entered = []
    for course in courses(rng):
        signer = investigators[course.site]
        entered.append(_enter(course, sites[course.site], by=by, signer=signer, now=now, rng=rng))
    review_pool(sites=sites, investigators=investigators, by=by, now=now)
    return entered


def _enter(course: Course, site: Site, *, by: User, signer: User, now: datetime, rng: Random) -> Subject:
    today = site_today(site, now)
    began = today - timedelta(days=course.screened_days_ago)
    historical = course.outcome in {"screen_failed", "completed", "treated", "withdrawn"}
    if course.dose_in_days is not None:
        dose: date | None = today + timedelta(days=course.dose_in_days)
    elif historical:
        dose = began + timedelta(days=rng.randint(20, 30))
    else:
        dose = None
    worked_up = min(began + timedelta(days=rng.randint(4, 9)), today)
    raw = invented_record(course, began=began, worked_up=worked_up, dose=dose, today=today, rng=rng)
    state = SubjectState.PRE_SCREENED if course.outcome == "pre_screened" else SubjectState.IN_SCREENING
    as_of = worked_up + timedelta(days=2) if historical or course.outcome == "enrolled" else today
    subject = services.import_record(
        site=site, record=parse_record(raw), by=signer, now=now, screened_on=began, as_of=min(as_of, today), state=state
    )  # an investigator's: the records hold judgements
    _follow_course(course, subject, decided=min(as_of, today), dose=dose, by=by, signer=signer, now=now)
    return subject


def _follow_course(
    course: Course, subject: Subject, *, decided: date, dose: date | None, by: User, signer: User, now: datetime
) -> None:
    if course.outcome == "screen_failed":
        violated = [
            item["id"] for item in subject.assessments.latest("id").result["criteria"] if item["verdict"] == "violated"
        ]
        services.fail_screening(
            subject=subject, criteria=violated, primary=course.reason if course.reason in violated else violated[0],
            comment="Invented demo data.", on=decided + timedelta(days=1), by=by, now=now,
        )  # fmt: skip
    elif course.outcome == "withdrawn":
        services.withdraw(
            subject=subject, on=decided + timedelta(days=3), by=by, now=now, reason="Withdrew consent (invented)."
        )
    elif course.outcome in {"enrolled", "treated", "completed"} and dose is not None:
        sign_as_demo(subject, by=signer, now=now, as_of=decided)
        services.enroll(subject=subject, on=decided + timedelta(days=1), by=by, now=now)
        if course.outcome != "enrolled":
            services.record_first_dose(subject=subject, on=dose, by=by, now=now)
        if course.outcome == "completed":
            services.complete(subject=subject, on=dose + timedelta(days=365), by=by, now=now)
