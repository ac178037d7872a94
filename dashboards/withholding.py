"""What is told of screen failures by criterion: lower bounds in steps, late by a secret number, and else nothing.

Why nothing withheld can be worked out, also from everything that was ever told, stands in docs/api.md.
"""

from collections.abc import Sequence

from django.utils.crypto import salted_hmac

SALT = "dashboards.withholding"
LATEST = 256
"""A delay beyond this many failures has no bit left in the digest to say so; its chance is one in 2 to the 256."""


def told(listed: int, failures: int, *, step: int, cell: Sequence[object]) -> int | None:
    """The lower bound that is told for a cell with `listed` of `failures` screen failures; None: withheld.

    Both are counts at the last release: releases come with every `step` failures of the site (or study). The bound is
    the largest multiple of `step` whose time has come, for it and for all smaller ones: a multiple is told when the
    cell has passed it by the cell's secret delay, and at least `step` failures may still lack the criterion.
    """
    bound = 0
    while _has_come(bound + step, listed, failures, step=step, cell=cell):
        bound += step
    return bound or None


def _has_come(multiple: int, listed: int, failures: int, *, step: int, cell: Sequence[object]) -> bool:
    if multiple > listed or multiple > failures - step:
        return False
    return listed >= multiple + delay(multiple, step=step, cell=cell)


def delay(multiple: int, *, step: int, cell: Sequence[object]) -> int:
    """Heads thrown before the first tail, by a coin that only who has the secret key can throw again."""
    thrown = int.from_bytes(salted_hmac(SALT, repr((*cell, step, multiple)), algorithm="sha256").digest(), "big")
    return LATEST - thrown.bit_length()
