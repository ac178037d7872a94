"""The page on which a subject's facts are entered: its groups, what each shows and what was typed into one of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError

from screening.criteria import Fact, Protocol, RecordError
from screening.criteria.catalogue import FactGroup
from screening.entry_forms import AnswerRow, GroupForm
from screening.fact_forms import FACT_FORMS, GROUP_LABELS, FactForm
from screening.judging import Judgements
from screening.models import Subject
from screening.queries import protocol_of
from screening.services.entering import Answer, Entered
from screening.storage import LIST_NAMES

LISTS = {FactGroup.THERAPIES: "therapy", FactGroup.TOXICITIES: "toxicity"}
"""The groups in which a list is entered as well: the kind of its entries."""


class EntryGroup:
    """One group of the page: a new row of its list if it has one, and a row for each of its facts.

    `data` is what was posted for this very group. Facts that the subject's protocol does not ask for stand apart.
    """

    def __init__(self, sheet: "EntrySheet", group: FactGroup, data: Mapping[str, Any] | None = None) -> None:
        self.sheet, self.group = sheet, group
        self.slug, self.label = group.value, GROUP_LABELS[group]
        self.data, self.kind = data, LISTS.get(group, "")
        self.facts = [fact for fact in sheet.protocol.catalogue.values() if fact.group is group]
        self.shared = GroupForm(data, prefix=self.slug, initial={"on": sheet.today, "seen": sheet.mark})

    @cached_property
    def entry(self) -> FactForm | None:
        """The new row of the list; bound only if something was typed into it."""
        if not self.kind:
            return None
        form_class = FACT_FORMS[self.kind]
        names = [f"{self.kind}-{name}" for name in form_class.base_fields]
        typed = self.data is not None and any(str(self.data.get(name, "")).strip() for name in names)
        return form_class(
            self.data if typed else None,
            prefix=self.kind,
            use_required_attribute=False,
            zone=self.sheet.subject.site.zone,
            catalogue=self.sheet.protocol.catalogue,
        )

    @cached_property
    def _day(self) -> date | None:
        return self.shared.cleaned_data.get("on") if self.data is not None and self.shared.is_valid() else None

    def _row(self, fact: Fact) -> AnswerRow:
        return AnswerRow(
            self.data,
            fact=fact,
            day=self._day,
            judgements=self.sheet.judgements,
            may_judge=self.sheet.may_judge,
            zone=self.sheet.subject.site.zone,
            catalogue=self.sheet.protocol.catalogue,
        )

    @cached_property
    def rows(self) -> list[AnswerRow]:
        """The facts that the protocol asks for or declares."""
        return [self._row(fact) for fact in self.facts if fact.name in self.sheet.asked]

    @cached_property
    def further(self) -> list[AnswerRow]:
        """The other facts of the group."""
        return [self._row(fact) for fact in self.facts if fact.name not in self.sheet.asked]

    @property
    def all_rows(self) -> list[AnswerRow]:
        return [*self.rows, *self.further]

    def is_valid(self) -> bool:
        """Nothing typed is wrong; every part is asked, so that every mistake is shown at once."""
        parts = [self.shared, *self.all_rows, *([self.entry] if self.entry is not None and self.entry.is_bound else [])]
        return all([part.is_valid() for part in parts])  # noqa: C419  each one is asked

    @property
    def answers(self) -> list[Answer]:
        """What was typed, the row of the list first. Call is_valid() before."""
        answers: list[Answer] = []
        if self.entry is not None and self.entry.is_bound:
            model = self.entry.model
            answers.append(Entered(model, self.entry.cleaned_data["raw"]))
        answers += [row.cleaned_data["answer"] for row in self.all_rows if "answer" in row.cleaned_data]
        return answers

    @property
    def errors(self) -> int:
        """How many fields are marked."""
        parts = [self.shared, *self.all_rows, *([self.entry] if self.entry is not None else [])]
        return sum(len(part.errors) for part in parts) if self.data is not None else 0

    def show(self, error: ValidationError | RecordError) -> None:
        """What the service refused, at the fact or the list that it names."""
        if isinstance(error, RecordError):
            for problem in error.problems:
                self.shared.add_error(None, problem.message)
            return
        if not hasattr(error, "error_dict"):
            self.shared.add_error(None, error)
            return
        rows = {row.fact.name: row for row in self.all_rows}
        for name, errors in error.error_dict.items():
            if name in rows:
                rows[name].add_error("value", errors)
            elif self.entry is not None and name == LIST_NAMES[self.entry.model]:
                self.entry.add_error(None, errors)
            else:
                self.shared.add_error(None, errors)


@dataclass(frozen=True)
class EntrySheet:
    """All groups of one subject's page, for a day at its site; `mark` is what of the subject the page shows.

    Judgements of results are asked only of somebody who `may_judge`.
    """

    subject: Subject
    today: date
    mark: str
    may_judge: bool
    posted: tuple[str, Mapping[str, Any]] | None = None

    @cached_property
    def protocol(self) -> Protocol:
        return protocol_of(self.subject.protocol_version)

    @cached_property
    def asked(self) -> frozenset[str]:
        """The facts that the protocol's criteria read, or that it declares."""
        return frozenset(self.protocol.facts) | {fact.name for fact in self.protocol.declared}

    @cached_property
    def judgements(self) -> Judgements:
        return Judgements.of(self.protocol)

    @cached_property
    def groups(self) -> Sequence[EntryGroup]:
        """The groups that have a fact or a list, in the order of the page."""
        return [group for group in self._groups() if group.facts or group.kind]

    def _groups(self) -> Iterator[EntryGroup]:
        for group in FactGroup:
            posted = self.posted[1] if self.posted is not None and self.posted[0] == group else None
            yield EntryGroup(self, group, posted)

    def group(self, slug: str) -> EntryGroup | None:
        """The group of this name, if the page has it."""
        return next((group for group in self.groups if group.slug == slug), None)
