"""Invented reviews for the demo: a few in each state a review can be in, the others signed."""

from datetime import date, datetime, timedelta

from screening import services
from screening.models import Observation, ProtocolDeviation, Signature, Subject, SubjectStateChange
from screening.queries import catalogue_of, current_facts
from screening.reviews import awaiting
from screening.services.attempts import key_of
from screening.services.reviews import sheet_to_sign
from screening.states import SubjectState
from screening.storage import observation_json
from sites.models import Site
from sites.queries import site_today
from trialops.accounts.models import User

S = SubjectState
SECOND_ATTEMPT_DAYS_AGO = 21
"""The sites of the demo were open then."""
LEFT_WAITING = 2
"""How many of the newest failures, and of the newest eligibilities, are left for whoever tries the demo out."""


def sign_as_demo(subject: Subject, *, by: User, now: datetime, as_of: date | None = None) -> Signature:
    """The signature of an investigator of the demo, whose password nobody types while the demo is made."""
    return _sign(awaiting([subject.site]).get(subject=subject), by=by, now=now, as_of=as_of)


def review_pool(*, sites: dict[str, Site], investigators: dict[str, User], by: User, now: datetime) -> None:
    """At each site: of the failures the newest wait, one was returned, one answered, one signature is void.

    All older failures are signed; of the eligible, the newest wait and the others are signed. Whoever failed first is
    in a second attempt, and one protocol deviation is recorded.
    """
    for code, site in sites.items():
        changes = sorted(awaiting([site]), key=lambda change: change.effective_on)
        failures: list[SubjectStateChange] = [each for each in changes if each.state == S.SCREEN_FAILED]
        eligible: list[SubjectStateChange] = [each for each in changes if each.state == S.ELIGIBLE]
        _review_failures(failures[:-LEFT_WAITING], by=by, signer=investigators[code], now=now)
        for change in eligible[:-LEFT_WAITING]:
            _sign(change, by=investigators[code], now=now)
        _screened_again(failures[0].subject, by=by, now=now)
        _deviated(site, by=by, now=now)


def _review_failures(failures: list[SubjectStateChange], *, by: User, signer: User, now: datetime) -> None:
    *signed, voided, answered, returned = failures
    for change in [*signed, voided]:
        _sign(change, by=signer, now=now)
    _correct_something(voided.subject, by=by, now=now)
    question = "Was the value measured a second time? (Invented.)"
    for change in (answered, returned):
        services.return_review(change=change, question=question, by=signer, now=now)
    services.answer_review(change=answered, text="Yes, with the same result. (Invented.)", by=by, now=now)


def _sign(change: SubjectStateChange, *, by: User, now: datetime, as_of: date | None = None) -> Signature:
    day = as_of or site_today(change.subject.site, now)
    shown = sheet_to_sign(change, as_of=day).digest
    return services.sign_verified(change=change, shown=shown, by=by, now=now, as_of=day)


def _correct_something(subject: Subject, *, by: User, now: datetime) -> None:
    """A small correction after the signature, which voids it."""
    row = next(row for row in current_facts(subject)[0] if row.fact == "life_expectancy")
    raw = observation_json(row, catalogue_of(subject)[row.fact]) | {"value": 30}
    services.record_fact(
        subject=subject, kind=Observation, raw=raw, by=by, now=now, supersedes=row,
        reason="Copied from the wrong column (invented).",
    )  # fmt: skip


def _screened_again(previous: Subject, *, by: User, now: datetime) -> Subject:
    """A second attempt of somebody whose failure is signed; what was treated before is carried over."""
    previous.refresh_from_db()
    _, therapies, toxicities = current_facts(previous)
    began = site_today(previous.site, now) - timedelta(days=SECOND_ATTEMPT_DAYS_AGO)
    carry = [*map(key_of, therapies), *map(key_of, toxicities)]
    return services.rescreen(previous=previous, screened_on=began, by=by, now=now, carry=carry)


def _deviated(site: Site, *, by: User, now: datetime) -> ProtocolDeviation:
    """What happened otherwise than the protocol asks, of the subject treated last."""
    treated = site.subjects.filter(state=S.TREATED, first_dose_on__isnull=False).latest("first_dose_on")
    assert treated.first_dose_on is not None  # noqa: S101  filtered
    return services.record_deviation(
        subject=treated, happened_on=treated.first_dose_on + timedelta(days=8), by=by, now=now,
        what="The visit of the first week was made a day late (invented).", rule="visits after the dose",
        why="The clinic was closed for a public holiday (invented).",
        corrective_action="Visits are planned around the clinic's calendar (invented).",
    )  # fmt: skip
