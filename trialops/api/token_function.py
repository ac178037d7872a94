"""The look-up of a token as a function of the database, whose plan each connection makes once and keeps.

A poll that finds nothing new is this one look-up, and making its plan would take most of the time. Prepared statements
would do the same, but not behind a pooler that hands connections out by transaction.

A membership is looked for before anybody is known. So the function itself sees all rows, while it runs and no longer:
it needs no transaction with a scope around it, which would cost two round trips more.
"""

from django.db.backends.base.base import BaseDatabaseWrapper

LOOK_UP_FUNCTION = """
CREATE OR REPLACE FUNCTION public.trialops_token(wanted text, at timestamptz)
RETURNS TABLE (digest text, account bigint, resources text[], last_used_at timestamptz,
               study bigint, registry_id text, data_version bigint, data_changed_at timestamptz)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    before text := coalesce(current_setting('trialops.scope', true), '');
BEGIN
    PERFORM set_config('trialops.scope', 'system', true);
    RETURN QUERY
    SELECT token.digest::text, token.user_id::bigint, token.resources::text[], token.last_used_at,
           opened.id, opened.registry_id::text, opened.data_version, opened.data_changed_at
    FROM public.trial_sites_apitoken AS token
    JOIN public.accounts_user AS owner ON owner.id = token.user_id AND owner.is_active
    JOIN public.trial_sites_study AS opened ON opened.id = token.study_id
    WHERE token.digest = wanted AND token.revoked_at IS NULL AND (token.expiry IS NULL OR token.expiry > at)
    AND (NOT token.personal OR owner.is_superuser OR EXISTS (
        SELECT 1 FROM public.trial_sites_membership AS held
        WHERE held.user_id = token.user_id AND held.study_id = token.study_id
        AND held.role IN ('sponsor', 'study_manager')
        AND held.starts_on <= (at AT TIME ZONE 'UTC')::date
        AND (held.ends_on IS NULL OR held.ends_on >= (at AT TIME ZONE 'UTC')::date)));
    PERFORM set_config('trialops.scope', before, true);
END $$
"""


def install_token_function(connection: BaseDatabaseWrapper) -> None:
    """Make or renew the function; run as the owner after every migration."""
    with connection.cursor() as cursor:
        cursor.execute(LOOK_UP_FUNCTION)
