"""Two studies with everything in them and one person (or token) of each role: who the authorisation table asks as."""

import json
import uuid
import zlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.test import Client
from django.utils import timezone

from screening.criteria import json_text, parse_protocol
from screening.models import (
    Lane,
    Message,
    Observation,
    ProtocolAdoption,
    ProtocolVersion,
    RescoringPart,
    RescoringRun,
    ScreenFailure,
    Source,
    Subject,
    SubjectStateChange,
    TrailExport,
    TrailExportChunk,
    WebhookEndpoint,
)
from screening.publishing import SHIPPED
from screening.rescoring.results import comparison_of
from screening.services.importing import store_import
from sites.models import (
    ApiToken,
    CallAttempt,
    Investigator,
    InvestigatorTerm,
    Membership,
    Site,
    SiteStatusChange,
    SiteStatusVerification,
    Study,
    StudyWebhook,
    WebhookCall,
)
from sites.roles import ensure_groups
from sites.services import issue_token
from tests.dashboards.people import person, site_status
from tests.factories import MembershipFactory, ProtocolVersionFactory, SiteFactory, StudyFactory, UserFactory
from tests.screening.reminders.rows import a_reminder
from trialops.accounts.models import User

Role = Membership.Role
SINCE = date(2025, 1, 2)

ROLES = (
    "anonymous", "manager", "pi", "pi_elsewhere", "coordinator", "sponsor", "token", "other_manager",
    "sub", "monitor", "monitor_of_all", "staff_token",
)  # fmt: skip
"""`pi`, `sub`, `coordinator` and `monitor` work at the own site, `pi_elsewhere` at the other one of the same study.

`token` is a sponsor's, `staff_token` a study manager's own.
"""
AT_OWN_SITE = frozenset({"pi", "sub", "coordinator", "monitor"})

ABSENT: dict[str, Any] = {
    "registry_id": "NCT99999999",
    "code": "ZZZ",
    "change_id": 987654321,
    "version_id": 987654321,
    "adoption_id": 987654321,
    "subject_id": uuid.UUID(int=1),
    "fact_id": 987654321,
    "move_id": 987654321,
    "domain": "ie",
    "extension": "csv",
    "run_id": uuid.UUID(int=1),
    "import_id": uuid.UUID(int=1),
    "export_id": uuid.UUID(int=1),
    "template": "fact-rows.csv",
    "group": "laboratory",
    "kind": "observation",
    "slug": "withdraw",
    "reminder_id": uuid.UUID(int=1),
    "message_id": uuid.UUID(int=1),
    "endpoint_id": uuid.UUID(int=1),
    "webhook_id": uuid.UUID(int=1),
    "token": "guessed",
    "provider_id": "nobody",
    "uidb36": "zzz",
    "key": "guessed",
    "token_id": uuid.UUID(int=1),
    "name": "no-such-picture",
    "figure": "no-such-figure",
}


A_FILE = b"subject,fact,value,on\nnew,ecog,1,2025-02-03\n"

VERSIONS: dict[str, dict[str, Any]] = {
    "0": {"status": "superseded", "published_at": datetime(2025, 1, 1, tzinfo=UTC)},
    "1": {},
    "2": {"status": "draft", "published_at": None, "published_by": None},
}


@dataclass(frozen=True)
class Place:
    """A site with a history and a subject: the values its addresses take, and a row of each kind for the admin."""

    site: Site
    subject: Subject
    rows: dict[type, Any]

    def values(self) -> dict[str, Any]:
        return {
            "registry_id": self.site.study.registry_id,
            "code": self.site.code,
            "change_id": self.rows[SiteStatusChange],
            "version_id": self.site.study.protocol_versions.get(label="2").pk,
            "adoption_id": self.site.protocol_adoptions.get().pk,
            "subject_id": self.subject.pk,
            "fact_id": self.subject.observation_rows.get().pk,
            "move_id": self.rows[SubjectStateChange],
            "domain": "ie",
            "extension": "csv",
            "run_id": self.rows[RescoringRun],
            "import_id": self.site.imports.get().pk,
            "export_id": self.site.study.trail_exports.get().pk,
            "template": "fact-rows.csv",
            "group": "laboratory",
            "kind": "observation",
            "slug": "withdraw",
            "reminder_id": self.subject.reminders.get().pk,
            "message_id": Message.objects.get(notices__reminder__subject=self.subject).pk,
            "endpoint_id": self.site.webhooks.get().pk,
            "webhook_id": self.rows[StudyWebhook],
            "token": f"guessed-{self.site.code}",
            "provider_id": "nobody",
            "uidb36": "zzz",
            "key": "guessed",
            "token_id": ApiToken.objects.get(name=f"token of {self.site.code}").public_id,
            "name": "consort",
            "figure": "screened",
        }


