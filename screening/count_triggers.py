"""How state rows become counts: the one SQL that a trigger applies to new rows and a recount to all rows."""

import pgtrigger

from sites.triggers import announce_change


def deltas(rows: str, *, sign: int = 1) -> str:
    """SQL of the changes (site, day, state, change, first) that the state rows of some subjects amount to.

    `rows` is a relation with whole subjects: all of a subject's rows or none. A day counts once, by its last entry.
    """
    return f"""
        SELECT subject.site_id, moved.day, moved.state, {sign} * moved.change AS change, {sign} * moved.first AS first
        FROM (
            WITH chosen AS ({rows}), days AS (
                SELECT subject_id, effective_on, state,
                       lag(state) OVER (PARTITION BY subject_id ORDER BY effective_on) AS before
                FROM (SELECT DISTINCT ON (subject_id, effective_on) subject_id, effective_on, state
                      FROM chosen ORDER BY subject_id, effective_on, id DESC) AS last_of_day)
            SELECT subject_id, effective_on AS day, state, 1 AS change, 0 AS first
            FROM days WHERE state IS DISTINCT FROM before
            UNION ALL
            SELECT subject_id, effective_on, before, -1, 0 FROM days WHERE before <> state
            UNION ALL
            SELECT subject_id, min(effective_on), state, 0, 1 FROM chosen GROUP BY subject_id, state
        ) AS moved JOIN screening_subject AS subject ON subject.id = moved.subject_id
    """  # noqa: S608


def add_to_counts(changes: str) -> str:
    """SQL that adds changes, in the form of `deltas`, to the daily counts and to those over all days."""
    return f"""
        WITH added AS MATERIALIZED (
            SELECT site_id, day, state, sum(change)::bigint AS change, sum(first)::bigint AS first
            FROM ({changes}) AS every GROUP BY site_id, day, state
        ), daily AS (
            INSERT INTO screening_dailystatecount AS kept (site_id, day, state, change, first)
            SELECT * FROM added WHERE change <> 0 OR first <> 0 ORDER BY site_id, state, day
            ON CONFLICT (site_id, state, day)
            DO UPDATE SET change = kept.change + EXCLUDED.change, first = kept.first + EXCLUDED.first
        )
        INSERT INTO screening_statecount AS kept (site_id, state, present, ever)
        SELECT site_id, state, sum(change), sum(first) FROM added GROUP BY site_id, state ORDER BY site_id, state
        ON CONFLICT (site_id, state)
        DO UPDATE SET present = kept.present + EXCLUDED.present, ever = kept.ever + EXCLUDED.ever
    """  # noqa: S608


def waits(rows: str, *, sign: int = 1) -> str:
    """SQL of how long the subjects of some state rows, all of each, waited (site, until, day, waited, persons).

    From the first day in screening, which is that of the consent. What lies before it is no waiting.
    """
    return f"""
        SELECT subject.site_id, ended.until, ended.day, ended.day - way.began AS waited, {sign} AS persons
        FROM (
            SELECT subject_id, min(effective_on) FILTER (WHERE state = 'in_screening') AS began,
                   min(effective_on) FILTER (WHERE state IN ('eligible', 'screen_failed')) AS decided,
                   min(effective_on) FILTER (WHERE state = 'treated') AS dosed
            FROM ({rows}) AS chosen GROUP BY subject_id
        ) AS way
        CROSS JOIN LATERAL (VALUES ('verdict', way.decided), ('dose', way.dosed)) AS ended (until, day)
        JOIN screening_subject AS subject ON subject.id = way.subject_id
        WHERE ended.day >= way.began
    """  # noqa: S608


def add_to_waits(changes: str) -> str:
    """SQL that adds changes, in the form of `waits`, to the counts of waiting times."""
    return f"""
        INSERT INTO screening_waitcount AS kept (site_id, until, day, waited, persons)
        SELECT site_id, until, day, waited, sum(persons)::bigint FROM ({changes}) AS every
        GROUP BY site_id, until, day, waited HAVING sum(persons) <> 0 ORDER BY site_id, until, day, waited
        ON CONFLICT (site_id, until, day, waited) DO UPDATE SET persons = kept.persons + EXCLUDED.persons
    """  # noqa: S608


