"""The columns of the two shapes of a table: one row for each fact, and one row for each subject."""

import re
from collections.abc import Iterable

from django.utils.translation import gettext as _

from screening.criteria.catalogue import CATALOGUE, Catalogue
from screening.criteria.problems import nearest, shown
from screening.criteria.record_parsing import JUDGED, OBSERVATION, THERAPY, TOXICITY
from screening.imports.drafts import PERSON, FileRefusedError

LIST_ITEM = re.compile(r"(therapy|toxicity)([1-9][0-9]?)\.([a-z0-9_]+)")
FIELDS_OF = {"therapy": THERAPY, "toxicity": TOXICITY}
LISTS = {"therapy": "therapies", "toxicity": "toxicities"}
MOST_ITEMS = 20
PER_FACT = ("subject", *OBSERVATION, *THERAPY, *TOXICITY)
OF_A_FACT = ("unit", "on", *JUDGED)


def is_per_fact(header: Iterable[str]) -> bool:
    return "fact" in header


def known_columns(header: Iterable[str], catalogue: Catalogue = CATALOGUE) -> list[str]:
    """Those names that are columns of either shape."""
    return [name for name in header if name in PER_FACT or is_of_subject_row(name, catalogue)]


def is_of_subject_row(name: str, catalogue: Catalogue) -> bool:
    """Whether a table of one row for each subject may have this column."""
    if name in {"subject", "on", *PERSON} or name in catalogue:
        return True
    if item := LIST_ITEM.fullmatch(name):
        return int(item[2]) <= MOST_ITEMS and item[3] in FIELDS_OF[item[1]]
    fact, _, part = name.partition(".")
    return fact in catalogue and part in OF_A_FACT


def refuse_bad_header(header: tuple[str, ...], catalogue: Catalogue) -> None:
    """Raises FileRefusedError for a column that is not known, comes twice, or lacks; nothing of such a file is kept.

    A column with names or birth dates is such a one.
    """
    per_fact = is_per_fact(header)
    for place, name in enumerate(header, start=1):
        if not name:
            raise FileRefusedError(_("Column %(place)s has no name in the first row.") % {"place": place})
        if header.index(name) != place - 1:
            raise FileRefusedError(_("The column %(name)s comes twice.") % {"name": shown(name)})
        if not (name in PER_FACT if per_fact else is_of_subject_row(name, catalogue)):
            options = PER_FACT if per_fact else ("subject", *PERSON, "on", *catalogue)
            raise FileRefusedError(
                _(
                    "The column %(name)s is not known%(hint)s; the template has every column. Nothing of a file with "
                    "another column is kept, since it may identify somebody."
                )
                % {"name": shown(name), "hint": nearest(name, options)}
            )
    if "subject" not in header:
        raise FileRefusedError(_("The column subject lacks: whose the facts are."))
