"""Protocol versions through the services: drafted, replaced, discarded, published; what the database holds."""

from datetime import UTC, date, datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction

from screening.criteria import DocumentError
from screening.models import ProtocolVersion
from screening.publishing import discard_draft, publish_draft, publish_protocol, replace_draft, store_draft
from screening.queries import newest_version, published_versions
from sites.models import Study
from tests.factories import UserFactory
from tests.screening.amendments import amended
from tests.screening.study import open_reference_site
from trialops.accounts.models import User

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)


@pytest.fixture
def by(db: None) -> User:
    return UserFactory()


@pytest.fixture
def study(db: None) -> Study:
    """The reference study with its first version published."""
    return open_reference_site().study


@pytest.fixture
def draft(study: Study, by: User) -> ProtocolVersion:
    return store_draft(study=study, text=amended(), by=by, now=NOW)


def test_a_draft_keeps_the_text_as_written_and_changes_nothing_else(study: Study, draft: ProtocolVersion) -> None:
    assert (draft.label, draft.status, draft.effective_on) == ("2", "draft", date(2026, 6, 1))
    assert "# The reference study's criteria" in draft.written
    assert newest_version(study) == study.protocol_versions.get(label="1")


def test_every_mistake_of_a_draft_is_told_with_its_path_and_nothing_is_stored(study: Study, by: User) -> None:
    text = amended(version="1").replace("{fact: lvef,", "{fact: lvfe,").replace("fact: plasma_cell", "fact: plasma_cel")
    with pytest.raises(DocumentError) as refused:
        store_draft(study=study, text=text, by=by, now=NOW)
    paths = [problem.path for problem in refused.value.problems]
    assert paths == ["criteria[17].condition.fact", "criteria[19].condition.compare.fact"]
    assert study.protocol_versions.count() == 1


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        (amended(version="1"), "version", "version 1 is published, and never changes"),
        (amended(lvef=50), "version", "version 2 exists as a draft already"),
        (amended(version="3").replace("id: NCT03464916", "id: NCT00000001"), "registry_id", "not for NCT03464916"),
    ],
)
def test_a_taken_label_and_another_studys_document_are_refused(
    study: Study, draft: ProtocolVersion, by: User, text: str, path: str, message: str
) -> None:
    with pytest.raises(DocumentError, match=message) as refused:
        store_draft(study=study, text=text, by=by, now=NOW)
    assert [problem.path for problem in refused.value.problems] == [path]


def test_a_drafts_text_and_label_can_be_replaced(draft: ProtocolVersion, by: User) -> None:
    replaced = replace_draft(draft=draft, text=amended(version="2a", lvef=50), by=by, now=NOW, seen=draft.digest)
    replaced.refresh_from_db()
    assert (replaced.pk, replaced.label) == (draft.pk, "2a")
    assert "below: 50" in replaced.written
    assert replaced.digest != draft.digest


def test_what_somebody_else_has_changed_since_is_neither_replaced_nor_published(
    draft: ProtocolVersion, by: User
) -> None:
    seen = draft.digest
    replace_draft(draft=draft, text=amended(lvef=50), by=by, now=NOW)
    with pytest.raises(ValidationError, match="Somebody has changed this draft"):
        replace_draft(draft=draft, text=amended(lvef=55), by=by, now=NOW, seen=seen)
    with pytest.raises(ValidationError, match="Somebody has changed this draft"):
        publish_draft(draft=draft, by=by, now=NOW, seen=seen)


def test_a_discarded_draft_is_gone(study: Study, draft: ProtocolVersion, by: User) -> None:
    discard_draft(draft=draft, by=by)
    assert not study.protocol_versions.filter(status="draft").exists()
    for service in (lambda: discard_draft(draft=draft, by=by), lambda: publish_draft(draft=draft, by=by, now=NOW)):
        with pytest.raises(ValidationError, match="Somebody has discarded"):
            service()


