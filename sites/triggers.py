"""Database triggers of the sites app, made from the same tables that the code uses."""

import pgtrigger

from sites.statuses import TRANSITIONS


def append_only(name: str = "append_only") -> pgtrigger.Protect:
    """Rows may be added, never changed or deleted, whoever asks."""
    return pgtrigger.Protect(name=name, operation=pgtrigger.Update | pgtrigger.Delete)


def legal_timeline() -> pgtrigger.Trigger:
    """After a status row is added, every two neighbours in the site's timeline must be a legal transition."""
    pairs = ", ".join(f"('{a}', '{b}')" for a, following in TRANSITIONS.items() for b in sorted(following))
    return pgtrigger.Trigger(
        name="legal_timeline",
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        declare=[("pair", "RECORD")],
        func=(  # only constants of this module stand in the text
            f"""
            PERFORM 1 FROM trial_sites_site WHERE id = NEW.site_id FOR UPDATE;
            SELECT earlier, later INTO pair FROM (
                SELECT lag(status) OVER (ORDER BY effective_on, id) AS earlier, status AS later
                FROM trial_sites_sitestatuschange AS live
                WHERE site_id = NEW.site_id AND NOT EXISTS (
                    SELECT 1 FROM trial_sites_sitestatuschange AS newer WHERE newer.supersedes_id = live.id)
            ) AS timeline
            WHERE earlier <> later AND (earlier, later) NOT IN (VALUES {pairs}) LIMIT 1;
            IF FOUND THEN
                RAISE EXCEPTION 'site status % may not follow %', pair.later, pair.earlier
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'legal_timeline';
            END IF;
            RETURN NULL;
            """  # noqa: S608
        ),
    )


def announce_change(kind: str, sites: str) -> str:
    """PL/pgSQL that gives the studies of some sites a new data version each, and writes down what changed where.

    `sites` is SQL of site ids; the trigger declares `changed RECORD`. The update locks the study until the transaction
    ends, so that the versions of a study become visible in their order.
    """
    return f"""
        FOR changed IN SELECT id, study_id FROM trial_sites_site WHERE id IN ({sites}) ORDER BY study_id, id LOOP
            UPDATE trial_sites_study SET data_version = data_version + 1 WHERE id = changed.study_id;
            INSERT INTO trial_sites_studychange (study_id, version, kind, site_id)
            SELECT id, data_version, '{kind}', changed.id FROM trial_sites_study WHERE id = changed.study_id;
        END LOOP;
    """  # noqa: S608


def bumps_data_version(kind: str, *, site: str = "NEW.site_id") -> pgtrigger.Trigger:
    """Each change that pollers can see gives the study a new data version in the same transaction."""
    return pgtrigger.Trigger(
        name="data_version",
        when=pgtrigger.After,
        operation=pgtrigger.Insert | pgtrigger.Update,
        declare=[("changed", "RECORD")],
        func=f"{announce_change(kind, f'SELECT {site}')} RETURN NULL;",
    )


def own_data_version() -> pgtrigger.Trigger:
    """A changed study row is a change too, unless the change is the new version itself; no version comes twice."""
    return pgtrigger.Trigger(
        name="own_data_version",
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        func="""
            IF NEW.data_version <= OLD.data_version THEN
                NEW.data_version := OLD.data_version + 1;
                INSERT INTO trial_sites_studychange (study_id, version, kind)
                VALUES (NEW.id, NEW.data_version, 'study');
            END IF;
            NEW.data_changed_at := clock_timestamp();
            RETURN NEW;
        """,
    )
