"""Entering, correcting and taking back the facts of a subject."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from screening import services
from screening.criteria import Fact, FactKind, RecordError
from screening.criteria.calendar import DAY
from screening.criteria.catalogue import Catalogue, FactGroup
from screening.fact_forms import FACT_FORMS, FactForm
from screening.forms import RetractForm
from screening.models import AbsentValue, Observation, Subject, Therapy, Toxicity
from screening.queries import catalogue_of, latest_assessment
from screening.services import AnyFact
from screening.views.frame import closed_note, subject_context, subject_to_change
from sites.queries import site_today
from sites.viewing import Viewer, viewer_of
from trialops.forms import add_service_errors, day_in_words, posted
from trialops.language import word

GROUPS = list(FactGroup)
RETRACTABLE: dict[str, tuple[type[AnyFact], Any]] = {
    **{kind: (form.model, form.title) for kind, form in FACT_FORMS.items()},
    "answer": (AbsentValue, gettext_lazy("answer")),
}


@require_http_methods(["GET", "HEAD", "POST"])
def new_fact(request: HttpRequest, subject_id: UUID, kind: str) -> HttpResponse:
    """Add one observation, therapy or toxicity; `?fact=` chooses an observation's fact beforehand."""
    viewer, subject, form_class = _start(request, subject_id, kind)
    catalogue = catalogue_of(subject)
    initial: dict[str, Any] = {}
    if kind == "observation":
        fact = request.GET.get("fact", "")
        initial = {"fact": fact if fact in catalogue else "", "on": site_today(subject.site, viewer.now)}
    form = form_class(
        posted(request),
        zone=subject.site.zone,
        catalogue=catalogue,
        may_judge=viewer.access.may_judge_at(subject.site),
        initial=initial,
    )
    if request.method == "POST" and form.is_valid() and _saved(form, viewer, subject):
        messages.success(request, _saved_message(subject, form, viewer))
        if "another" in request.POST:
            return redirect(reverse("subject-fact-new", args=[subject.pk, kind]))
        return redirect(reverse("subject", args=[subject.pk]) + "#facts")
    heading = _("New %(kind)s") % {"kind": form_class.title}
    return _form_page(request, subject, form, heading=heading, kind=kind, another=True)


@require_http_methods(["GET", "HEAD", "POST"])
def correct_fact(request: HttpRequest, subject_id: UUID, kind: str, fact_id: int) -> HttpResponse:
    """Replace an entry by what it should have said; the earlier one stays visible."""
    viewer, subject, form_class = _start(request, subject_id, kind)
    row = _entry_or_404(form_class.model, subject, fact_id)
    form = form_class(
        posted(request),
        zone=subject.site.zone,
        catalogue=catalogue_of(subject),
        may_judge=viewer.access.may_judge_at(subject.site),
        correcting=row,
    )
    if request.method == "POST" and form.is_valid() and _saved(form, viewer, subject):
        messages.success(request, _saved_message(subject, form, viewer))
        return redirect(reverse("subject", args=[subject.pk]) + "#facts")
    heading = _("Correct this %(kind)s") % {"kind": form_class.title}
    return _form_page(request, subject, form, heading=heading, kind=kind)


@require_http_methods(["GET", "HEAD", "POST"])
def retract_fact(request: HttpRequest, subject_id: UUID, kind: str, fact_id: int) -> HttpResponse:
    """Take an entry back that should never have been recorded."""
    viewer = viewer_of(request)
    subject = subject_to_change(viewer, subject_id)
    if kind not in RETRACTABLE:
        raise Http404
    model, title = RETRACTABLE[kind]
    row = _entry_or_404(model, subject, fact_id)
    catalogue = catalogue_of(subject)
    form = RetractForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            services.retract_fact(fact=row, by=viewer.user, now=viewer.now, reason=form.cleaned_data["reason"])
        except ValidationError as error:
            add_service_errors(form, error)
        else:
            messages.success(request, _("The entry is taken back; it stays visible among the earlier versions."))
            return redirect(reverse("subject", args=[subject.pk]) + "#facts")
    context = {
        **subject_context(subject),
        **_superseded(row, catalogue),
        "form": form,
        "kind": kind,
        "warning": closed_note(subject),
        "heading": _("Take this %(kind)s back") % {"kind": title},
        "lead": described(row, catalogue),
        "button": _("Take it back"),
    }
    return render(request, "screening/subject_form.html", context, status=400 if form.errors else 200)


def facts_shown(observations: Sequence[Observation], catalogue: Catalogue, *, today: date) -> list[dict[str, Any]]:
    """Observations in the order of the entry form's groups, of one fact the latest first, each with its name.

    One dated after `today` at the site waits: it does not count yet, so that an earlier one is still the latest.
    """
    ordered = sorted(observations, key=lambda row: (row.day, row.on, row.pk), reverse=True)
    places = {fact.name: place for place, fact in enumerate(sorted(catalogue.values(), key=_group_place))}
    ordered.sort(key=lambda row: places.get(row.fact, len(places)))
    seen: set[str] = set()
    shown = []
    for row in ordered:
        waits = row.day > today
        latest = not waits and row.fact not in seen
        shown.append(
            {
                "row": row,
                "label": label_of(row, catalogue),
                "value": value_in_words(row, catalogue),
                "latest": latest,
                "waits": waits,
            }
        )
        if not waits:
            seen.add(row.fact)
    return shown


def _group_place(fact: Fact) -> int:
    return GROUPS.index(fact.group)