@dataclass(frozen=True)
class World:
    """What is asked for: the own site (`here`), the `other` one of the study, one `elsewhere` in another study.

    And a client with headers for each role.
    """

    here: Place
    other: Place
    elsewhere: Place
    askers: dict[str, tuple[Client, dict[str, str]]]


def make_world() -> World:
    study, other = StudyFactory(registry_id="NCT70000001"), StudyFactory(registry_id="NCT70000002")
    jax, rst = SiteFactory(study=study, code="JAX"), SiteFactory(study=study, code="RST")
    foreign = SiteFactory(study=other, code="FAR")
    here, elsewhere, at_rst = _place(jax), _place(foreign), _place(rst)
    users = {
        "manager": _member(study, None, Role.STUDY_MANAGER, staff=True),
        "pi": _member(study, jax, Role.PRINCIPAL_INVESTIGATOR),
        "pi_elsewhere": _member(study, rst, Role.PRINCIPAL_INVESTIGATOR),
        "coordinator": _member(study, jax, Role.COORDINATOR),
        "sponsor": _member(study, None, Role.SPONSOR),
        "other_manager": _member(other, None, Role.STUDY_MANAGER, staff=True),
        "sub": _member(study, jax, Role.SUB_INVESTIGATOR),
        "monitor": _member(study, jax, Role.MONITOR),
        "monitor_of_all": _member(study, None, Role.MONITOR),
    }
    _written_export(study, users["manager"])
    _written_export(other, users["other_manager"])
    askers: dict[str, tuple[Client, dict[str, str]]] = {"anonymous": (Client(), {})}
    for role, user in users.items():
        client = Client(raise_request_exception=False)
        client.force_login(user)
        askers[role] = (client, {})
    token = issue_token(study=study, name="asker")[1]
    askers["token"] = (Client(), {"Authorization": f"Bearer {token}"})
    own = issue_token(study=study, name="asker of staff", resources=["staff"], by=users["manager"], personal=True)[1]
    askers["staff_token"] = (Client(), {"Authorization": f"Bearer {own}"})
    return World(here=here, other=at_rst, elsewhere=elsewhere, askers=askers)


def _member(study: Study, site: Site | None, role: Role, *, staff: bool = False) -> User:
    user = MembershipFactory(study=study, site=site, role=role, user__is_staff=staff).user
    if staff:
        user.groups.add(ensure_groups())
    return user


def _place(site: Site) -> Place:
    site_status(site, "recruiting", SINCE, verified_on=SINCE)
    _protocol(site)
    subject = person(site, "in_screening")
    Observation.objects.create(
        subject=subject, fact="ecog", value="1", on="2025-02-03", day=date(2025, 2, 3), source=Source.TYPED,
        recorded_by=subject.created_by,
    )  # fmt: skip
    investigator = Investigator.objects.create(name=f"Investigator of {site.code}")
    term = InvestigatorTerm.objects.create(site=site, investigator=investigator, role="principal", starts_on=SINCE)
    member = MembershipFactory(
        study=site.study, site=site, role=Role.COORDINATOR, user=UserFactory(username=f"staff-of-{site.code}")
    )
    reminder = a_reminder(subject, state="sent", sent_at=timezone.now())
    store_import(site=site, data=A_FILE, screened_on=SINCE, by=member.user, now=timezone.now())
    lane = Lane.objects.create(name=f"mail::{site.code}", channel="mail")
    message = Message.objects.create(
        channel="mail", lane=lane, user=member.user, send_at=timezone.now(), state="failed"
    )
    message.notices.create(reminder=reminder)
    WebhookEndpoint.objects.create(site=site, url=f"https://{site.code}.example.org/", created_by=member.user)
    rows = {
        Study: site.study.pk,
        Site: site.pk,
        Investigator: investigator.pk,
        InvestigatorTerm: term.pk,
        SiteStatusChange: site.status_changes.get().pk,
        SiteStatusVerification: site.status_verifications.get().pk,
        Membership: member.pk,
        User: member.user.pk,
        ApiToken: issue_token(study=site.study, name=f"token of {site.code}")[0].pk,
        StudyWebhook: _study_webhook(site, member.user).pk,
        ProtocolVersion: subject.protocol_version_id,
        Subject: subject.pk,
        RescoringRun: _finished_run(site, subject).pk,
        SubjectStateChange: _failed(site).pk,
    }
    return Place(site=site, subject=subject, rows=rows)


