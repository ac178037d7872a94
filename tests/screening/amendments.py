"""Amendments of the reference study as tests need them."""

from datetime import date, datetime
from pathlib import Path

from screening.adoption import adopt_version
from screening.criteria import Protocol
from screening.models import ProtocolAdoption, ProtocolVersion, Subject, SubjectVersionChange
from screening.publishing import SHIPPED, publish_protocol
from screening.states import CONSENTED
from sites.models import Site, Study
from trialops.accounts.models import User


def amended(version: str = "2", *, lvef: int = 45, effective: str = "2026-06-01") -> str:
    """The shipped document under another label, with another threshold of the ejection fraction."""
    text = Path(SHIPPED / "NCT03464916.yaml").read_text(encoding="utf-8")
    for old, new in (
        ('version: "1"', f'version: "{version}"'),
        ("effective: 2025-01-01", f"effective: {effective}"),
        ("{fact: lvef, below: 40,", f"{{fact: lvef, below: {lvef},"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    return text


def publish_amendment(study: Study, by: User, now: datetime, **changes: object) -> ProtocolVersion:
    """A published amendment, in force at no site yet."""
    return publish_protocol(study=study, text=amended(**changes), by=by, now=now)  # type: ignore[arg-type]


def take_up(site: Site, version: ProtocolVersion, on: date, by: User, now: datetime) -> ProtocolAdoption:
    """The site takes a version up on a day, which is the day of the board's approval too."""
    return adopt_version(
        site=site, version=version, effective_on=on, approved_on=min(on, now.date()), approval="IRB 26-001", by=by,
        now=now,
    )  # fmt: skip


def newest(study: Study, protocol: Protocol, *, by: User, now: datetime, effective_on: date) -> ProtocolVersion:
    """A protocol stored as the study's newest published version, without the run that a publication starts."""
    study.protocol_versions.filter(status="published").update(status="superseded")
    return ProtocolVersion.objects.create(
        study=study, label=protocol.version, status="published", effective_on=effective_on, document=protocol.text,
        digest=protocol.digest, published_at=now, published_by=by,
    )  # fmt: skip


def all_consent(version: ProtocolVersion, *, on: date, by: User, now: datetime) -> None:
    """Every site takes a version up, and every subject still in the study consents to it; nobody is scored yet."""
    for site in version.study.sites.all():
        take_up(site, version, on, by, now)
    for subject in Subject.objects.filter(site__study=version.study, state__in=CONSENTED):
        SubjectVersionChange.objects.create(
            subject=subject, from_version=subject.protocol_version, to_version=version, effective_on=on, recorded_by=by
        )
