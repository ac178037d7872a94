"""The database's part of sealing: whoever seals can only add the next link, of the right chain, under a sealing of now.

A digest that is wrong shows when the chain is verified. An event in a chain where nobody looks for it would not, nor a
sealing that pretends to be another day's: so these triggers refuse them. They run as the owner, and see every row
whatever the scope of the transaction is.
"""

from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

from trialops.audit.models import INSTALLATION, Link, Sealing
from trialops.audit.sealing import CHAIN

NEXT_LINK = """
CREATE OR REPLACE FUNCTION public.audit_next_link() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    scope text := coalesce(current_setting('trialops.scope', true), '');
    belongs bigint;
    latest bigint;
BEGIN
    PERFORM set_config('trialops.scope', 'system', true);
    SELECT {chain} INTO belongs FROM audit_event AS e WHERE e.id = NEW.event_id;
    SELECT max(id) INTO latest FROM audit_sealing;
    PERFORM set_config('trialops.scope', scope, true);
    IF belongs IS DISTINCT FROM NEW.chain THEN
        RAISE EXCEPTION 'event % belongs to chain %', NEW.event_id, belongs
            USING ERRCODE = 'check_violation', CONSTRAINT = 'audit_link_of_its_chain';
    END IF;
    IF NEW.sequence <> (SELECT coalesce(max(sequence), 0) + 1 FROM audit_link WHERE chain = NEW.chain) THEN
        RAISE EXCEPTION 'link % is not the next of chain %', NEW.sequence, NEW.chain
            USING ERRCODE = 'check_violation', CONSTRAINT = 'audit_link_is_next';
    END IF;
    IF NEW.sealing_id IS DISTINCT FROM latest THEN
        RAISE EXCEPTION 'links are added under the latest sealing'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'audit_link_of_latest_sealing';
    END IF;
    RETURN NEW;
END $$
"""

SEALING_OF_NOW = """
CREATE OR REPLACE FUNCTION public.audit_sealing_of_now() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.horizon > pg_snapshot_xmin(pg_current_snapshot())::text::bigint THEN
        RAISE EXCEPTION 'transactions before % have not all ended', NEW.horizon
            USING ERRCODE = 'check_violation', CONSTRAINT = 'audit_sealing_of_what_has_ended';
    END IF;
    NEW.sealed_at := clock_timestamp();
    RETURN NEW;
END $$
"""

TRIGGER = """
CREATE OR REPLACE TRIGGER {name} BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION public.{function}()
"""


def install_sealing_guard(connection: BaseDatabaseWrapper) -> None:
    """Make or renew the triggers; run as the owner after every migration."""
    with connection.cursor() as cursor:
        if Link._meta.db_table not in connection.introspection.table_names(cursor):
            return
        cursor.execute(sql.SQL(NEXT_LINK).format(chain=sql.SQL(CHAIN).format(installation=sql.Literal(INSTALLATION))))
        cursor.execute(SEALING_OF_NOW)
        for model, function in ((Link, "audit_next_link"), (Sealing, "audit_sealing_of_now")):
            named = {"name": function, "table": model._meta.db_table, "function": function}
            cursor.execute(sql.SQL(TRIGGER).format(**{key: sql.Identifier(name) for key, name in named.items()}))
