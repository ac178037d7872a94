"""Fills an empty database with a pool of invented subjects: records made once, stored many times, by COPY.

`DISTINCT` different records are made and stored with all their rows; a larger pool repeats them under other screening
numbers, inside the database. Whatever a service would have stored stands there: subjects, state rows, facts, verdicts
and fact sheets. Only the explanations of the repeated subjects' old verdicts are left out, to spare the disk.
"""

import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import psycopg

from screening.criteria import Protocol, SubjectRecord, assess, parse_record
from screening.criteria.record_lines import lines_of, record_digest
from screening.demo_records import Course, invented_record
from screening.models import Observation, ProtocolVersion, Therapy, Toxicity
from screening.storage import LIST_NAMES, ROW_MAKERS
from sites.models import Site, Study
from trialops.accounts.models import User

DISTINCT = 4_000
SITES = 20
SEED = 3464916
FACTS = (Observation, Therapy, Toxicity)
TABLES = (
    "screening_rescoringpart", "screening_rescoringrun", "screening_reminder",
    "screening_currentverdict", "screening_factsheet", "screening_assessment", "screening_observation",
    "screening_therapy", "screening_toxicity", "screening_subjectstatechange", "screening_subject",
    "screening_protocolversion", "trial_sites_site", "trial_sites_study",
)  # fmt: skip


@dataclass(frozen=True)
class Pool:
    """What stands in the database: the version that the verdicts were made under, and the one to score under."""

    study: Study
    by: User
    before: ProtocolVersion
    after: ProtocolVersion


def fill(
    connection: psycopg.Connection[Any],
    *,
    size: int,
    before: Protocol,
    after: Protocol,
    today: date,
    sites: int = SITES,
) -> Pool:
    """Empty the tables and store `size` subjects with verdicts under `before`, who consented to `after` since.

    `connection` is a superuser's: it leaves out foreign keys' and triggers' checks, which hold by construction.
    """
    connection.execute(f"TRUNCATE {', '.join(TABLES)} CASCADE")
    connection.commit()
    pool = _study(before, after, sites)
    connection.execute("SET session_replication_role = replica")
    _store_distinct(connection, pool, before, count=min(size, DISTINCT), today=today)
    stored = min(size, DISTINCT)
    while stored < size:
        more = min(stored, size - stored)
        _repeat(connection, count=more, shift=stored, sites=sites)
        stored += more
    connection.execute("SET session_replication_role = origin")
    connection.commit()
    connection.autocommit = True
    connection.execute("VACUUM ANALYZE")
    connection.autocommit = False
    return pool


def invented(today: date, rng: Random) -> SubjectRecord:
    """A plausible subject in screening: some thirty observations, four therapies or five, a toxicity or none."""
    ago = rng.randint(10, 540)
    dose = today + timedelta(days=rng.randint(5, 60)) if rng.random() < 0.7 else None
    reason = rng.choice(("", "", "", "", "E15", "E8", "E5", "E7", "I2", "E10"))
    missing = rng.choice(({}, {}, {}, {"missing": "lvef"}, {"missing": "hepatitis_b"}, {"missing": "marrow"}))
    course = Course("B00", ago, "undetermined", reason=reason, extra={} if reason else missing)
    began = today - timedelta(days=ago)
    worked_up = began + timedelta(days=rng.randint(4, 9))
    return parse_record(invented_record(course, began=began, worked_up=worked_up, dose=dose, today=today, rng=rng))


def _study(before: Protocol, after: Protocol, sites: int) -> Pool:
    by, _ = User.objects.get_or_create(username="benchmark")
    study = Study.objects.create(
        registry_id=before.registry_id, title="A pool", short_title="A pool", planned_enrollment=72
    )
    Site.objects.bulk_create(
        Site(study=study, code=f"B{n:02d}", facility="A hospital", time_zone="America/Chicago") for n in range(sites)
    )
    versions = [
        ProtocolVersion.objects.create(
            study=study, label=protocol.version, status=status, effective_on=date(2025, 1, 2 + place),
            document=protocol.text, digest=protocol.digest, published_at=datetime.now(UTC), published_by=by,
        )
        for place, (protocol, status) in enumerate(((before, "superseded"), (after, "published")))
    ]  # fmt: skip
    return Pool(study, by, *versions)


def _store_distinct(
    connection: psycopg.Connection[Any], pool: Pool, protocol: Protocol, *, count: int, today: date
) -> None:
    rng = Random(SEED)
    sites = list(Site.objects.order_by("pk").values_list("pk", "code"))
    rows: dict[str, list[Sequence[Any]]] = {
        name: []
        for name in ("subject", "state", "assessment", "verdict", "sheet", "observation", "therapy", "toxicity")
    }
    for n in range(count):
        site, code = sites[n % len(sites)]
        number = n // len(sites) + 1
        place = n + 1, site, number, f"{code}-{number:06d}"
        _rows_of_one(rows, pool, protocol, invented(today, rng), place=place, today=today)
    with connection.cursor() as cursor:
        _copy(cursor, "screening_subject", SUBJECT, rows["subject"])
        _copy(cursor, "screening_subjectstatechange", STATE, rows["state"])
        _copy(cursor, "screening_assessment", ASSESSMENT, rows["assessment"])
        _copy(cursor, "screening_currentverdict", VERDICT, rows["verdict"])
        _copy(cursor, "screening_factsheet", SHEET, rows["sheet"])
        for model in FACTS:
            _copy(cursor, model._meta.db_table, _columns(model), rows[model._meta.model_name or ""])
        cursor.execute("SELECT setval('screening_assessment_id_seq', %s)", [count])


