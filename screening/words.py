"""Words of the criteria engine that pages show by themselves: facts, codes, kinds of therapy, verdicts."""

from collections.abc import Iterable

from screening.criteria.catalogue import CATALOGUE
from screening.criteria.record import TherapyKind
from trialops.templatetags.product import LOOKS


def fact_words() -> Iterable[str]:
    """Each as `trialops.language.word` looks it up. What a document declares of its own stays as it is written."""
    for fact in CATALOGUE.values():
        yield fact.label
        yield from (code.replace("_", " ") for code in fact.codes)
    yield from (kind.value.replace("_", " ") for kind in TherapyKind)
    yield from (value.replace("_", " ") for value in LOOKS)