def _study_webhook(site: Site, by: User) -> StudyWebhook:
    """With a call that waits, and one attempt at it."""
    webhook = StudyWebhook.objects.create(
        study=site.study, url=f"https://{site.code}.sponsor.example.org/", told_version=2, created_by=by
    )
    call = WebhookCall.objects.create(webhook=webhook, kind="study.changed", after_version=1, to_version=2, attempt=1)
    CallAttempt.objects.create(call=call, attempt=1, answer="HTTP 500", delivered=False, milliseconds=1)
    return webhook


def _written_export(study: Study, by: User) -> None:
    """An export of the trail that a manager has asked for, and its file."""
    export = TrailExport.objects.create(
        study=study, format="csv", asked_by=by, state="done", total=0, until=0, finished_at=timezone.now()
    )
    TrailExportChunk.objects.create(export=export, number=0, content=zlib.compress(b""))


def _protocol(site: Site) -> None:
    """The shipped protocol under the study's own name: a first version, the one that person() takes, and a draft.

    The site has taken the second one up.
    """
    protocol = parse_protocol((SHIPPED / "NCT03464916.yaml").read_text(encoding="utf-8"))
    first, second, _ = (
        ProtocolVersionFactory(
            study=site.study, label=label, effective_on=SINCE, document=protocol.text, digest=protocol.digest, **fields
        )
        for label, fields in VERSIONS.items()
    )
    ProtocolAdoption.objects.create(
        site=site, protocol_version=second, effective_on=SINCE, approved_on=SINCE, approval=f"board of {site.code}",
        recorded_by=first.published_by,
    )  # fmt: skip


def _failed(site: Site) -> SubjectStateChange:
    """A screen failure that waits for review."""
    change = person(site, "in_screening", "screen_failed").state_changes.get(state="screen_failed")
    version = change.subject.protocol_version
    ScreenFailure.objects.create(state_change=change, protocol_version=version, criteria=["I2"], primary="I2")
    return change


def _finished_run(site: Site, subject: Subject) -> RescoringRun:
    """What a draft without the last criterion would change: for one subject, something."""
    raw = json_text.loads(subject.protocol_version.document)
    raw |= {"version": f"without the last, at {site.code}", "criteria": raw["criteria"][:-1]}
    protocol = parse_protocol(json_text.dumps(raw))
    draft = ProtocolVersion.objects.create(
        study=site.study, label=protocol.version, effective_on=SINCE, document=protocol.text, digest=protocol.digest
    )
    run = RescoringRun.objects.create(
        kind="what_if", study=site.study, version=draft, against=subject.protocol_version, pool_states=["in_screening"],
        created_by=subject.created_by, total=1, state="done", finished_at=datetime(2025, 2, 3, tzinfo=UTC),
    )  # fmt: skip
    comparison = comparison_of(run)
    before = "u" * len(comparison.before.criteria)
    tally = comparison.tally()
    tally.add(before, before[:-1])
    RescoringPart.objects.create(
        run=run, number=0, first_sheet=1, last_sheet=1, subjects=1, done_at=run.finished_at, changed=1,
        tally=tally.as_json(), changes=json.dumps([str(subject.pk), before, before[:-1]]),
    )  # fmt: skip
    return run
