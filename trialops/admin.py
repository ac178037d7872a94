"""What the admin pages of all apps share."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction


@contextmanager
def dry_run() -> Iterator[None]:
    """Run a service as if, to learn what it would refuse while the form can still say so; nothing stays."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
