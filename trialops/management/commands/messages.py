"""The catalogues of translations, brought in step with the code: extracted, merged and compiled.

Everything is pure Python (Babel), so that no gettext of the system is needed. Entries name no line, so that a change
elsewhere in a file leaves the catalogue alone.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation.template import templatize

from trialops.names import names

APPS = ("trialops", "sites", "screening", "dashboards")
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
HEADER = "# {language} of the pages, mails and calendars of trialops, kept in step by `make messages`.\n#"

UNCHANGING = datetime(2026, 1, 1, tzinfo=UTC)
"""The date in the compiled catalogue, so that the same entries make the same bytes."""

Found = tuple[str, Any, str | None]
"""Where a message stands, the message (with its plural, if it has one) and its context."""


class Command(BaseCommand):
    help = "Bring trialops/locale/*/LC_MESSAGES/django.po in step with the code and compile it; new ones stay empty."
    requires_system_checks = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--check", action="store_true", help="Write nothing; fail when something is out of step.")

    def handle(self, *args: Any, **options: Any) -> None:
        stale = []
        for path, text in sorted(written(found_messages()).items()):
            if not path.exists() or path.read_bytes() != text:
                stale.append(path.relative_to(settings.BASE_DIR).as_posix())
                if not options["check"]:
                    path.write_bytes(text)
        if options["check"] and stale:
            raise CommandError(f"Out of step with the code: {', '.join(stale)}. Run make messages.")
        self.stdout.write(f"Written: {', '.join(stale)}" if stale else "Nothing to write.")


def found_messages() -> list[Found]:
    """Every message of the code, the templates and the models' names, in the order of the files."""
    from babel.messages.extract import extract  # what only developers have

    found: list[Found] = []
    for path in sorted(_sources()):
        place = path.relative_to(settings.BASE_DIR).as_posix()
        text = path.read_text(encoding="utf-8")
        if path.suffix != ".py":
            text = re.sub(r"^[ \t]+", "", templatize(text, origin=place), flags=re.MULTILINE)
        source = BytesIO(text.encode())
        options = {"encoding": "utf-8"}
        for _line, message, _comments, context in extract("python", source, KEYWORDS, options=options):
            found.append((place, message, context))
    found += [("trialops/names.py", name, None) for name in sorted(names())]
    return found


def _sources() -> Iterator[Path]:
    for app in APPS:
        for path in (settings.BASE_DIR / app).rglob("*"):
            code = path.suffix == ".py" and not {"migrations", "management", "embedded"} & set(path.parts)
            if code or (path.suffix in {".html", ".txt"} and "templates" in path.parts):
                yield path


def written(found: list[Found]) -> dict[Path, bytes]:
    """What the catalogue of each language and its compiled form should hold."""
    from babel.messages.catalog import Catalog
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po, write_po

    template = Catalog(project="trialops", charset="utf-8", fuzzy=False)
    for place, message, context in found:
        if message and message != ("", ""):
            template.add(message, locations=[(place, None)], context=context)  # type: ignore[list-item]
    texts = {}
    for language, name in settings.LANGUAGES:
        if language == settings.LANGUAGE_CODE:
            continue
        path = settings.BASE_DIR / "trialops" / "locale" / language / "LC_MESSAGES" / "django.po"
        kept = Catalog(locale=language)
        if path.exists():
            with path.open("rb") as file:
                kept = read_po(file, locale=language)
        kept.update(template, no_fuzzy_matching=True)
        kept.obsolete.clear()
        kept.header_comment = HEADER.format(language=name.capitalize())
        kept.fuzzy = False
        kept.creation_date = kept.revision_date = UNCHANGING
        po, mo = BytesIO(), BytesIO()
        write_po(po, kept, width=110, omit_header=True, include_lineno=False, sort_output=True)
        for message in [message for message in kept if message.id and not is_translated(message.string)]:
            kept.delete(message.id, message.context)  # what is not translated is shown as the code says it
        write_mo(mo, kept)
        texts[path], texts[path.with_suffix(".mo")] = _headed(po.getvalue(), language, name), mo.getvalue()
    return texts


def is_translated(said: Any) -> bool:
    """Whether there is a text, in each plural form."""
    return all(said) if isinstance(said, tuple) else bool(said)


def _headed(body: bytes, language: str, name: str) -> bytes:
    """The catalogue under a header without dates and persons, which would change with every run."""
    lines = (
        "Content-Type: text/plain; charset=utf-8",
        f"Language: {language}",
        "Plural-Forms: nplurals=2; plural=(n != 1);",
    )
    header = "".join(f'"{line}\\n"\n' for line in lines)
    return f'{HEADER.format(language=name.capitalize())}\nmsgid ""\nmsgstr ""\n{header}\n'.encode() + body