def label_of(row: Observation, catalogue: Catalogue) -> str:
    """The fact's name for people; one that the subject's protocol version does not know keeps its own."""
    return word(catalogue[row.fact].label if row.fact in catalogue else row.fact)


def value_in_words(row: Observation, catalogue: Catalogue) -> str:
    """`yes`, `no`, a day, or the value with its unit as recorded."""
    if row.fact in catalogue and catalogue[row.fact].kind is FactKind.DATE and DAY.fullmatch(row.value):
        return day_in_words(date.fromisoformat(row.value))
    words = {"true": _("yes"), "false": _("no")}.get(row.value, row.value)
    if row.fact in catalogue and row.value in catalogue[row.fact].codes:
        words = word(row.value)
    return words if row.unit in {"", "1"} else f"{words} {row.unit}"


def earlier_versions(subject: Subject) -> list[dict[str, Any]]:
    """Entries that were corrected or taken back, newest change first: what they said, by what and why it ended."""
    ended: list[Any] = []
    for model in (Observation, Therapy, Toxicity, AbsentValue):
        ended += model._default_manager.filter(subject=subject, newer__isnull=False, retracted=False).select_related(
            "recorded_by", "newer__recorded_by"
        )
    ended.sort(key=lambda row: row.newer.recorded_at, reverse=True)
    catalogue = catalogue_of(subject)
    return [{"row": row, "text": described(row, catalogue), "newer": row.newer} for row in ended]


def described(row: models.Model, catalogue: Catalogue) -> str:
    """An entry in one line."""
    if isinstance(row, Observation):
        said = f"{label_of(row, catalogue)} {value_in_words(row, catalogue)}"
        return f"{said}, {day_in_words(row.day)} {row.on[11:16]}".rstrip()
    if isinstance(row, AbsentValue):
        label = word(catalogue[row.fact].label if row.fact in catalogue else row.fact)
        return f"{label}: {row.get_why_display()}, {day_in_words(row.day)}"
    if isinstance(row, Therapy):
        start = day_in_words(row.start) if row.start else "?"
        days = f"{start} – {day_in_words(row.end) if row.end else _('ongoing or not known')}"
        return f"{word(row.kind)} {', '.join(row.drugs)} {days}".replace("  ", " ")
    return str(row)


def _start(request: HttpRequest, subject_id: UUID, kind: str) -> tuple[Viewer, Subject, type[FactForm]]:
    viewer = viewer_of(request)
    subject = subject_to_change(viewer, subject_id)
    if kind not in FACT_FORMS:
        raise Http404
    return viewer, subject, FACT_FORMS[kind]


def _entry_or_404(model: type[AnyFact], subject: Subject, fact_id: int) -> AnyFact:
    """An entry of the subject, even one that somebody else has corrected or taken back in the meantime."""
    rows: QuerySet[Any] = model._default_manager.filter(subject=subject, retracted=False)
    row: AnyFact = get_object_or_404(rows, pk=fact_id)
    return row


def _superseded(row: AnyFact | None, catalogue: Catalogue) -> dict[str, Any]:
    """The end of the chain of corrections that began at an entry, asked anew: it may have grown while it was typed."""
    newest: Any = None
    following = row
    while following is not None:
        rows: QuerySet[Any] = type(following)._default_manager.filter(supersedes_id=following.pk)
        following = rows.select_related("recorded_by").first()
        newest = following or newest
    return {
        "superseded": newest,
        "superseded_text": described(newest, catalogue) if newest is not None and not newest.retracted else "",
    }


def _saved(form: FactForm, viewer: Viewer, subject: Subject) -> bool:
    """Store what the form holds; what the service refuses is shown in the form."""
    try:
        services.record_fact(
            subject=subject,
            kind=form.model,
            raw=form.cleaned_data["raw"],
            by=viewer.user,
            now=viewer.now,
            supersedes=form.correcting,
            reason=form.cleaned_data.get("reason", ""),
        )
    except RecordError as error:
        form.show(error)
    except ValidationError as error:
        add_service_errors(form, error)
    return not form.errors


def _saved_message(subject: Subject, form: FactForm, viewer: Viewer) -> str:
    said = _("Saved: %(entry)s.") % {"entry": _entry(form)}
    day = form.cleaned_data.get("on")
    if isinstance(day, date) and day > site_today(subject.site, viewer.now):
        said += " " + _("It does not count until %(day)s.") % {"day": day_in_words(day)}
    newest = latest_assessment(subject)
    said_of_state = closed_note(subject)
    if newest is None or said_of_state:
        return f"{said} {said_of_state}".rstrip()
    verdict = _("Verdict: %(verdict)s, %(satisfied)s of %(total)s criteria satisfied.") % {
        "verdict": newest.get_verdict_display(),
        "satisfied": newest.satisfied,
        "total": newest.total,
    }
    return f"{said} {verdict}"


def _entry(form: FactForm) -> str:
    raw = form.cleaned_data["raw"]
    if "fact" in raw:
        return word(form.catalogue[raw["fact"]].label)
    return str(raw.get("term") or ", ".join(raw.get("drugs") or []) or form.title)


def _form_page(
    request: HttpRequest, subject: Subject, form: FactForm, *, heading: str, kind: str, another: bool = False
) -> HttpResponse:
    context = {
        **subject_context(subject),
        **_superseded(form.correcting, form.catalogue),
        "form": form,
        "heading": heading,
        "kind": kind,
        "another": another,
        "lead": _("Earlier entry: %(entry)s") % {"entry": described(form.correcting, form.catalogue)}
        if form.correcting
        else "",
    }
    return render(request, "screening/fact_form.html", context, status=400 if form.errors else 200)
