"""`manage.py issue_token`: the token alone on standard output, once, and clear refusals."""

import re
import shlex
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from sites.models import ApiToken, Study
from tests.factories import StudyFactory


@pytest.fixture
def study(db: None) -> Study:
    return StudyFactory(registry_id="NCT70000001")


def issued(*args: str) -> tuple[str, str]:
    """Standard output and standard error of the command."""
    out, err = StringIO(), StringIO()
    call_command("issue_token", *args, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_the_token_alone_is_printed_and_the_curl_line_beside_it_works(study: Study, settings: Any) -> None:
    settings.BASE_URL = "http://testserver"
    out, err = issued("--study", "NCT70000001", "--name", "sponsor's dashboard")
    assert re.fullmatch(r"trialops_[0-9a-f]{64}\n", out)
    curl = shlex.split(next(line for line in err.splitlines() if line.strip().startswith("curl")))
    assert curl[:2] == ["curl", "-H"]
    name, _, value = curl[2].partition(": ")
    answer = Client().get(curl[3], headers={name: value})
    assert answer.status_code == 200
    assert answer.json()["study"]["registry_id"] == "NCT70000001"
    assert value == f"Bearer {out.strip()}"


def test_a_token_lasts_as_many_days_as_asked(study: Study) -> None:
    issued("--study", "NCT70000001", "--name", "short", "--expires-days", "2")
    issued("--study", "NCT70000001", "--name", "open")
    short, lasting = ApiToken.objects.get(name="short"), ApiToken.objects.get(name="open")
    assert short.expiry is not None
    assert 1.9 < (short.expiry - timezone.now()).total_seconds() / 86400 <= 2
    assert lasting.expiry is None


def test_the_same_name_in_another_study_is_another_token(study: Study) -> None:
    StudyFactory(registry_id="NCT70000002")
    for registry_id in ("NCT70000001", "NCT70000002"):
        issued("--study", registry_id, "--name", "poller")
    assert ApiToken.objects.filter(name="poller").count() == 2


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--study", "NCT70000009", "--name", "x"], r"--study: there is no study 'NCT70000009'; accepted: NCT70000001"),
        (["--study", "\udcff", "--name", "x"], r"there is no study"),
        (["--study", "NCT70000001", "--name", "taken"], r"--name: NCT70000001 already has a token named .taken."),
        (["--study", "NCT70000001", "--name", "  "], r"--name: must be 1 to 100 printable characters"),
        (["--study", "NCT70000001", "--name", "x" * 101], r"--name: must be 1 to 100 printable characters"),
        (["--study", "NCT70000001", "--name", "a\nb"], r"--name: must be 1 to 100 printable characters"),
        (["--study", "NCT70000001", "--name", "x", "--expires-days", "0"], r"from 1 to 3650, not '0'"),
        (["--study", "NCT70000001", "--name", "x", "--expires-days", "soon"], r"from 1 to 3650, not 'soon'"),
        (["--study", "NCT70000001", "--name", "x", "--expires-days", "9" * 30], r"from 1 to 3650"),
        (["--name", "x"], r"--study"),
        (["--study", "NCT70000001"], r"--name"),
    ],
)
def test_a_mistake_is_named_and_no_token_is_made(study: Study, args: list[str], said: str) -> None:
    issued("--study", "NCT70000001", "--name", "taken")
    with pytest.raises(CommandError, match=said):
        issued(*args)
    assert ApiToken.objects.count() == 1
