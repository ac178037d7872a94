"""An export of the audit trail that a worker writes: whole, the same as the command's, for whoever asked and may."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from screening.models import ExportState, TrailExport, TrailExportChunk
from screening.services.trail_exports import (
    KEPT_FOR,
    ask_for_export,
    purge_exports,
    unfinished_exports,
    work_on_export,
)
from sites.models import Membership, Site
from tests.factories import SiteFactory
from tests.people import NOW, Role, member, signed_in, text
from trialops.accounts.models import User
from trialops.audit.export import exported
from trialops.audit.models import Event
from trialops.audit.services import seal
from trialops.jobs import MOST_ATTEMPTS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_stands_still")]
TEXTS = ["=1+1", "''", "a\r\nb", 'a"b', "a;b,c", "ünïcödé", " ", "null"]


@pytest.fixture
def site() -> Site:
    """A site with something in its study's trail."""
    site: Site = SiteFactory(study__registry_id="NCT70000001", code="JAX")
    for said in TEXTS:
        Site.objects.filter(pk=site.pk).update(facility=said)
    return site


@pytest.fixture
def manager(site: Site) -> User:
    return member(Role.STUDY_MANAGER, study=site.study, username="morgan")


@pytest.fixture
def browser(manager: User) -> Client:
    return signed_in(manager)


def asked(site: Site, by: User, form: str = "csv", *, first: date | None = None, last: date | None = None) -> Any:
    return ask_for_export(study=site.study, form=form, first=first, last=last, by=by)


def written(export: TrailExport, *, events: int = 3) -> TrailExport:
    work_on_export(pk=export.pk, now=NOW, seconds=60, events=events)
    export.refresh_from_db()
    return export


def begun(export: TrailExport) -> bool:
    """One event is written, and the worker goes on to something else."""
    return work_on_export(pk=export.pk, now=NOW, seconds=0, events=1)


def address(export: TrailExport, more: str = "") -> str:
    return f"/studies/{export.study.registry_id}/audit/exports/{export.pk}/{more}"


