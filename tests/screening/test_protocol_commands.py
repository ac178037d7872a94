"""`manage.py protocol` and `manage.py diff_protocols`: the services' work from a terminal, with refusals that help."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from screening.models import ProtocolAdoption, ProtocolVersion
from screening.publishing import store_draft
from sites.models import Membership, Study
from tests.people import NOW, member
from tests.screening.amendments import amended, publish_amendment
from tests.screening.study import open_reference_site
from trialops.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_stands_still")]


@pytest.fixture
def study() -> Study:
    return open_reference_site().study


@pytest.fixture
def manager(study: Study) -> User:
    """The only study manager, so that --by can be left out."""
    return member(Membership.Role.STUDY_MANAGER, study=study)


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "amendment.yaml"
    path.write_text(amended(), encoding="utf-8")
    return path


def said(command: str, *args: object) -> str:
    out = StringIO()
    call_command(command, *map(str, args), stdout=out, no_color=True)
    return out.getvalue()


def refused(command: str, *args: object) -> str:
    with pytest.raises(CommandError) as error:
        said(command, *args)
    return str(error.value)


def test_an_amendment_goes_from_a_file_to_a_site(study: Study, manager: User, document: Path) -> None:
    assert said("protocol", "draft", document) == "Draft of version 2 of NCT03464916 is stored.\n"
    assert said("protocol", "draft", document) == "Draft of version 2 of NCT03464916 is stored anew.\n"
    assert said("protocol", "publish", "2") == "Version 2 of NCT03464916 is published.\n"
    taken = said("protocol", "adopt", "JAX", "2", "--approved-on", "2026-11-20", "--approval", "IRB 26-001")
    assert taken == "JAX takes up version 2 from 2026-11-23.\n"
    entry = ProtocolAdoption.objects.get()
    assert (entry.recorded_by, entry.approval) == (manager, "IRB 26-001")
    assert said("protocol", "list").splitlines() == [
        "2  published; in force at JAX; 0 subjects; effective 2026-06-01",
        "1  superseded; in force at RST; 0 subjects; effective 2025-01-01",
    ]


def test_a_draft_can_be_discarded(study: Study, manager: User, document: Path) -> None:
    said("protocol", "draft", document)
    assert said("protocol", "list").splitlines()[0] == "2  draft; effective 2026-06-01"
    assert said("protocol", "discard", "2") == "Draft of version 2 of NCT03464916 is discarded.\n"
    assert not ProtocolVersion.objects.filter(status="draft").exists()


def test_every_mistake_of_a_document_is_told_with_file_and_path(study: Study, manager: User, document: Path) -> None:
    text = amended().replace("{fact: lvef,", "{fact: lvfe,").replace("fact: plasma_cell_leuk", "fact: plasma_leuk")
    document.write_text(text, encoding="utf-8")
    lines = refused("protocol", "draft", document).splitlines()
    assert lines[0].startswith(f"{document}: criteria[17].condition.fact: 'plasma_leukemia' is not a fact")
    assert lines[1].startswith(f"{document}: criteria[19].condition.compare.fact: 'lvfe' is not a fact; did you mean")
    assert lines[2] == "Nothing was stored."


def test_what_cannot_be_done_is_refused_with_what_would_be_accepted(
    study: Study, manager: User, document: Path, tmp_path: Path
) -> None:
    store_draft(study=study, text=amended(), by=manager, now=NOW)
    approval = ("--approved-on", "2026-11-20", "--approval", "IRB 26-001")
    (tmp_path / "odd").write_bytes(b"\xff")
    for args, message in (
        (("publish", "9"), "NCT03464916 has no protocol version 9; there is: 1, 2."),
        (("publish", "1"), "Version 1 is published: it never changes again. Make a new draft instead."),
        (("adopt", "XYZ", "2", *approval), "NCT03464916 has no site XYZ; accepted: JAX, RST."),
        (("adopt", "JAX", "2", *approval), "version: A site takes up published versions of its own study"),
        (("adopt", "JAX", "2", "--approved-on", "soon", "--approval", "x"), "“soon” is not a date"),
        (("publish", "2", "--by", "nobody"), "--by: there is no user “nobody”."),
        (("list", "--study", "NCT1"), "--study: there is no study NCT1."),
        (("draft", tmp_path / "absent.yaml"), "absent.yaml: No such file or directory."),
        (("draft", tmp_path / "odd"), "odd: not UTF-8 text at position 0."),
        ((), "ACTION"),
    ):
        assert message in refused("protocol", *args)


def test_differences_of_stored_versions_and_files_are_printed(study: Study, manager: User, document: Path) -> None:
    publish_amendment(study, manager, NOW)
    expected = [
        "version: 1 → 2",
        "    at version",
        "effective: 2025-01-01 → 2026-06-01",
        "    at effective",
        "E15 Heart function",
        "  compare lvef: below 40 % → below 45 %",
        "      at criteria[E15].condition.compare.below",
    ]
    assert said("diff_protocols", "NCT03464916@1", "NCT03464916").splitlines() == expected
    assert said("diff_protocols", "NCT03464916@1", document).splitlines() == expected
    assert said("diff_protocols", document, "NCT03464916@2") == "No differences.\n"
    found = json.loads(said("diff_protocols", "NCT03464916@1", document, "--format", "json"))
    assert found["criteria"][0]["changes"][0]["after"] == "below 45 %"


def test_a_shipped_document_can_be_compared_before_any_study_is_set_up(document: Path) -> None:
    assert "below 40 % → below 45 %" in said("diff_protocols", "NCT03464916", document)


def test_what_is_to_be_compared_and_cannot_be_read_is_named(study: Study, document: Path) -> None:
    document.write_text("title: [", encoding="utf-8")
    for name, message in (
        ("NCT03464916@9", "NCT03464916@9: there is no such version of NCT03464916; there is: 1."),
        ("NCT1", "NCT1: neither a file nor a study; studies: NCT03464916."),
        (str(document), "amendment.yaml: line 2 column 1: not valid YAML"),
    ):
        assert message in refused("diff_protocols", "NCT03464916", name)
