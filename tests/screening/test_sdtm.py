"""SDTM: one IE record for each criterion not met, one TI record for each criterion and version, DS, signatures."""

import csv
import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from screening import sdtm, services
from screening.criteria import parse_protocol
from screening.models import Observation
from screening.publishing import SHIPPED, publish_protocol
from sites.models import Membership, Site
from tests.factories import UserFactory
from tests.people import member, signed_in
from tests.screening.reviews import NOW, TODAY, failed, sign, to_review
from tests.screening.study import open_reference_site
from trialops.accounts.models import User

DOCUMENT = (SHIPPED / "NCT03464916.yaml").read_text(encoding="utf-8")


@pytest.fixture
def by(db: None) -> User:
    return UserFactory()


@pytest.fixture
def site(db: None) -> Site:
    return open_reference_site()


def test_ie_has_one_record_for_each_criterion_not_met(site: Site, by: User) -> None:
    subject = failed(site, by)
    services.withdraw_failure(change=to_review(subject), reason="incomplete", by=by, now=NOW)
    services.record_fact(
        subject=subject, kind=Observation, by=by, now=NOW,
        raw={"fact": "life_expectancy", "value": 8, "unit": "wk", "on": "2026-11-22"},
    )  # fmt: skip
    services.fail_screening(subject=subject, criteria=["E15", "I3"], primary="E15", on=TODAY, by=by, now=NOW)
    first, second = sdtm.records(site.study, "IE")
    assert first == {
        "STUDYID": "NCT03464916", "DOMAIN": "IE", "USUBJID": "NCT03464916-JAX-0001", "IESEQ": "1", "IESPID": "1:I3",
        "IETESTCD": "I3", "IETEST": first["IETEST"], "IECAT": "INCLUSION", "IEORRES": "N", "IESTRESC": "N",
        "IEDTC": "2026-11-23",
    }  # fmt: skip
    assert (second["IESEQ"], second["IETESTCD"], second["IECAT"], second["IEORRES"]) == ("2", "E15", "EXCLUSION", "Y")


def test_a_withdrawn_failure_is_no_record(site: Site, by: User) -> None:
    services.withdraw_failure(change=to_review(failed(site, by)), reason="wrong", by=by, now=NOW)
    assert sdtm.records(site.study, "IE") == sdtm.records(site.study, "DS") == []


def test_ti_has_one_record_for_each_criterion_and_version(site: Site, by: User) -> None:
    amended = DOCUMENT.replace('version: "1"', 'version: "2"', 1).replace("2025-01-01", "2026-11-01", 1)
    publish_protocol(study=site.study, text=amended, by=by, now=NOW)
    rows = sdtm.records(site.study, "TI")
    assert len({(row["TIVERS"], row["IETESTCD"]) for row in rows}) == len(rows) == 40
    assert {len(row["IETESTCD"]) <= 8 and 0 < len(row["IETEST"]) <= 200 for row in rows} == {True}


def test_a_long_id_gets_a_code_of_eight_characters_by_its_place() -> None:
    protocol = parse_protocol(DOCUMENT.replace("id: E15", "id: ejection-fraction"))
    [criterion] = [each for each in protocol.criteria if each.id == "ejection-fraction"]
    assert sdtm.code_of(protocol, criterion) == "EX_020"
    assert len(sdtm.wording_of(criterion)) <= 200


def test_ds_and_its_supplement_tell_of_failures_and_signatures(site: Site, by: User) -> None:
    subject = failed(site, by)
    signature = sign(subject)
    [disposition] = sdtm.records(site.study, "DS")
    assert disposition["DSDECOD"] == "SCREEN FAILURE"
    assert disposition["DSCAT"] == "DISPOSITION EVENT"
    assert disposition["DSSTDTC"] == "2026-11-23"
    told = {row["QNAM"]: row["QVAL"] for row in sdtm.records(site.study, "SUPPDS")}
    assert told["SIGNNAME"] == signature.printed_name
    assert told["SIGNMEAN"] == signature.meaning
    assert "SIGNVOID" not in told
    services.correct_subject(subject=subject, sex="male", birth_year=1962, reason="typo", by=by, now=NOW)
    assert "SIGNVOID" in {row["QNAM"] for row in sdtm.records(site.study, "SUPPDS")}


def test_a_name_that_looks_like_a_formula_is_text_in_csv(site: Site, by: User) -> None:
    pi = member(Membership.Role.PRINCIPAL_INVESTIGATOR, site=site, first_name="=1+1")
    sign(failed(site, by), by=pi)
    lines = "".join(sdtm.as_csv("SUPPDS", sdtm.records(site.study, "SUPPDS")))
    assert "'=1+1" in lines
    assert ",=1+1" not in lines


@pytest.mark.parametrize("domain", sdtm.VARIABLES)
def test_command_and_page_give_the_same_records(
    site: Site, by: User, domain: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sign(failed(site, by))
    manager: Client = signed_in(member(Membership.Role.STUDY_MANAGER, study=site.study))
    call_command("export_sdtm", "NCT03464916", "--domain", domain)
    printed = capsys.readouterr().out
    page = manager.get(f"/studies/NCT03464916/sdtm/{domain.lower()}.csv")
    assert page.content.decode() == printed
    rows = list(csv.DictReader(io.StringIO(printed)))
    call_command("export_sdtm", "NCT03464916", "--domain", domain, "--format", "json")
    content = json.loads(capsys.readouterr().out)
    assert content["records"] == rows
    assert content["variables"] == list(sdtm.VARIABLES[domain])
    assert page.content.decode() != manager.get(f"/studies/NCT03464916/sdtm/{domain.lower()}.json").content.decode()


@pytest.mark.parametrize("name", ["xx.csv", "ie.xml", "IE.csv", "..csv"])
def test_an_unknown_domain_or_format_is_not_found(site: Site, name: str) -> None:
    manager = signed_in(member(Membership.Role.STUDY_MANAGER, study=site.study))
    assert manager.get(f"/studies/NCT03464916/sdtm/{name}").status_code == 404


def test_an_unknown_study_is_named(db: None) -> None:
    with pytest.raises(CommandError, match="there is no study NCT1"):
        call_command("export_sdtm", "NCT1", "--domain", "IE")
