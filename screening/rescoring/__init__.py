"""Scoring a whole pool again: after a publication, for a new day, or to see what another version would change.

A run is divided into parts; workers claim parts, score them on the quick path and commit what they found with the
part. Everything a run knows stands in PostgreSQL, so it outlives any worker, and the broker carries hints only.
"""

from screening.rescoring.runs import cancel_run, start_after_publication, start_new_day, start_what_if
from screening.rescoring.work import work_on

__all__ = ["cancel_run", "start_after_publication", "start_new_day", "start_what_if", "work_on"]
