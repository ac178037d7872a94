"""From bytes to text: UTF-8 with or without a mark at its beginning, UTF-16 with one; nothing is guessed."""

import codecs

from screening.imports.drafts import FileRefusedError

ACCEPTED = "accepted: UTF-8, or UTF-16 with a byte order mark (in a spreadsheet: save as “CSV UTF-8”)"


def decoded(data: bytes) -> str:
    """The text of a file. Raises FileRefusedError for another encoding, NUL characters, or nothing at all."""
    encoding = "utf-8-sig"
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise FileRefusedError(f"The file is UTF-32 text; {ACCEPTED}.")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        byte = data[error.start] if error.start < len(data) else 0
        raise FileRefusedError(
            f"The file is not {'UTF-16' if encoding == 'utf-16' else 'UTF-8'} text: byte 0x{byte:02x} in line {line} "
            f"cannot be read; {ACCEPTED}."
        ) from None
    if "\x00" in text:
        line = text[: text.index("\x00")].count("\n") + 1
        raise FileRefusedError(f"The file holds a NUL character in line {line}, so it is no plain text; {ACCEPTED}.")
    if not text.strip():
        raise FileRefusedError("The file is empty.")
    return text
