"""Database triggers of protocol versions: which version a site takes up, and which one a subject stands under."""

import pgtrigger

from screening.states import ENDED

FINAL = ", ".join(f"'{state}'" for state in sorted(ENDED))
PUBLISHED_ORDER = "(version.published_at, version.id)"

LIVE_ADOPTIONS = """
    SELECT adoption.effective_on, adoption.protocol_version_id, version.published_at
    FROM screening_protocoladoption AS adoption
    JOIN screening_protocolversion AS version ON version.id = adoption.protocol_version_id
    WHERE adoption.site_id = {site} AND NOT adoption.retracted AND NOT EXISTS (
        SELECT 1 FROM screening_protocoladoption AS newer WHERE newer.supersedes_id = adoption.id)
"""


def refusal(message: str, name: str, *values: str) -> str:
    """The statement by which a trigger refuses; the name reaches the caller as that of a constraint."""
    arguments = "".join(f", {value}" for value in values)
    return f"RAISE EXCEPTION '{message}'{arguments} USING ERRCODE = 'check_violation', CONSTRAINT = '{name}';"


def adoption_is_possible() -> pgtrigger.Trigger:
    """A site takes up a published amendment of its own study, not before it takes effect, and never an older one."""
    return pgtrigger.Trigger(
        name="adoption_is_possible",
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        declare=[("taken", "RECORD"), ("corrected", "RECORD")],
        func=(  # only constants of this module stand in the text
            f"""
            PERFORM 1 FROM trial_sites_site WHERE id = NEW.site_id FOR UPDATE;
            SELECT version.*, site.study_id AS site_study INTO taken
            FROM screening_protocolversion AS version, trial_sites_site AS site
            WHERE version.id = NEW.protocol_version_id AND site.id = NEW.site_id;
            IF taken.study_id <> taken.site_study OR taken.status = 'draft' THEN
                {refusal("a site takes up a published version of its own study", "adoption_of_published_version")}
            END IF;
            IF NOT EXISTS (
                SELECT 1 FROM screening_protocolversion AS version
                WHERE version.study_id = taken.study_id AND version.status <> 'draft'
                AND {PUBLISHED_ORDER} < (taken.published_at, taken.id)) THEN
                {refusal("the first version is in force at every site from the start", "adoption_of_amendment")}
            END IF;
            IF NEW.effective_on < taken.effective_on THEN
                {refusal("the version takes effect only on %", "adoption_after_effect", "taken.effective_on")}
            END IF;
            SELECT * INTO corrected FROM screening_protocoladoption WHERE id = NEW.supersedes_id;
            IF FOUND AND (corrected.site_id, corrected.protocol_version_id, corrected.retracted)
                      <> (NEW.site_id, NEW.protocol_version_id, FALSE) THEN
                {refusal("a correction is about the same site and version", "adoption_corrects_its_own")}
            END IF;
            PERFORM 1 FROM (
                SELECT effective_on, (published_at, protocol_version_id) AS place,
                       lag(effective_on) OVER timeline AS earlier_on,
                       lag((published_at, protocol_version_id)) OVER timeline AS earlier_place
                FROM ({LIVE_ADOPTIONS.format(site="NEW.site_id")}) AS live
                WINDOW timeline AS (ORDER BY effective_on, published_at, protocol_version_id)
            ) AS neighbours
            WHERE effective_on = earlier_on OR place <= earlier_place LIMIT 1;
            IF FOUND THEN
                {refusal("a site takes up its versions in the order of their publication", "adoptions_in_order")}
            END IF;
            RETURN NULL;
            """  # noqa: S608
        ),
    )


def subject_version_fits() -> pgtrigger.Trigger:
    """A subject stands under a published version of its own site's study."""
    return pgtrigger.Trigger(
        name="version_fits",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        func=f"""
            IF NOT EXISTS (
                SELECT 1 FROM screening_protocolversion AS version JOIN trial_sites_site AS site USING (study_id)
                WHERE version.id = NEW.protocol_version_id AND site.id = NEW.site_id AND version.status <> 'draft') THEN
                {refusal("a subject needs a published version of its study", "subject_version_fits")}
            END IF;
            RETURN NEW;
        """,  # noqa: S608
    )


def subject_version_has_history() -> pgtrigger.Trigger:
    """A subject's version changes only together with the row that says so."""
    return pgtrigger.Trigger(
        name="version_has_history",
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        condition=pgtrigger.Q(old__protocol_version__df=pgtrigger.F("new__protocol_version")),
        func=f"""
            IF NOT EXISTS (
                SELECT 1 FROM (
                    SELECT from_version_id, to_version_id FROM screening_subjectversionchange
                    WHERE subject_id = NEW.id ORDER BY id DESC LIMIT 1) AS latest
                WHERE (from_version_id, to_version_id) = (OLD.protocol_version_id, NEW.protocol_version_id)) THEN
                {refusal("a subject changes its version only by a recorded consent", "subject_version_has_history")}
            END IF;
            RETURN NEW;
        """,  # noqa: S608
    )


def version_change_is_possible() -> pgtrigger.Trigger:
    """From the subject's version to a later one, in force at its site on the day; the subject follows."""
    return pgtrigger.Trigger(
        name="version_change_is_possible",
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        declare=[("moved", "RECORD"), ("in_force", "BIGINT")],
        func=(  # only constants of this module stand in the text
            f"""
            SELECT * INTO moved FROM screening_subject WHERE id = NEW.subject_id FOR UPDATE;
            PERFORM 1 FROM trial_sites_site WHERE id = moved.site_id FOR UPDATE;
            IF moved.protocol_version_id <> NEW.from_version_id THEN
                {refusal("the subject stands under another version", "version_change_from_present")}
            END IF;
            IF NOT EXISTS (
                SELECT 1 FROM screening_protocolversion AS present, screening_protocolversion AS version
                WHERE present.id = NEW.from_version_id AND version.id = NEW.to_version_id
                AND {PUBLISHED_ORDER} > (present.published_at, present.id)) THEN
                {refusal("a subject moves to a later version only", "version_change_to_later")}
            END IF;
            SELECT protocol_version_id INTO in_force FROM ({LIVE_ADOPTIONS.format(site="moved.site_id")}) AS live
            WHERE effective_on <= NEW.effective_on ORDER BY effective_on DESC LIMIT 1;
            IF in_force IS DISTINCT FROM NEW.to_version_id THEN
                {refusal("the version is not in force at the site on that day", "version_change_to_one_in_force")}
            END IF;
            IF moved.state IN ({FINAL}) THEN
                {refusal("a subject in a final state keeps its version", "version_change_before_the_end")}
            END IF;
            UPDATE screening_subject SET protocol_version_id = NEW.to_version_id WHERE id = NEW.subject_id;
            RETURN NULL;
            """  # noqa: S608
        ),
    )


def sheet_follows_version() -> pgtrigger.Trigger:
    """Another protocol version may know other facts: the subject's fact sheet is then no longer current."""
    return pgtrigger.Trigger(
        name="sheet_follows_version",
        when=pgtrigger.After,
        operation=pgtrigger.Update,
        condition=pgtrigger.Q(old__protocol_version__df=pgtrigger.F("new__protocol_version")),
        func="UPDATE screening_factsheet SET is_current = false WHERE subject_id = NEW.id; RETURN NULL;",
    )