def whole(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


@pytest.mark.parametrize("events", [1, 3, 5000])
@pytest.mark.parametrize("form", ["csv", "json"])
def test_the_file_is_the_commands_and_reads_back_to_the_same(
    site: Site, manager: User, tmp_path: Path, capsys: Any, form: str, events: int
) -> None:
    export = written(asked(site, manager, form), events=events)
    content = b"".join(export.content())
    known = "".join(exported(site.study_id, form=form)).encode()
    assert (export.state, export.written, export.size) == (ExportState.DONE, export.total, len(content))
    assert content == known
    path = tmp_path / f"trail.{form}"
    path.write_bytes(content)
    call_command("verify_audit_export", str(path))
    assert capsys.readouterr().out == f"{export.total} rows read back, 0 differences.\n"


@pytest.mark.parametrize(("form", "empty"), [("csv", b"chain,sequence,digest"), ("json", b"[\n\n]\n")])
def test_days_without_an_event_are_a_file_without_rows(site: Site, manager: User, form: str, empty: bytes) -> None:
    export = written(asked(site, manager, form, last=date(2001, 1, 1)))
    assert (export.state, export.total) == (ExportState.DONE, 0)
    assert b"".join(export.content()).startswith(empty)


def test_what_is_recorded_while_it_is_written_is_not_in_it(site: Site, manager: User) -> None:
    export = asked(site, manager)
    assert begun(export)
    export.refresh_from_db()
    Site.objects.filter(pk=site.pk).update(facility="later")
    seal(now=NOW)
    assert b"later" not in b"".join(written(export, events=2).content())


def test_a_worker_that_stops_is_followed_by_another_where_it_was(site: Site, manager: User) -> None:
    export = asked(site, manager)
    while begun(export):
        assert list(unfinished_exports()) == [export]
    export.refresh_from_db()
    assert b"".join(export.content()) == "".join(exported(site.study_id, form="csv")).encode()
    assert export.chunks.count() == export.total


def test_the_page_waits_follows_and_offers_the_file(site: Site, manager: User, browser: Client) -> None:
    answer: Any = browser.post(f"/studies/{site.study.registry_id}/audit/", {"format": "csv"})
    export = TrailExport.objects.get()
    assert answer.headers["Location"] == address(export)
    assert "Waiting for a worker" in text(browser.get(address(export)))
    assert browser.get(address(export, "file/")).status_code == 404
    assert begun(export)
    export.refresh_from_db()
    assert export.total
    for _ in range(2):
        assert f"1 of {export.total} events" in text(browser.get(address(export)))
    assert "HX-Refresh" not in browser.get(address(export, "progress/")).headers
    written(export)
    assert browser.get(address(export, "progress/")).headers["HX-Refresh"] == "true"
    page = text(browser.get(address(export)))
    assert "Download (" in page
    assert "htmx" not in page
    file: Any = browser.get(address(export, "file/"))
    assert file.headers["Content-Length"] == str(len(whole(file)))


def test_who_asked_for_it_and_who_took_it_stands_in_the_trail(site: Site, manager: User, browser: Client) -> None:
    browser.post(f"/studies/{site.study.registry_id}/audit/", {"format": "json"})
    export = written(TrailExport.objects.get())
    browser.head(address(export, "file/"))
    whole(browser.get(address(export, "file/")))
    events = Event.objects.filter(model="screening.TrailExport").order_by("id")
    assert {(event.user_name, event.study_pk) for event in events} == {("morgan", site.study_id)}
    assert [event.new["state"] for event in events if "state" in event.new] == ["queued", "running", "done"]
    assert [event.new["downloads"] for event in events if "downloaded_at" in event.new][1:] == [1]


@pytest.fixture(params=["role ended", "account retired"])
def ended(request: pytest.FixtureRequest, manager: User) -> Callable[[], None]:
    """Takes from the person who asked what they may do."""

    def end() -> None:
        if request.param == "role ended":
            Membership.objects.filter(user=manager).update(ends_on=NOW.date() - timedelta(days=1))
        else:
            User.objects.filter(pk=manager.pk).update(is_active=False)

    return end


def test_whose_role_ended_before_it_was_written_gets_nothing(
    site: Site, manager: User, browser: Client, ended: Callable[[], None]
) -> None:
    export = asked(site, manager)
    ended()
    assert written(export).state == ExportState.REFUSED
    assert not TrailExportChunk.objects.exists()
    assert export.why == f"{manager} may not read the audit trail of NCT70000001 any more."
    assert browser.get(address(export, "file/")).status_code in {302, 404}


def test_whose_role_ends_while_it_is_written_gets_nothing(site: Site, manager: User, ended: Callable[[], None]) -> None:
    export = asked(site, manager)
    assert begun(export)
    ended()
    assert written(export).state == ExportState.REFUSED


def test_whose_role_ended_after_it_was_written_gets_nothing(
    site: Site, manager: User, browser: Client, ended: Callable[[], None]
) -> None:
    export = written(asked(site, manager))
    ended()
    for more in ("", "progress/", "file/"):
        answer: Any = browser.get(address(export, more))
        assert answer.status_code in {302, 404}
        assert not answer.streaming


def test_another_manager_of_the_study_gets_nothing_of_it(site: Site, manager: User) -> None:
    export = written(asked(site, manager))
    other = signed_in(member(Role.STUDY_MANAGER, study=site.study))
    assert other.get(address(export, "file/")).status_code == 404
    assert str(export.pk) not in text(other.get(f"/studies/{site.study.registry_id}/audit/"))


def test_a_file_is_deleted_a_day_after_it_was_written(site: Site, manager: User, browser: Client) -> None:
    export = written(asked(site, manager))
    assert purge_exports(now=NOW + KEPT_FOR - timedelta(seconds=1)) == 0
    assert [purge_exports(now=NOW + KEPT_FOR) for _ in range(2)] == [1, 0]
    assert not TrailExportChunk.objects.exists()
    assert browser.get(address(export, "file/")).status_code == 404
    assert "The file has been deleted since." in text(browser.get(address(export)))


def test_a_part_that_never_ends_is_given_up(site: Site, manager: User) -> None:
    export = asked(site, manager)
    TrailExport.objects.filter(pk=export.pk).update(attempt=MOST_ATTEMPTS)
    refused = written(export)
    assert refused.state == ExportState.REFUSED
    assert "begun 5 times and never ended" in refused.why


def test_asked_for_twice_it_is_written_once_until_it_has_ended(site: Site, manager: User) -> None:
    export = asked(site, manager)
    assert begun(export)
    assert asked(site, manager) == export
    assert asked(site, manager, "json") != export
    assert asked(site, member(Role.STUDY_MANAGER, study=site.study)) != export
    written(export)
    assert asked(site, manager) != export


def test_days_in_the_wrong_order_are_refused_at_their_field(site: Site, browser: Client) -> None:
    said = {"format": "csv", "first": "2026-11-20", "last": "2026-11-19"}
    answer: Any = browser.post(f"/studies/{site.study.registry_id}/audit/", said)
    assert answer.status_code == 400
    assert "This day lies before the first one." in text(answer)
    assert not TrailExport.objects.exists()