def test_publishing_supersedes_the_version_before(study: Study, draft: ProtocolVersion, by: User) -> None:
    published = publish_draft(draft=draft, by=by, now=NOW)
    assert [(v.label, v.status) for v in published_versions(study)] == [("1", "superseded"), ("2", "published")]
    assert (published.published_at, published.published_by) == (NOW, by)


def test_a_published_version_is_no_draft_any_more(study: Study, by: User) -> None:
    published = study.protocol_versions.get(label="1")
    with pytest.raises(ValidationError, match="never changes again"):
        replace_draft(draft=published, text=amended(), by=by, now=NOW)
    with pytest.raises(ValidationError, match="never changes again"):
        discard_draft(draft=published, by=by)
    with pytest.raises(ValidationError, match="never changes again"):
        publish_draft(draft=published, by=by, now=NOW)


def test_an_amendment_takes_effect_no_earlier_than_what_it_supersedes(study: Study, by: User) -> None:
    draft = store_draft(study=study, text=amended(effective="2024-12-31"), by=by, now=NOW)
    with pytest.raises(ValidationError, match="accepted: 2025-01-01 or later"):
        publish_draft(draft=draft, by=by, now=NOW)
    assert study.protocol_versions.get(status="published").label == "1"


def test_a_document_without_a_day_takes_effect_when_it_is_published_on_the_sites_calendar(
    study: Study, by: User
) -> None:
    text = amended().replace("effective: 2026-06-01", "")
    draft = store_draft(study=study, text=text, by=by, now=datetime(2026, 11, 1, 15, tzinfo=UTC))
    assert draft.effective_on == date(2026, 11, 1)
    just_after_midnight = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)
    assert publish_draft(draft=draft, by=by, now=just_after_midnight).effective_on == date(2026, 11, 23)


def test_publishing_in_one_step_twice_changes_nothing(study: Study, by: User) -> None:
    first = publish_protocol(study=study, text=amended(), by=by, now=NOW)
    assert publish_protocol(study=study, text=amended(), by=by, now=NOW) == first
    with pytest.raises(DocumentError, match="never changes"):
        publish_protocol(study=study, text=amended(lvef=50), by=by, now=NOW)
    assert published_versions(study).count() == 2


def test_publishing_in_one_step_publishes_the_draft_of_the_very_same_text(draft: ProtocolVersion, by: User) -> None:
    assert publish_protocol(study=draft.study, text=amended(), by=by, now=NOW).pk == draft.pk


def test_of_two_versions_the_database_holds_one_as_the_newest(study: Study, draft: ProtocolVersion, by: User) -> None:
    with pytest.raises(IntegrityError, match="one_newest_protocol_version_in_study"), transaction.atomic():
        ProtocolVersion.objects.filter(pk=draft.pk).update(status="published", published_at=NOW, published_by=by)


COLUMNS = ProtocolVersion.only_these_change


@pytest.mark.parametrize("column", [name for name in COLUMNS if name != "status"])
def test_no_column_of_a_published_version_changes_whoever_asks(study: Study, by: User, column: str) -> None:
    other = {"effective_on": "DATE '2020-01-01'", "published_by_id": str(by.pk), "drafted_by_id": str(by.pk)}
    other |= {"drafted_at": "now()", "published_at": "now()"}
    version = study.protocol_versions.get()
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE screening_protocolversion SET {column} = {other.get(column, repr('other'))} WHERE id = %s",
            [version.pk],
        )


def test_the_database_deletes_drafts_only(study: Study, draft: ProtocolVersion) -> None:
    with pytest.raises(DatabaseError, match="Cannot delete"), transaction.atomic():
        ProtocolVersion.objects.filter(label="1").delete()
    assert ProtocolVersion.objects.filter(pk=draft.pk).delete()[0] == 1


def test_a_published_version_never_becomes_a_draft_again(study: Study) -> None:
    with pytest.raises(DatabaseError, match="Invalid transition"), transaction.atomic():
        ProtocolVersion.objects.filter(label="1").update(status="draft")
