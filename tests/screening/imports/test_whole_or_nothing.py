"""Random tables, and two commits at once: a file is stored as a whole, once, or not at all."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from screening.imports.preview import preview_of
from screening.models import Import, Observation, Subject, Therapy
from screening.services.importing import commit_import, store_import
from tests.factories import UserFactory
from tests.people import NOW
from tests.screening.study import open_reference_site
from trialops.scope import system_scope

TODAY = date(2026, 11, 23)
ROWS = st.tuples(
    st.sampled_from(["new-1", "new-2", "new", "JAX-0001", "RST-0001", ""]),
    st.sampled_from(["hemoglobin", "ecog", "hiv", "sex", "birth_year", "therapy", "toxicity", "nothing"]),
    st.sampled_from(["13.1", "1", "yes", "female", "2090", "1961", "1e400", ""]),
    st.sampled_from(["g/dL", "g/L", "", "mg"]),
    st.sampled_from(["2026-11-20", "2026-11-20T09:00:00-05:00", "03/04/2026", ""]),
    st.sampled_from(["", "asct", "regimen"]),
)


@pytest.mark.django_db
@settings(max_examples=60)
@given(rows=st.lists(ROWS, min_size=1, max_size=5), takes=st.booleans())
def test_any_table_is_stored_as_its_preview_says_or_not_at_all(rows: list[tuple[str, ...]], takes: bool) -> None:
    with transaction.atomic():
        site, by = open_reference_site(), UserFactory()
        first = b"subject,fact,value,unit,on\nnew,hemoglobin,12,g/dL,2026-11-20\n"
        _commit(store_import(site=site, data=first, screened_on=TODAY, by=by, now=NOW), by, takes=False)
        before = stored()
        text = "\n".join(",".join(row) for row in [("subject", "fact", "value", "unit", "on", "kind"), *rows])
        pending = store_import(site=site, data=text.encode(), screened_on=TODAY, by=by, now=NOW)
        preview = preview_of(pending)
        try:
            done = _commit(pending, by, takes=takes)
        except ValidationError:
            assert stored() == before
        else:
            after = stored()
            assert after[0] - before[0] == preview.new == done.subjects_added
            corrected = sum(one.fact is not None for one in preview.corrections) if takes else 0
            assert after[1] - before[1] == preview.added + corrected
        transaction.set_rollback(True)


def _commit(pending: Import, by: Any, *, takes: bool) -> Import:
    preview = preview_of(pending)
    chosen = [one.key for one in preview.corrections] if takes else []
    return commit_import(pending=pending, shown=preview.digest, corrections=chosen, reason="checked", by=by, now=NOW)


def stored() -> tuple[int, int]:
    return Subject.objects.count(), Observation.objects.count() + Therapy.objects.count()


@pytest.fixture
def waiting(committed_db: None) -> tuple[Import, Import, Any]:
    """Two files that wait at a site, each with ten new subjects."""
    site, by = open_reference_site(), UserFactory()
    lines = "".join(f"new-{number},ecog,1,2026-11-20\n" for number in range(10))
    data = f"subject,fact,value,on\n{lines}".encode()
    first, second = (store_import(site=site, data=data, screened_on=TODAY, by=by, now=NOW) for _ in range(2))
    return first, second, by


def test_commits_at_once_store_each_file_once_and_leave_no_gap(waiting: tuple[Import, Import, Any]) -> None:
    first, second, by = waiting
    shown = {one.pk: preview_of(one).digest for one in (first, second)}

    @system_scope()
    def commit(pending: Import) -> str:
        try:
            done = commit_import(pending=pending, shown=shown[pending.pk], corrections=[], reason="", by=by, now=NOW)
            return str(done.state)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        states = list(threads.map(commit, [first, second, first, second]))
    assert states == ["committed"] * 4
    assert sorted(Subject.objects.values_list("number", flat=True)) == list(range(1, 21))
