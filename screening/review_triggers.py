"""Database triggers of reviews, signatures and attempts: what must hold whoever writes."""

import pgtrigger

from screening.states import ENROLLED_ONCE
from screening.triggers import refusal

LIVE_SIGNATURE = """
    SELECT 1 FROM screening_signature AS signature
    WHERE signature.state_change_id = {move} AND NOT EXISTS (
        SELECT 1 FROM screening_signaturevoiding AS voiding WHERE voiding.signature_id = signature.id)
"""


def signed_once() -> pgtrigger.Trigger:
    """A screen failure or an eligibility carries one signature that is not void, however many sign at once."""
    return pgtrigger.Trigger(
        name="signed_once",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        declare=[("reviewed", "RECORD")],
        func=(  # only constants of this module stand in the text
            f"""
            SELECT * INTO reviewed FROM screening_subjectstatechange WHERE id = NEW.state_change_id;
            PERFORM 1 FROM screening_subject WHERE id = reviewed.subject_id FOR UPDATE;
            IF reviewed.state NOT IN ('screen_failed', 'eligible') THEN
                {refusal("only a screen failure or an eligibility is signed", "signature_of_reviewed_state")}
            END IF;
            IF EXISTS ({LIVE_SIGNATURE.format(move="NEW.state_change_id")}) THEN
                {refusal("it carries a valid signature already", "signature_once")}
            END IF;
            RETURN NEW;
            """  # noqa: S608
        ),
    )


def confirmed_failure_stands() -> pgtrigger.Trigger:
    """Back into screening leads from a screen failure only its withdrawal, and none while its signature is valid."""
    return pgtrigger.Trigger(
        name="confirmed_failure_stands",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        condition=pgtrigger.Q(new__state="in_screening"),
        declare=[("latest", "RECORD")],
        func=(  # only constants of this module stand in the text
            f"""
            SELECT * INTO latest FROM screening_subjectstatechange
            WHERE subject_id = NEW.subject_id ORDER BY effective_on DESC, id DESC LIMIT 1;
            IF latest.state = 'screen_failed' AND EXISTS ({LIVE_SIGNATURE.format(move="latest.id")}) THEN
                {refusal("a confirmed screen failure stands", "confirmed_failure_stands")}
            END IF;
            IF EXISTS (SELECT 1 FROM screening_screenfailure WHERE state_change_id = latest.id) AND NOT EXISTS (
                SELECT 1 FROM screening_reviewstep WHERE state_change_id = latest.id AND kind = 'withdrawn') THEN
                {refusal("a screen failure ends by its withdrawal", "failure_ends_by_withdrawal")}
            END IF;
            RETURN NEW;
            """  # noqa: S608
        ),
    )


def attempt_follows_ended_one() -> pgtrigger.Trigger:
    """A new attempt follows one of the same site that has ended without a dose."""
    return pgtrigger.Trigger(
        name="attempt_follows_ended_one",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        condition=pgtrigger.Q(new__previous_attempt__isnull=False),
        func=f"""
            IF NOT EXISTS (
                SELECT 1 FROM screening_subject AS previous WHERE previous.id = NEW.previous_attempt_id
                AND previous.site_id = NEW.site_id AND previous.state IN ('screen_failed', 'withdrawn')
                AND previous.first_dose_on IS NULL) THEN
                {refusal("a new attempt follows an ended one of the same site", "attempt_follows_ended_one")}
            END IF;
            RETURN NEW;
        """,  # noqa: S608
    )


def enrolled_when_signed() -> pgtrigger.Trigger:
    """Nobody becomes enrolled unless their newest eligibility carries a signature that is not void."""
    return pgtrigger.Trigger(
        name="enrolled_when_signed",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update,
        condition=pgtrigger.Q(new__state__in=sorted(ENROLLED_ONCE)),
        declare=[("reviewed", "RECORD")],
        func=(  # only constants of this module stand in the text
            f"""
            IF TG_OP = 'UPDATE' THEN
                IF NEW.state <> 'enrolled' OR OLD.state = 'enrolled' THEN
                    RETURN NEW; -- onwards from there, which the transitions hold
                END IF;
            END IF;
            SELECT id, state INTO reviewed FROM screening_subjectstatechange
            WHERE subject_id = NEW.id AND state IN ('screen_failed', 'eligible')
            ORDER BY effective_on DESC, id DESC LIMIT 1;
            IF reviewed.state IS DISTINCT FROM 'eligible'
               OR NOT EXISTS ({LIVE_SIGNATURE.format(move="reviewed.id")}) THEN
                {refusal("nobody is enrolled without a valid signature on the eligibility", "enrolled_when_signed")}
            END IF;
            RETURN NEW;
            """  # noqa: S608
        ),
    )
