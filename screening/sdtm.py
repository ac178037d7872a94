"""Screen failures and criteria as SDTM records: IE, TI, DS, and the signatures as SUPPDS.

Each domain is a list of records with the variables of the SDTM implementation guide in their order, every value text.
A criterion's code is its id where that is a valid short name (at most 8 characters), else its place in the protocol.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime

from screening.criteria import CriterionKind, json_text
from screening.criteria.document import Criterion, Protocol
from screening.models import ProtocolVersion, ScreenFailure, Signature
from screening.queries import protocol_of, published_versions
from screening.states import SubjectState
from sites.models import Study
from trialops.csv_text import csv_lines

Record = dict[str, str]

CODE = re.compile(r"[A-Z][A-Z0-9_]{0,7}")
LONGEST_TEST = 200
CATEGORY = {CriterionKind.INCLUSION: "INCLUSION", CriterionKind.EXCLUSION: "EXCLUSION"}
NOT_MET = {CriterionKind.INCLUSION: "N", CriterionKind.EXCLUSION: "Y"}
"""The answer to a criterion's question that keeps a person out: an inclusion not met, an exclusion that applies."""

VARIABLES: dict[str, tuple[str, ...]] = {
    "IE": (
        "STUDYID", "DOMAIN", "USUBJID", "IESEQ", "IESPID", "IETESTCD", "IETEST", "IECAT", "IEORRES", "IESTRESC",
        "IEDTC",
    ),
    "TI": ("STUDYID", "DOMAIN", "IETESTCD", "IETEST", "IECAT", "TIVERS"),
    "DS": ("STUDYID", "DOMAIN", "USUBJID", "DSSEQ", "DSTERM", "DSDECOD", "DSCAT", "DSDTC", "DSSTDTC"),
    "SUPPDS": (
        "STUDYID", "RDOMAIN", "USUBJID", "IDVAR", "IDVARVAL", "QNAM", "QLABEL", "QVAL", "QORIG", "QEVAL",
    ),
}  # fmt: skip


def records(study: Study, domain: str) -> list[Record]:
    """The records of one domain of a study, in a fixed order."""
    return [dict(zip(VARIABLES[domain], row, strict=True)) for row in MAKERS[domain](study)]


def as_json(domain: str, rows: Iterable[Record]) -> str:
    """A JSON text with the domain's variables and its records."""
    return json_text.dumps({"domain": domain, "variables": list(VARIABLES[domain]), "records": list(rows)}, indent=1)


def as_csv(domain: str, rows: Iterable[Record]) -> Iterator[str]:
    """Lines of CSV with a head; cells that look like formulas are escaped."""
    yield from csv_lines([VARIABLES[domain], *(row.values() for row in rows)])


def code_of(protocol: Protocol, criterion: Criterion) -> str:
    """IETESTCD: at most 8 characters, unique in its version."""
    if CODE.fullmatch(criterion.id):
        return criterion.id
    place = next(place for place, each in enumerate(protocol.criteria, start=1) if each.id == criterion.id)
    return f"{CATEGORY[criterion.kind][:2]}_{place:03d}"


def wording_of(criterion: Criterion) -> str:
    """IETEST: the criterion's text where it fits into 200 characters, else its title."""
    text = " ".join(criterion.text.split())
    return text if 0 < len(text) <= LONGEST_TEST else " ".join(criterion.title.split())[:LONGEST_TEST]


def _criteria(study: Study) -> Iterator[tuple[str, ...]]:
    for version in published_versions(study):
        protocol = protocol_of(version)
        for each in protocol.criteria:
            yield (
                study.registry_id,
                "TI",
                code_of(protocol, each),
                wording_of(each),
                CATEGORY[each.kind],
                version.label,
            )


def _not_met(study: Study) -> Iterator[tuple[str, ...]]:
    for failure in _failures(study):
        protocol = protocol_of(failure.protocol_version)
        missed = [each for each in protocol.criteria if each.id in failure.criteria]
        for place, each in enumerate(missed, start=1):
            yield (
                study.registry_id, "IE", _subject(failure), str(place), _own_id(failure.protocol_version, each),
                code_of(protocol, each), wording_of(each), CATEGORY[each.kind], NOT_MET[each.kind],
                NOT_MET[each.kind], failure.state_change.effective_on.isoformat(),
            )  # fmt: skip


def _dispositions(study: Study) -> Iterator[tuple[str, ...]]:
    for failure in _failures(study):
        protocol = protocol_of(failure.protocol_version)
        primary = next(each for each in protocol.criteria if each.id == failure.primary)
        change = failure.state_change
        yield (
            study.registry_id, "DS", _subject(failure), "1", f"Screen failure: {primary.id} {primary.title}",
            "SCREEN FAILURE", "DISPOSITION EVENT", _day(change.recorded_at, failure).isoformat(),
            change.effective_on.isoformat(),
        )  # fmt: skip


def _signatures(study: Study) -> Iterator[tuple[str, ...]]:
    """Printed name, date and time, meaning of each signature on a screen failure, and whether it is void."""
    rows = Signature.objects.filter(state_change__in=[failure.state_change_id for failure in _failures(study)])
    for signature in rows.select_related("voiding", "state_change__subject__site", "state_change__screen_failure"):
        failure = signature.state_change.screen_failure
        at = signature.signed_at.astimezone(signature.state_change.subject.site.zone)
        void = signature.voiding.recorded_at.isoformat() if hasattr(signature, "voiding") else ""
        for name, label, value in (
            ("SIGNNAME", "Printed name of the signer", signature.printed_name),
            ("SIGNROLE", "Role of the signer", signature.role),
            ("SIGNDTC", "Date and time of the signature", at.isoformat(timespec="seconds")),
            ("SIGNMEAN", "Meaning of the signature", signature.meaning),
            ("SIGNHASH", "SHA-256 of what was signed", signature.digest),
            ("SIGNVOID", "Void since", void),
        ):
            if value:
                yield (
                    study.registry_id, "DS", _subject(failure), "DSSEQ", "1", name, label, value, "ASSIGNED",
                    "INVESTIGATOR",
                )  # fmt: skip


MAKERS: dict[str, Callable[[Study], Iterator[tuple[str, ...]]]] = {
    "IE": _not_met,
    "TI": _criteria,
    "DS": _dispositions,
    "SUPPDS": _signatures,
}


def _failures(study: Study) -> Iterable[ScreenFailure]:
    """Screen failures that stand, by site and number; one that was withdrawn is none."""
    rows = ScreenFailure.objects.filter(
        state_change__subject__site__study=study, state_change__subject__state=SubjectState.SCREEN_FAILED
    ).exclude(state_change__review_steps__kind="withdrawn")
    return rows.select_related("protocol_version", "state_change__subject__site__study").order_by(
        "state_change__subject__site__code", "state_change__subject__number"
    )


def _subject(failure: ScreenFailure) -> str:
    subject = failure.state_change.subject
    return f"{subject.site.study.registry_id}-{subject.screening_number}"


def _own_id(version: ProtocolVersion, criterion: Criterion) -> str:
    return f"{version.label}:{criterion.id}"


def _day(at: datetime, failure: ScreenFailure) -> date:
    return at.astimezone(failure.state_change.subject.site.zone).date()