def named_criteria(failures: str) -> str:
    """SQL of how often screen failures name each criterion (site, criterion, listed, primary, sole)."""
    return f"""
        SELECT subject.site_id, named.criterion, count(*) AS listed,
               count(*) FILTER (WHERE failure."primary" = named.criterion) AS "primary",
               count(*) FILTER (WHERE cardinality(failure.criteria) = 1) AS sole
        FROM ({failures}) AS failure
        JOIN screening_subjectstatechange AS moved ON moved.id = failure.state_change_id
        JOIN screening_subject AS subject ON subject.id = moved.subject_id
        CROSS JOIN LATERAL (SELECT DISTINCT unnest(failure.criteria || ARRAY['']::varchar[]) AS criterion) AS named
        GROUP BY subject.site_id, named.criterion
    """  # noqa: S608


def in_order(failures: str) -> str:
    """SQL that writes down the criteria of screen failures in the order of their recording."""
    return f"""
        INSERT INTO screening_namedcriteria (study_id, site_id, criteria)
        SELECT site.study_id, site.id, failure.criteria
        FROM ({failures}) AS failure
        JOIN screening_subjectstatechange AS moved ON moved.id = failure.state_change_id
        JOIN screening_subject AS subject ON subject.id = moved.subject_id
        JOIN trial_sites_site AS site ON site.id = subject.site_id ORDER BY failure.id
    """  # noqa: S608


def add_to_failures(named: str) -> str:
    """SQL that adds what `named_criteria` gives to the counts of screen failures."""
    return f"""
        INSERT INTO screening_screenfailurecount AS kept (site_id, criterion, listed, "primary", sole)
        {named} ORDER BY 1, 2
        ON CONFLICT (site_id, criterion)
        DO UPDATE SET listed = kept.listed + EXCLUDED.listed, "primary" = kept."primary" + EXCLUDED."primary",
                      sole = kept.sole + EXCLUDED.sole
    """


OF_THE_SUBJECTS = "SELECT id, subject_id, effective_on, state FROM screening_subjectstatechange AS state_row \
WHERE subject_id IN (SELECT subject_id FROM added_rows)"
SITES_OF_ROWS = "SELECT DISTINCT subject.site_id FROM added_rows \
JOIN screening_subject AS subject ON subject.id = added_rows.subject_id"
SITES_OF_FAILURES = "SELECT DISTINCT subject.site_id FROM added_rows \
JOIN screening_subjectstatechange AS moved ON moved.id = added_rows.state_change_id \
JOIN screening_subject AS subject ON subject.id = moved.subject_id"


def counts_follow() -> pgtrigger.Trigger:
    """New state rows change the counts of their sites in the same transaction.

    The study's data version is raised first: that locks the study, so that whoever adds a row to the same subject
    waits, and then sees this one.
    """
    earlier = f"{OF_THE_SUBJECTS} AND id NOT IN (SELECT id FROM added_rows)"  # noqa: S608
    return pgtrigger.Trigger(
        name="counts_follow",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        referencing=pgtrigger.Referencing(new="added_rows"),  # type: ignore[no-untyped-call]
        declare=[("changed", "RECORD")],
        func=f"""
            {announce_change("counts", SITES_OF_ROWS)}
            {add_to_counts(f"{deltas(OF_THE_SUBJECTS)} UNION ALL {deltas(earlier, sign=-1)}")};
            {add_to_waits(f"{waits(OF_THE_SUBJECTS)} UNION ALL {waits(earlier, sign=-1)}")};
            RETURN NULL;
        """,
    )


def failures_follow() -> pgtrigger.Trigger:
    """New screen failures change the counts of the criteria that they name."""
    return pgtrigger.Trigger(
        name="failures_follow",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        referencing=pgtrigger.Referencing(new="added_rows"),  # type: ignore[no-untyped-call]
        declare=[("changed", "RECORD")],
        func=f"""
            {announce_change("screen_failures", SITES_OF_FAILURES)}
            {add_to_failures(named_criteria("SELECT * FROM added_rows"))};
            {in_order("SELECT * FROM added_rows")};
            RETURN NULL;
        """,  # noqa: S608
    )
