"""Two studies with everything in them and one person (or token) of each role: who the authorisation table asks as."""

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.test import Client

from screening.criteria import parse_protocol
from screening.models import Observation, ProtocolVersion, Source, Subject
from screening.publishing import SHIPPED
from sites.models import (
    ApiToken,
    Investigator,
    InvestigatorTerm,
    Membership,
    Site,
    SiteStatusChange,
    SiteStatusVerification,
    Study,
)
from sites.roles import ensure_groups
from sites.services import issue_token
from tests.dashboards.people import person, site_status
from tests.factories import MembershipFactory, SiteFactory, StudyFactory, UserFactory
from trialops.accounts.models import User

Role = Membership.Role
SINCE = date(2025, 1, 2)

ROLES = ("anonymous", "manager", "pi", "pi_elsewhere", "coordinator", "sponsor", "token", "other_manager")
"""`pi` and `coordinator` work at the site asked for, `pi_elsewhere` at another one of the same study."""

ABSENT: dict[str, Any] = {
    "registry_id": "NCT99999999",
    "code": "ZZZ",
    "change_id": 987654321,
    "subject_id": uuid.UUID(int=1),
    "fact_id": 987654321,
    "kind": "observation",
    "slug": "withdraw",
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
            "subject_id": self.subject.pk,
            "fact_id": self.subject.observation_rows.get().pk,
            "kind": "observation",
            "slug": "withdraw",
        }


@dataclass(frozen=True)
class World:
    """What is asked for (`here`), its counterpart in another study, and a client with headers for each role."""

    here: Place
    elsewhere: Place
    askers: dict[str, tuple[Client, dict[str, str]]]


def make_world() -> World:
    study, other = StudyFactory(registry_id="NCT70000001"), StudyFactory(registry_id="NCT70000002")
    jax, rst = SiteFactory(study=study, code="JAX"), SiteFactory(study=study, code="RST")
    foreign = SiteFactory(study=other, code="FAR")
    here, elsewhere = _place(jax), _place(foreign)
    _place(rst)
    users = {
        "manager": _member(study, None, Role.STUDY_MANAGER, staff=True),
        "pi": _member(study, jax, Role.PRINCIPAL_INVESTIGATOR),
        "pi_elsewhere": _member(study, rst, Role.PRINCIPAL_INVESTIGATOR),
        "coordinator": _member(study, jax, Role.COORDINATOR),
        "sponsor": _member(study, None, Role.SPONSOR),
        "other_manager": _member(other, None, Role.STUDY_MANAGER, staff=True),
    }
    askers: dict[str, tuple[Client, dict[str, str]]] = {"anonymous": (Client(), {})}
    for role, user in users.items():
        client = Client(raise_request_exception=False)
        client.force_login(user)
        askers[role] = (client, {})
    token = issue_token(study=study, name="asker")[1]
    askers["token"] = (Client(), {"Authorization": f"Bearer {token}"})
    return World(here=here, elsewhere=elsewhere, askers=askers)


def _member(study: Study, site: Site | None, role: Role, *, staff: bool = False) -> User:
    user = MembershipFactory(study=study, site=site, role=role, user__is_staff=staff).user
    if staff:
        user.groups.add(ensure_groups())
    return user


def _place(site: Site) -> Place:
    site_status(site, "recruiting", SINCE, verified_on=SINCE)
    _protocol(site.study)
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
        ProtocolVersion: subject.protocol_version_id,
        Subject: subject.pk,
    }
    return Place(site=site, subject=subject, rows=rows)


def _protocol(study: Study) -> None:
    """The shipped protocol under the study's own name, as the version that person() takes."""
    protocol = parse_protocol((SHIPPED / "NCT03464916.yaml").read_text(encoding="utf-8"))
    ProtocolVersion.objects.get_or_create(
        study=study, label="1", defaults={"effective_on": SINCE, "document": protocol.text, "digest": protocol.digest}
    )
