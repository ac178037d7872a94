"""Studies of given sizes, written by the database itself, with their counts filled from scratch."""

import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from django.db import connection

from screening.counts import refill_site, verify_site
from screening.models import ProtocolVersion
from sites.models import Site, SiteStatusChange, Study
from sites.tokens import issue_token
from trialops.accounts.models import User
from trialops.db import as_owner

SINCE = date(2024, 1, 1)
DOCUMENT = Path("screening/protocols/NCT03464916.yaml")
SUBJECTS = """
    INSERT INTO screening_subject
        (id, site_id, number, screening_number, protocol_version_id, sex, state, created_by_id)
    SELECT gen_random_uuid(), %(site)s, n, 'P-' || n, %(version)s, '', 'in_screening', %(by)s
    FROM generate_series(1, %(subjects)s) AS n
"""
STATES = """
    INSERT INTO screening_subjectstatechange (subject_id, state, effective_on, reason)
    SELECT subject.id, step.state, date '2024-01-01' + (subject.number %% 600)::int + step.after, ''
    FROM screening_subject AS subject
    JOIN (VALUES ('in_screening', 0, 0), ('eligible', 20, 1), ('screen_failed', 25, 2), ('enrolled', 30, 1))
        AS step(state, after, of) ON step.of = 0 OR step.of = subject.number %% 2 + 1
    WHERE subject.site_id = %(site)s ORDER BY subject.id, step.after
"""
FAILURES = """
    INSERT INTO screening_screenfailure (state_change_id, protocol_version_id, criteria, "primary", comment)
    SELECT moved.id, %(version)s, CASE subject.number %% 3 WHEN 0 THEN ARRAY['E1', 'E8'] ELSE ARRAY['E8'] END, 'E8', ''
    FROM screening_subjectstatechange AS moved JOIN screening_subject AS subject ON subject.id = moved.subject_id
    WHERE subject.site_id = %(site)s AND moved.state = 'screen_failed'
"""


@dataclass(frozen=True)
class Filled:
    """A study to poll, and how long its counts took to fill."""

    registry_id: str
    token: str
    sites: int
    subjects: int
    rows: int
    seconds_to_fill: float


def fill(registry_id: str, *, sites: int, subjects: int) -> Filled:
    """A recruiting study with its subjects spread over its sites; about half failed screening, half were enrolled."""
    by, _ = User.objects.get_or_create(username="bench")
    study = Study.objects.create(registry_id=registry_id, title="A study to poll", short_title="Polled")
    version = ProtocolVersion.objects.create(
        study=study, label="1", effective_on=SINCE, document=DOCUMENT.read_text(), digest="0" * 64, status="published",
        published_at="2024-01-01T00:00Z", published_by=by,
    )  # fmt: skip
    places = [
        Site(study=study, code=f"S{n:04d}", facility=f"Hospital {n}", time_zone="America/Chicago", target=50)
        for n in range(sites)
    ]
    Site.objects.bulk_create(places)
    SiteStatusChange.objects.bulk_create(
        SiteStatusChange(site=site, status="recruiting", effective_on=SINCE, reason="Opened.", recorded_by=by)
        for site in places
    )
    rows = _write_subjects(places, subjects // sites, version, by)
    begun = time.perf_counter()
    for site in places:
        refill_site(site)
    seconds = time.perf_counter() - begun
    if any(verify_site(site) for site in places[:2]):
        raise SystemExit("The counts are not those of a recount.")
    return Filled(registry_id, issue_token(study=study, name="bench")[1], sites, subjects, rows, seconds)


def _write_subjects(sites: list[Site], each: int, version: ProtocolVersion, by: User) -> int:
    """As the owner and without triggers: what they would keep is filled afterwards."""
    tables = ("screening_subject", "screening_subjectstatechange", "screening_screenfailure")
    rows = 0
    with as_owner() as owner, owner.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for site in sites:
            values = {"site": site.pk, "version": version.pk, "by": by.pk, "subjects": each}
            cursor.execute(SUBJECTS, values)
            cursor.execute(STATES, values)
            rows += cursor.rowcount
            cursor.execute(FAILURES, values)
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            cursor.execute(f"ANALYZE {table}")
    connection.close()
    return rows
