"""From bytes to text: UTF-8 with or without a mark at its beginning, UTF-16 with one; nothing is guessed."""

import codecs

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from screening.imports.drafts import FileRefusedError

ACCEPTED = gettext_lazy("accepted: UTF-8, or UTF-16 with a byte order mark (in a spreadsheet: save as “CSV UTF-8”)")


def decoded(data: bytes) -> str:
    """The text of a file. Raises FileRefusedError for another encoding, NUL characters, or nothing at all."""
    encoding = "utf-8-sig"
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise FileRefusedError(_("The file is UTF-32 text; %(accepted)s.") % {"accepted": ACCEPTED})
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        byte = data[error.start] if error.start < len(data) else 0
        raise FileRefusedError(
            _("The file is not %(encoding)s text: byte %(byte)s in line %(line)s cannot be read; %(accepted)s.")
            % {
                "encoding": "UTF-16" if encoding == "utf-16" else "UTF-8",
                "byte": f"0x{byte:02x}",
                "line": line,
                "accepted": ACCEPTED,
            }
        ) from None
    if "\x00" in text:
        line = text[: text.index("\x00")].count("\n") + 1
        raise FileRefusedError(
            _("The file holds a NUL character in line %(line)s, so it is no plain text; %(accepted)s.")
            % {"line": line, "accepted": ACCEPTED}
        )
    if not text.strip():
        raise FileRefusedError(_("The file is empty."))
    return text
