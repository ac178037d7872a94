"""The demo: loaded whole, with everything that its pages are to show, and only once."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from screening.management.commands import load_demo
from screening.models import ProtocolDeviation, ReviewStep, Signature, Subject

pytestmark = pytest.mark.django_db


def test_it_shows_every_kind_of_thing_and_names_its_sign_ins(tmp_path: Path, settings: Any) -> None:
    settings.DEMO, settings.STATE_DIR = True, tmp_path
    call_command("load_demo")
    told = json.loads(load_demo._demo_file().read_text(encoding="utf-8"))
    assert [each["username"] for each in told["sign_ins"]] == [person[0] for person in load_demo.PEOPLE]
    assert told["sign_ins"][0]["role"] == "study manager"
    assert Subject.objects.filter(previous_attempt__isnull=False).exists()
    assert ProtocolDeviation.objects.exists()
    assert ReviewStep.objects.filter(kind=ReviewStep.Kind.RETURNED).exists()
    assert Signature.objects.exists()
    before = Subject.objects.count()
    call_command("load_demo")
    assert Subject.objects.count() == before
