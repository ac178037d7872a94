"""The page for entering a subject's facts: groups with a field for each fact, saved one group at a time."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from screening import services
from screening.criteria import RecordError
from screening.duplicates import doubles_of
from screening.entry_forms import AnswerRow
from screening.entry_sheet import EntryGroup, EntrySheet
from screening.meanwhile import entered_since, mark_of
from screening.models import AbsentValue, Observation, Subject
from screening.queries import current_facts, latest_assessment, protocol_of
from screening.services import AnyFact
from screening.views.facts import described, earlier_versions, facts_shown
from screening.views.frame import subject_context, subject_to_change
from screening.views.verdict import Entries, criteria_shown
from sites.queries import site_today
from sites.viewing import Viewer, viewer_of

CONFLICT = 409


@dataclass
class FactShown:
    """A fact's row: its fields, and beside them what is recorded of it."""

    form: AnswerRow
    latest: dict[str, Any] | None = None
    others: list[dict[str, Any]] = field(default_factory=list)
    ended: list[dict[str, Any]] = field(default_factory=list)
    absent: AbsentValue | None = None


@dataclass(frozen=True)
class GroupShown:
    """A group of the page; `entries` are those of its list, `others` what somebody else entered meanwhile."""

    group: EntryGroup
    rows: Sequence[FactShown]
    further: Sequence[FactShown]
    entries: Sequence[dict[str, Any]]
    ended: Sequence[dict[str, Any]]
    others: Sequence[dict[str, Any]] = ()
    note: str = ""

    @property
    def mark(self) -> str:
        """What its reader has seen; a form that was refused keeps its mark, until the reader has been told more."""
        typed = self.group.shared["seen"].value() if self.group.data is not None else ""
        return str(typed) if typed and not self.others else self.group.sheet.mark


@require_safe
def entry_page(request: HttpRequest, subject_id: UUID) -> HttpResponse:
    """Every group, nothing typed yet."""
    viewer = viewer_of(request)
    subject = subject_to_change(viewer, subject_id)
    sheet = _sheet(viewer, subject)
    shown = Recorded(subject, sheet)
    return render(request, "screening/entry/page.html", _page(subject, sheet, shown))


@require_POST
def save_group(request: HttpRequest, subject_id: UUID, group: str) -> HttpResponse:
    """Store what was typed into one group; all of it or, if anything is refused, nothing."""
    viewer = viewer_of(request)
    subject = subject_to_change(viewer, subject_id)
    sheet = _sheet(viewer, subject, posted=(group, request.POST))
    typed = sheet.group(group)
    if typed is None:
        raise Http404
    others, rows = _stored(viewer, subject, typed)
    if rows:
        return _after_saving(request, viewer, subject, typed, rows)
    shown = Recorded(subject, sheet)
    conflict = [_by_whom(row, shown) for row in others]
    status = CONFLICT if conflict else 400
    if not request.htmx:  # type: ignore[attr-defined]
        context = _page(subject, sheet, shown, conflict={group: conflict})
        return render(request, "screening/entry/page.html", context, status=status)
    context = {
        **subject_context(subject),
        "shown": shown.group(typed, others=conflict),
        "said": _refused(typed, conflict),
    }
    return render(request, "screening/entry/answer.html", context, status=status)


def _stored(viewer: Viewer, subject: Subject, typed: EntryGroup) -> tuple[Sequence[AnyFact], Sequence[AnyFact]]:
    """What others have entered of the same facts meanwhile, so that nothing was stored; or else what was stored."""
    if not typed.is_valid():
        return (), ()
    if not typed.answers:
        typed.shared.add_error(None, _("Nothing was typed here."))
        return (), ()
    try:
        rows = services.record_answers(
            subject=subject,
            answers=typed.answers,
            seen=typed.shared.cleaned_data["seen"],
            by=viewer.user,
            now=viewer.now,
        )
    except services.ChangedMeanwhileError as error:
        return error.rows, ()
    except (RecordError, ValidationError) as error:
        typed.show(error)
        return (), ()
    return (), rows


def _after_saving(
    request: HttpRequest, viewer: Viewer, subject: Subject, typed: EntryGroup, rows: Sequence[AnyFact]
) -> HttpResponse:
    """The group as it is now, emptied for what comes next; and what others have entered elsewhere meanwhile."""
    subject.refresh_from_db()
    sheet = _sheet(viewer, subject)
    shown = Recorded(subject, sheet)
    said = _saved(subject, typed, rows)
    elsewhere = entered_since(subject, typed.shared.cleaned_data["seen"], apart_from=viewer.user)
    note = _("Meanwhile: %(what)s.") % {"what": "; ".join(_in_a_line(row, shown) for row in elsewhere)}
    if not request.htmx:  # type: ignore[attr-defined]
        messages.success(request, said)
        if elsewhere:
            messages.warning(request, note)
        return redirect(reverse("subject-entry", args=[subject.pk]) + f"#group-{typed.slug}")
    context = {
        **subject_context(subject),
        **_verdict(subject, shown),
        "shown": shown.group(EntryGroup(sheet, typed.group), note=note if elsewhere else ""),
        "said": said,
        "doubles": doubles_of(subject),
        "saved": True,
    }
    return render(request, "screening/entry/answer.html", context)


