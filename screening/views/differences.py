"""What differs between two versions of a study's protocol, as a page."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from screening.criteria.differences import Change, Differences, Fate, differences, marked
from screening.models import ProtocolVersion
from screening.queries import protocol_of
from sites.models import Study
from sites.viewing import viewer_of


@dataclass(frozen=True)
class ShownChange:
    """One change; `runs` are the words of both sides as one text, for prose."""

    change: Change
    runs: list[tuple[Fate | None, str]]


@dataclass(frozen=True)
class Section:
    """The changes of one criterion, of the document's head, or of the practice."""

    heading: str
    fate: Fate
    changes: list[ShownChange]


def shown(found: Differences) -> list[Section]:
    """Differences as sections of a page; none where nothing differs."""
    sections = [Section(f"{item.id} {item.title}", item.fate, _changes(item.changes)) for item in found.criteria]
    if found.head:
        sections.insert(0, Section(_("The document as a whole"), Fate.CHANGED, _changes(found.head)))
    if found.practice:
        sections.append(Section(_("Practice for the reminders"), Fate.CHANGED, _changes(found.practice)))
    return sections


@require_safe
def differences_page(request: HttpRequest, registry_id: str) -> HttpResponse:
    """Any two versions compared; by default the newest draft, or else the newest version, with the one before it."""
    study = viewer_of(request).managed_study(registry_id)
    versions = _in_order(study)
    before, after = _chosen(versions, request.GET.get("from", ""), request.GET.get("to", ""))
    context = {
        "study": study,
        "section": "studies",
        "versions": versions,
        "before": before,
        "after": after,
        "sections": shown(differences(protocol_of(before), protocol_of(after))) if before and after else [],
    }
    return render(request, "screening/differences.html", context)


def _changes(changes: Iterable[Change]) -> list[ShownChange]:
    return [
        ShownChange(change, marked(change.before or "", change.after or "") if change.is_prose else [])
        for change in changes
    ]


def _in_order(study: Study) -> list[ProtocolVersion]:
    """Published versions in the order of their publication, then drafts."""
    rows = study.protocol_versions.order_by("id")
    return sorted(rows, key=lambda row: (row.published_at is None, row.published_at or row.drafted_at, row.pk))


def _chosen(
    versions: list[ProtocolVersion], before: str, after: str
) -> tuple[ProtocolVersion | None, ProtocolVersion | None]:
    """The two asked for; what is odd or missing falls back to the newest, and the version before it."""
    by_key = {str(version.pk): version for version in versions}
    newest = by_key.get(after) or (versions[-1] if versions else None)
    before_newest = versions[: versions.index(newest)] if newest else []
    earlier = [version for version in before_newest if not version.is_draft]
    return by_key.get(before) or (earlier[-1] if earlier else newest), newest
