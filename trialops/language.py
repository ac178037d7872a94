"""In which language something is said: to whom it is said decides, and what is kept as a record is said in English."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise


@contextmanager
def record_language() -> Iterator[None]:
    """What is said within is kept in the database, so it reads the same whoever's request caused it."""
    with translation.override(settings.LANGUAGE_CODE):
        yield


def in_english(text: str | Promise) -> str:
    """A translatable text as a record keeps it."""
    with record_language():
        return str(text)


def language_of(user: object) -> str:
    """The language that a person has chosen; the product's first one for who has chosen none."""
    return getattr(user, "language", "") or settings.LANGUAGE_CODE


class Sentences:
    """English sentences of known forms, as the database keeps them, said again in the language of who reads them.

    A form is a message with named gaps, `Site status not verified since %(day)s`. What stands in a gap is looked up in
    its turn, since it may be a form or a word of its own. A sentence of no known form stays as it is.
    """

    def __init__(self, *forms: str) -> None:
        self._forms = [(form, re.compile(GAP.sub(_group, re.escape(form)))) for form in forms]

    def told(self, text: str) -> str:
        """The sentence in the language that is active."""
        if not text or translation.get_language() == settings.LANGUAGE_CODE:
            return text
        for form, pattern in self._forms:
            if found := pattern.fullmatch(text):
                gaps = {name: self.told(said) for name, said in found.groupdict().items()}
                return translation.gettext(form) % gaps if gaps else translation.gettext(form)
        return text

    def knows(self, text: str) -> bool:
        """Whether the sentence has one of the forms."""
        return any(pattern.fullmatch(text) for _form, pattern in self._forms)


GAP = re.compile(r"%\\\((\w+)\\\)s")
"""A named gap in a message that `re.escape` has been over."""


def _group(found: re.Match[str]) -> str:
    return rf"(?P<{found[1]}>.+?)"


def word(code: object) -> str:
    """A word of the program (`best_response`, `in_screening`) as people read it, in the language that is active."""
    return translation.gettext(str(code).replace("_", " "))