SUBJECT = (
    "id", "site_id", "number", "screening_number", "protocol_version_id", "sex", "birth_year", "state",
    "planned_first_dose", "created_at", "created_by_id",
)  # fmt: skip
STATE = ("subject_id", "state", "effective_on", "reason", "recorded_at", "recorded_by_id")
ASSESSMENT = (
    "id", "subject_id", "protocol_version_id", "as_of", "first_dose", "verdict", "satisfied", "total",
    "earliest_first_dose", "result", "facts_digest", "recorded_at", "recorded_by_id",
)  # fmt: skip
VERDICT = ("subject_id", "assessment_id", "protocol_version_id", "as_of", "first_dose", "code")
SHEET = ("subject_id", "observations", "therapies", "toxicities", "digest", "is_current")


def _rows_of_one(
    rows: dict[str, list[Sequence[Any]]],
    pool: Pool,
    protocol: Protocol,
    record: SubjectRecord,
    *,
    place: tuple[int, int, int, str],
    today: date,
) -> None:
    """What the services would have stored of one subject a day ago."""
    n, site, number, name = place
    subject = uuid.UUID(int=Random(n).getrandbits(128), version=4)
    now, yesterday = datetime.now(UTC), today - timedelta(days=1)
    found = assess(protocol, record, as_of=yesterday)
    state = "eligible" if found.verdict == "eligible" else "in_screening"
    lines = lines_of(record)
    rows["subject"].append(
        (subject, site, number, name, pool.after.pk, record.sex.value if record.sex is not None else "",
         record.birth_year, state, record.first_dose, now, pool.by.pk)
    )  # fmt: skip
    rows["state"].append((subject, state, yesterday - timedelta(days=10), "", now, pool.by.pk))
    rows["assessment"].append(
        (n, subject, pool.before.pk, yesterday, found.first_dose, found.verdict.value, found.satisfied, found.total,
         found.earliest_first_dose, json.dumps(found.as_json()), record_digest(record, lines), now, pool.by.pk)
    )  # fmt: skip
    code = "".join(result.verdict.value[0] for result in found.criteria)
    rows["verdict"].append((subject, n, pool.before.pk, yesterday, found.first_dose, code))
    rows["sheet"].append((subject, lines.observations, lines.therapies, lines.toxicities, lines.digest(), True))
    raw = record.as_json()
    for model in FACTS:
        for item in raw[LIST_NAMES[model]]:
            row = ROW_MAKERS[model](item)
            row.subject_id, row.source, row.recorded_by_id, row.recorded_at = subject, "file", pool.by.pk, now
            rows[model._meta.model_name or ""].append([getattr(row, column) for column in _columns(model)])


def _columns(model: type[Any]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields if field.name != "id"]


def _copy(cursor: psycopg.Cursor[Any], table: str, columns: Iterable[str], rows: Iterable[Sequence[Any]]) -> None:
    listed = ", ".join(f'"{column}"' for column in columns)
    with cursor.copy(f"COPY {table} ({listed}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _repeat(connection: psycopg.Connection[Any], *, count: int, shift: int, sites: int) -> None:
    """Store the first `count` subjects again with everything of theirs; `shift` keeps numbers and ids apart."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS again")
        cursor.execute(
            "CREATE TEMPORARY TABLE again AS SELECT subject_id AS old, gen_random_uuid() AS new, assessment_id AS n "
            "FROM screening_currentverdict WHERE assessment_id <= %s",
            [count],
        )
        cursor.execute("ANALYZE again")
        for statement in _statements(shift, sites):
            cursor.execute(statement)  # type: ignore[arg-type]  # only names of this module stand in it


def _statements(shift: int, sites: int) -> Iterator[str]:
    number = f"t.number + {shift // sites}"
    own = {"subject_id": "again.new"}
    shifted = f"again.n + {shift}"
    yield _insert(
        "screening_subject",
        SUBJECT,
        {
            "id": "again.new",
            "number": number,
            "screening_number": f"split_part(t.screening_number, '-', 1) || '-' || lpad(({number})::text, 6, '0')",
        },
    )
    yield _insert("screening_subjectstatechange", STATE, own)
    yield _insert(
        "screening_assessment",
        ASSESSMENT,
        own | {"id": shifted, "result": '\'{"criteria": [], "windows": []}\'::jsonb'},
    )
    yield _insert("screening_currentverdict", VERDICT, own | {"assessment_id": shifted})
    yield _insert("screening_factsheet", SHEET, own) + " ORDER BY t.id"
    for model in FACTS:
        yield _insert(model._meta.db_table, _columns(model), own)
    yield "SELECT setval('screening_assessment_id_seq', (SELECT max(id) FROM screening_assessment))"


def _insert(table: str, columns: Iterable[str], given: dict[str, str]) -> str:
    """Rows of the first subjects once more, with the given columns made anew."""
    names = [name for name in columns if name not in given]
    listed = ", ".join(f'"{name}"' for name in [*given, *names])
    values = ", ".join([*given.values(), *(f't."{name}"' for name in names)])
    key = "id" if table == "screening_subject" else "subject_id"
    return f"INSERT INTO {table} ({listed}) SELECT {values} FROM again JOIN {table} t ON t.{key} = again.old"  # noqa: S608
