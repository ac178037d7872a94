"""`manage.py load_demo`: the reference study with invented subjects and sign-ins, once; for trying the product out."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone
from knox.crypto import hash_token

from screening.demo import CLOSED_DAYS_AGO, MONTHS_18, load_subjects
from screening.demo_amendment import amended
from screening.publishing import SHIPPED, publish_protocol, store_draft
from sites.models import ApiToken, Investigator, Membership, Site, Study
from sites.roles import ensure_groups
from sites.services import change_site_status, grant_membership, issue_token
from sites.statuses import SiteStatus
from sites.study_document import read_study_document, store_study
from trialops.accounts.models import User

REGISTRY_ID = "NCT03464916"
PASSWORD = "trialops-demo"  # noqa: S105  printed on the terminal; the demo listens on the loopback address only
TOKEN_NAME = "demo sponsor"  # noqa: S105
Role = Membership.Role
SIGNING = Role.PRINCIPAL_INVESTIGATOR

PEOPLE: tuple[tuple[str, str, str, Role, str | None], ...] = (
    ("manager", "Morgan", "Study Manager", Role.STUDY_MANAGER, None),
    ("pi-jax", "PI", "Jacksonville", Role.PRINCIPAL_INVESTIGATOR, "JAX"),
    ("pi-rst", "PI", "Rochester", Role.PRINCIPAL_INVESTIGATOR, "RST"),
    ("subi-jax", "Sub-I", "Jacksonville", Role.SUB_INVESTIGATOR, "JAX"),
    ("coordinator", "Casey", "Coordinator", Role.COORDINATOR, "JAX"),
    ("monitor", "Mo", "Monitor", Role.MONITOR, None),
    ("sponsor", "Sam", "Sponsor", Role.SPONSOR, None),
)
"""Username, first and last name, role, site. The coordinator works at both sites."""


class Command(BaseCommand):
    help = "Load the reference study with invented demo subjects and sign-ins (does nothing when they are there)."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Demo data belong in a demo: set TRIALOPS_DEMO=true (`make demo` does).")
        now = timezone.now()
        study = Study.objects.filter(registry_id=REGISTRY_ID).first()
        if study is not None and not study.is_demo:
            raise CommandError(f"{REGISTRY_ID} is set up here without demo data; demo subjects are not mixed into it.")
        if study is None:
            study = load(now)
        self._write_sign_ins(_valid_token(study))

    def _write_sign_ins(self, token: str) -> None:
        sign_ins = [
            {"role": f"{role.label} {site}" if site and role != Role.COORDINATOR else str(role.label),
             "username": username, "password": PASSWORD}
            for username, _, _, role, site in PEOPLE
        ]  # fmt: skip
        content = {
            "sign_ins": sign_ins,
            "token": token,
            "api_path": f"/api/v1/studies/{REGISTRY_ID}/enrollment/",
            "mail_path": "/demo/mail/",
        }
        path = _demo_file()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(json.dumps(content, indent=1), encoding="utf-8")
        self.stdout.write(self.style.SUCCESS("Demo data are ready."))


@transaction.atomic
def load(now: datetime) -> Study:
    """The study and a draft amendment, its people, eighteen months of site status, the invented subjects: at once."""
    today = now.date()
    began = today - timedelta(days=MONTHS_18 + 5)
    study_managers = ensure_groups()
    people = {username: _person(username, first, last) for username, first, last, _, _ in PEOPLE}
    manager = people["manager"]
    study = store_study(read_study_document(REGISTRY_ID), by=manager, today=today, terms_since=began, with_status=False)
    study.is_demo = True
    study.save(update_fields=["is_demo"])
    document = SHIPPED / f"{REGISTRY_ID}.yaml"
    publish_protocol(study=study, text=document.read_text(encoding="utf-8"), by=manager, now=now)
    store_draft(study=study, text=amended(document), by=manager, now=now)
    sites = {site.code: site for site in study.sites.all()}
    for username, _, _, role, code in PEOPLE:
        person = people[username]
        grant_membership(user=person, study=study, role=role, site=sites[code] if code else None, starts_on=began)
        if role == Role.PRINCIPAL_INVESTIGATOR and code:
            Investigator.objects.filter(terms__site=sites[code]).update(user=person)
    grant_membership(user=people["coordinator"], study=study, role=Role.COORDINATOR, site=sites["RST"], starts_on=began)
    manager.is_staff = True
    manager.save(update_fields=["is_staff"])
    manager.groups.add(study_managers)
    _site_history(sites, by=manager, now=now)
    investigators = {code: people[name] for name, _, _, role, code in PEOPLE if code and role == SIGNING}
    load_subjects(sites=sites, investigators=investigators, by=people["coordinator"], now=now)
    return study


def _site_history(sites: dict[str, Site], *, by: User, now: datetime) -> None:
    today = now.date()
    for index, site in enumerate(sites.values()):
        opened = today - timedelta(days=MONTHS_18 + 3 - 9 * index)
        closed = today - timedelta(days=CLOSED_DAYS_AGO - 2 * index)
        for status, day, reason in (
            (SiteStatus.NOT_YET_RECRUITING, opened - timedelta(days=60), ""),
            (SiteStatus.RECRUITING, opened - timedelta(days=9), ""),
            (SiteStatus.ACTIVE_NOT_RECRUITING, closed, "Closed for enrollment in the registry's record (demo date)."),
        ):
            change_site_status(site=site, status=status, effective_on=day, by=by, now=now, reason=reason)


def _person(username: str, first: str, last: str) -> User:
    user, created = User.objects.get_or_create(
        username=username, defaults={"first_name": first, "last_name": last, "email": f"{username}@example.org"}
    )
    if created:
        user.set_password(PASSWORD)
        user.save(update_fields=["password"])
    return user


def _demo_file() -> Path:
    return settings.STATE_DIR / "run" / "demo.json"


def _valid_token(study: Study) -> str:
    """The token written down at an earlier start if it still opens the study, else a new one."""
    try:
        text = str(json.loads(_demo_file().read_text(encoding="utf-8"))["token"])
    except (OSError, ValueError, KeyError, TypeError):
        text = ""
    if text and ApiToken.objects.filter(study=study, name=TOKEN_NAME, digest=hash_token(text)).exists():
        return text
    with transaction.atomic():
        ApiToken.objects.filter(study=study, name=TOKEN_NAME).delete()
        return issue_token(study=study, name=TOKEN_NAME)[1]
