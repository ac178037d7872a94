"""What is done with the trail: sealing with heads kept outside, verifying as a whole."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection, transaction

from trialops.audit.chains import chain_findings, chain_numbers, head_findings, unsealed_findings
from trialops.audit.heads import KeptHead, head_of, keep, kept_heads, public_key, sign, signing_key
from trialops.audit.models import INSTALLATION
from trialops.audit.registry import model_named
from trialops.audit.rows import row_findings
from trialops.audit.sealing import Sealed, seal_events


def seal(*, now: datetime, everything: bool = False) -> Sealed:
    """Seal what is new, then keep the signed head of every chain that grew. The sealing has been committed by then."""
    sealed = seal_events(everything=everything)
    for chain in sorted(sealed.chains):
        keep_head(chain=chain, now=now)
    return sealed


def keep_head(*, chain: int, now: datetime) -> str:
    """Sign the chain's end and add it to the chain's file; the line, empty while the chain is."""
    head = head_of(chain, now)
    if head is None:
        return ""
    line = sign(head, signing_key(settings.AUDIT_SIGNING_KEY))
    keep(head, line, settings.AUDIT_HEADS_DIR)
    return line


def send_head(*, chain: int, name: str, to: str, now: datetime) -> None:
    """Mail a chain's signed head to somebody who keeps it where neither we nor an intruder can change it."""
    if line := keep_head(chain=chain, now=now):
        text = f"The end of the audit trail of {name} on {now:%Y-%m-%d}, signed. Keep this mail.\n\n{line}\n"
        EmailMessage(f"Audit trail of {name}: head of {now:%Y-%m-%d}", text, None, [to]).send()


def heads_kept(directory: Path, key: Path) -> list[KeptHead]:
    return list(kept_heads(directory, public_key(key)))


def verify(*, chains: list[int] | None, heads: list[KeptHead], now: datetime, rows: bool = True) -> Iterator[str]:
    """Findings about the chains named (all, if None), the heads, what is unsealed, and the rows as they are now."""
    own = not connection.in_atomic_block
    with transaction.atomic():
        if own:  # all of it as of one moment
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield from head_findings(heads)
        for chain in chain_numbers(heads) if chains is None else chains:
            yield from chain_findings(chain, heads)
        yield from unsealed_findings(now)
        if rows:
            yield from row_findings()


def chain_names() -> dict[int, str]:
    """What each chain is called: the study's registry id, or `installation`."""
    study = model_named("trial_sites.Study")
    named = dict(study._default_manager.values_list("pk", "registry_id")) if study else {}
    return {INSTALLATION: "installation", **named}