def _saved(subject: Subject, typed: EntryGroup, rows: Sequence[AnyFact]) -> str:
    said = ngettext("%(group)s: %(n)d answer saved.", "%(group)s: %(n)d answers saved.", len(rows))
    said %= {"group": typed.label, "n": len(rows)}
    newest = latest_assessment(subject)
    if newest is None:
        return said
    verdict = _("Verdict: %(verdict)s, %(satisfied)s of %(total)s criteria satisfied.")
    return f"{said} {verdict}" % {
        "verdict": newest.get_verdict_display(),
        "satisfied": newest.satisfied,
        "total": newest.total,
    }


def _refused(typed: EntryGroup, conflict: Sequence[dict[str, Any]]) -> str:
    if conflict:
        return _("%(group)s: not saved, since somebody else has entered something here.") % {"group": typed.label}
    n = typed.errors
    said = ngettext("%(group)s: not saved; %(n)d field is marked.", "%(group)s: not saved; %(n)d fields are marked.", n)
    return said % {"group": typed.label, "n": n}


class Recorded:
    """What is recorded of a subject, ordered by the rows of its page."""

    def __init__(self, subject: Subject, sheet: EntrySheet) -> None:
        self.subject, self.sheet = subject, sheet
        self.catalogue = sheet.protocol.catalogue
        self.entries = Entries(subject, *current_facts(subject))
        self.values: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for item in facts_shown(self.entries.observations, self.catalogue, today=sheet.today):
            self.values[item["row"].fact].append(item)
        self.ended: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for item in earlier_versions(subject):
            self.ended[services.about(item["row"])].append(item)

    def row(self, form: AnswerRow) -> FactShown:
        name = form.fact.name
        values = self.values[name]
        latest = next((item for item in values if item["latest"]), values[0] if values else None)
        return FactShown(
            form=form,
            latest=latest,
            others=[item for item in values if item is not latest],
            ended=self.ended[name],
            absent=self.entries.absent.get(name),
        )

    def group(self, group: EntryGroup, *, others: Sequence[dict[str, Any]] = (), note: str = "") -> GroupShown:
        rows = {"therapy": self.entries.therapies, "toxicity": self.entries.toxicities}.get(group.kind, ())
        ended = {"therapy": "therapies", "toxicity": "toxicities"}.get(group.kind, "")
        return GroupShown(
            group=group,
            rows=[self.row(form) for form in group.rows],
            further=[self.row(form) for form in group.further],
            entries=[{"row": row, "text": described(row, self.catalogue)} for row in rows],
            ended=self.ended[ended],
            others=others,
            note=note,
        )


def _sheet(viewer: Viewer, subject: Subject, posted: tuple[str, Mapping[str, Any]] | None = None) -> EntrySheet:
    return EntrySheet(
        subject,
        site_today(subject.site, viewer.now),
        mark_of(subject),
        may_judge=viewer.access.may_judge_at(subject.site),
        posted=posted,
    )


def _page(
    subject: Subject,
    sheet: EntrySheet,
    shown: Recorded,
    conflict: dict[str, Sequence[dict[str, Any]]] | None = None,
) -> dict[str, Any]:
    return {
        **subject_context(subject),
        **_verdict(subject, shown),
        "groups": [shown.group(group, others=(conflict or {}).get(group.slug, ())) for group in sheet.groups],
        "doubles": doubles_of(subject),
    }


def _verdict(subject: Subject, shown: Recorded) -> dict[str, Any]:
    """The newest verdict with what is not satisfied; what is missing leads to its field."""
    newest = latest_assessment(subject)
    if newest is None:
        return {"assessment": None}
    criteria = criteria_shown(
        newest, protocol_of(newest.protocol_version), shown.entries, in_protocol_order=False, may_enter=True
    )
    return {"assessment": newest, "open_criteria": [item for item in criteria if item.verdict != "satisfied"]}


def _by_whom(row: AnyFact, shown: Recorded) -> dict[str, Any]:
    """Somebody else's entry: what it says, or that it took something back, and who made it when."""
    return {"row": row, "text": described(row, shown.catalogue), "retracted": row.retracted}


def _in_a_line(row: AnyFact, shown: Recorded) -> str:
    said = described(row, shown.catalogue)
    form = _("%(who)s took back %(what)s") if row.retracted else _("%(who)s entered %(what)s")
    return form % {
        "who": row.recorded_by,
        "what": said if not isinstance(row, Observation) else capfirst(said),
    }
