"""What the load is put on: a study of many sites with people, subjects, an audit trail and reminders falling due."""

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

import psycopg
from django.contrib.auth.hashers import make_password

from benchmarks.load.password import PASSWORD
from benchmarks.pool import fill
from benchmarks.rescoring import changed_document
from screening.counts import refill_site
from screening.models import Reminder, Subject
from screening.reminders.due import day_ends
from sites.models import Membership, Site, SiteStatusChange, Study
from sites.tokens import issue_token
from trialops.accounts.models import User

Role = Membership.Role
EVENTS = """
    INSERT INTO audit_event (recorded_at, transaction, action, model, row, study_pk, site_pk, subject_pk,
                             user_pk, user_name, roles, database_role, origin, request_id, reason, old, new)
    SELECT now() - n * interval '5 seconds', 1, 'update', 'screening.Observation', n::text, %(study)s, person.site_id,
           person.id, NULL, 'benchmark', '{}', 'benchmark', 'POST', '', 'Entered anew.',
           '{"value": "12.1", "unit": "g/dL"}', '{"value": "13.1", "unit": "g/dL"}'
    FROM generate_series(1, %(rows)s) AS n
    JOIN (SELECT id, site_id, row_number() OVER (ORDER BY id) AS nth FROM screening_subject) AS person
         ON person.nth = n %% %(subjects)s + 1
"""


@dataclass(frozen=True)
class Filled:
    """The addresses and names by which the people of the load find their work."""

    registry_id: str
    codes: list[str]
    tokens: list[str]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def fill_for_load(superuser: psycopg.Connection[Any], *, sites: int, subjects: int, audit_rows: int) -> Filled:
    """An open study; its people are at every site, its audit trail is long."""
    before, after = changed_document()
    today = datetime.now(UTC).date()
    pool = fill(superuser, size=subjects, before=before, after=after, today=today, sites=sites)
    places = list(Site.objects.order_by("pk"))
    _open(places, by=pool.by)
    for site in places:
        refill_site(site)
    _make_people(pool.study, places)
    superuser.execute("SET session_replication_role = replica")
    superuser.execute(EVENTS, {"study": pool.study.pk, "rows": audit_rows, "subjects": subjects})
    superuser.execute("SET session_replication_role = origin")
    superuser.commit()
    superuser.autocommit = True
    superuser.execute("VACUUM ANALYZE")
    tokens = [issue_token(study=pool.study, name=f"sponsor {n}")[1] for n in range(20)]
    return Filled(pool.study.registry_id, [site.code for site in places], tokens)


def _open(places: list[Site], *, by: User) -> None:
    SiteStatusChange.objects.bulk_create(
        SiteStatusChange(
            site=site, status="recruiting", effective_on=date(2024, 1, 2), reason="Opened.", recorded_by=by
        )
        for site in places
    )


def _make_people(study: Study, places: list[Site]) -> None:
    """A coordinator and a principal investigator at each site, and a study manager; all with one password."""
    password = make_password(PASSWORD)
    people = [
        (f"{prefix}-{site.code}", role, site)
        for site in places
        for prefix, role in (("coordinator", Role.COORDINATOR), ("investigator", Role.PRINCIPAL_INVESTIGATOR))
    ]
    rows = [("manager", Role.STUDY_MANAGER, None), *people]
    users = User.objects.bulk_create(
        User(username=name.lower(), first_name=name, email=f"{name.lower()}@hospital.example", password=password)
        for name, _, _ in rows
    )
    Membership.objects.bulk_create(
        Membership(user=user, study=study, site=site, role=role, starts_on=date(2024, 1, 2))
        for user, (_, role, site) in zip(users, rows, strict=True)
    )


def make_reminders(shape: str, per_minute: int, *, minutes: float) -> None:
    """Urgent reminders that fall due one after the other from now on."""
    begins = datetime.now(UTC)
    last = begins.date() + timedelta(days=2)
    due = round(per_minute * minutes)
    rows = (
        Reminder(
            site=subject.site, subject=subject, rule=f"load {shape}", occurrence=1, summary="A pregnancy test is due",
            window_from=begins.date() - timedelta(days=1), window_to=last, closes_at=day_ends(last, subject.site.zone),
            due_at=begins + timedelta(minutes=minutes * nth / due), urgent=True,
        )
        for nth, subject in enumerate(Subject.objects.select_related("site").order_by("pk")[:due])
    )  # fmt: skip
    while some := list(islice(rows, 2000)):
        Reminder.objects.bulk_create(some)
