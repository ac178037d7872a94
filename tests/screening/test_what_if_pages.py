"""The pages of a run, as a study manager uses them: start, follow, cancel, read, download."""

import csv
from datetime import UTC, date, datetime
from io import StringIO
from typing import Any

import pytest
from django.test import Client

from screening import services
from screening.criteria import json_text, parse_protocol, parse_record
from screening.models import ProtocolVersion, RescoringPart, RescoringRun, RunState
from screening.queries import protocol_of
from screening.rescoring.pool import pool_of, rows_of
from screening.rescoring.runs import divide
from screening.rescoring.scoring import Scorer
from screening.rescoring.work import claim_next
from sites.models import Site
from tests.factories import UserFactory
from tests.people import Role, member, signed_in, text
from tests.screening.records import eligible_record, with_fact
from tests.screening.study import open_reference_site

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
TODAY = date(2026, 11, 23)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_stands_still")]


@pytest.fixture
def site() -> Site:
    return open_reference_site()


@pytest.fixture
def manager(site: Site) -> Client:
    return signed_in(member(Role.STUDY_MANAGER, study=site.study))


@pytest.fixture
def draft(site: Site) -> ProtocolVersion:
    in_force = site.study.protocol_versions.get()
    raw = json_text.loads(protocol_of(in_force).text)
    raw["version"] = "2"
    next(item for item in raw["criteria"] if item["id"] == "E15")["condition"]["compare"]["below"] = 50
    protocol = parse_protocol(json_text.dumps(raw))
    return ProtocolVersion.objects.create(
        study=site.study, label="2", effective_on=TODAY, document=protocol.text, digest=protocol.digest
    )


@pytest.fixture
def run(site: Site, manager: Client, draft: ProtocolVersion) -> RescoringRun:
    """A started what-if over three subjects, of whom one turns ineligible."""
    by = UserFactory()
    for lvef in (60, 49, 39):
        record = with_fact(eligible_record(today=TODAY), "lvef", lvef)
        services.import_record(site=site, record=parse_record(record), by=by, now=NOW)
    against = site.study.protocol_versions.get(label="1")
    answer = manager.post(address(site), {"version": draft.pk, "against": against.pk, "as_of": ""})
    run = RescoringRun.objects.get()
    assert answer.headers["Location"] == address(site, run)
    return run


def address(site: Site, run: RescoringRun | None = None, more: str = "") -> str:
    study = f"/studies/{site.study.registry_id}"
    return f"{study}/what-if/" if run is None else f"{study}/runs/{run.pk}/{more}"


def worked(run: RescoringRun, *, parts: int = 9) -> None:
    """What a worker does, inside the test's own transaction."""
    run = divide(run, subjects_in_part=2)
    scorer = Scorer(run, now=NOW)
    for part in run.parts.filter(done_at=None).order_by("number")[:parts]:
        rows = rows_of(pool_of(run).filter(pk__range=(part.first_sheet, part.last_sheet)))
        found = scorer.score(rows)
        RescoringPart.objects.filter(pk=part.pk).update(
            done_at=NOW, changed=len(found.differing), tally=found.tally, changes=found.changes
        )
    if not run.parts.filter(done_at=None).exists():
        RescoringRun.objects.filter(pk=run.pk).update(state=RunState.DONE, finished_at=NOW)


def test_the_form_offers_the_draft_against_the_version_in_force(
    site: Site, manager: Client, draft: ProtocolVersion
) -> None:
    page = text(manager.get(address(site)))
    assert f'<option value="{draft.pk}" selected>2 (draft, from 23 Nov 2026)</option>' in page
    assert page.count("selected>") == 2


def test_a_study_with_one_version_has_nothing_to_compare(site: Site, manager: Client) -> None:
    assert "There is one version of the protocol only." in text(manager.get(address(site)))


def test_the_same_version_on_both_sides_is_refused_at_its_field(
    site: Site, manager: Client, draft: ProtocolVersion
) -> None:
    answer = manager.post(address(site), {"version": draft.pk, "against": draft.pk})
    assert answer.status_code == 400
    assert "This is the same document" in text(answer)
    assert not RescoringRun.objects.exists()


def test_a_version_of_another_study_cannot_be_chosen(site: Site, manager: Client, draft: ProtocolVersion) -> None:
    answer = manager.post(address(site), {"version": draft.pk + 999, "against": draft.pk})
    assert answer.status_code == 400


def test_progress_is_on_the_page_however_often_it_is_loaded(site: Site, manager: Client, run: RescoringRun) -> None:
    assert "Waiting for a worker" in text(manager.get(address(site, run)))
    worked(run, parts=1)
    for _ in range(2):
        page = text(manager.get(address(site, run)))
        assert "2 of 3 subjects" in page
        assert 'value="66"' in page
    fragment = manager.get(address(site, run, "progress/"))
    assert "2 of 3 subjects" in text(fragment)
    assert "HX-Refresh" not in fragment.headers


def test_when_the_run_has_ended_the_page_loads_anew_and_asks_no_more(
    site: Site, manager: Client, run: RescoringRun
) -> None:
    worked(run)
    fragment = manager.get(address(site, run, "progress/"))
    assert fragment.headers["HX-Refresh"] == "true"
    assert "hx-get" not in text(fragment)
    assert "htmx" not in text(manager.get(address(site, run)))


def test_the_result_shows_transitions_and_attrition_of_both_versions(
    site: Site, manager: Client, run: RescoringRun
) -> None:
    worked(run)
    page = text(manager.get(address(site, run)))
    assert "3 subjects asked about." in page
    assert "<dt>turn ineligible</dt><dd>1</dd>" in page
    row = page[page.index('<span class="strong">E15</span>') :]
    assert row[: row.index("</tr>")].count('<td class="num">1</td>') == 1
    assert row[: row.index("</tr>")].count('<td class="num">2</td>') == 1


def test_the_csv_lists_who_changes_and_exists_only_of_a_whole_run(
    site: Site, manager: Client, run: RescoringRun
) -> None:
    assert manager.get(address(site, run, "changes.csv")).status_code == 404
    worked(run)
    answer: Any = manager.get(address(site, run, "changes.csv"))
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.reader(StringIO(answer.getvalue().decode(), newline="")))
    assert rows == [
        ["subject", "verdict_before", "verdict_after", "changed_criteria"],
        ["JAX-0002", "eligible", "ineligible", "E15 satisfied to violated"],
    ]


def test_cancelling_shows_at_once_and_cannot_be_done_twice(site: Site, manager: Client, run: RescoringRun) -> None:
    worked(run, parts=1)
    page = text(manager.post(address(site, run, "cancel/"), follow=True))
    assert "The run is cancelled." in page
    assert "the figures cover a part of the pool only" in page
    assert claim_next(run) is None
    assert "This run is cancelled already." in text(manager.post(address(site, run, "cancel/"), follow=True))


def test_the_study_page_leads_managers_there_and_nobody_else(site: Site, manager: Client) -> None:
    study = f"/studies/{site.study.registry_id}/"
    assert address(site) in text(manager.get(study))
    assert address(site) not in text(signed_in(member(Role.COORDINATOR, site=site)).get(study))
