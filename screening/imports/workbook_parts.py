"""The walls before a workbook: its parts are counted and unpacked within limits before anything reads them as XML."""

import zipfile
from io import BytesIO

from django.utils.translation import gettext as _

from screening.imports import limits
from screening.imports.drafts import FileRefusedError

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ZIP = b"PK\x03\x04"
AT_A_TIME = 64 * 1024
WORKBOOK = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
BOMB = "The workbook unpacks to far more than it should; save it anew, or as CSV."


def refuse_other_workbooks(data: bytes) -> None:
    """Raises FileRefusedError for the formats that are told by their first bytes and not read."""
    if data.startswith(OLE):
        raise FileRefusedError(
            _(
                "The file is an old workbook (.xls) or one with a password; save it without a password as .xlsx, "
                "or as CSV."
            )
        )


def refuse_hostile_parts(data: bytes) -> None:
    """Unpack every part once, counting, and look at it. Raises FileRefusedError; peak memory is one small piece.

    Refused: too many parts, too much unpacked or at too high a ratio (whatever the archive declares), encrypted
    parts, macros, and XML that declares a document type, which is how entities are defined.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            _look_through(archive)
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError, zipfile.LargeZipFile) as error:
        if isinstance(error, FileRefusedError):
            raise
        raise FileRefusedError(_("The workbook is damaged; open it in a spreadsheet and save it anew.")) from None
    except Exception as error:
        if type(error).__module__ in {"zlib", "lzma", "_lzma"}:  # each packing has an error of its own
            raise FileRefusedError(_("The workbook is damaged; open it in a spreadsheet and save it anew.")) from None
        raise


def _look_through(archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    names = {part.filename for part in parts}
    if len(parts) > limits.MOST_PARTS or len(names) != len(parts):
        raise FileRefusedError(
            _("The workbook has more than %(most)s parts, or one twice; save it as CSV.") % {"most": limits.MOST_PARTS}
        )
    if sum(part.file_size for part in parts) > limits.MOST_UNPACKED:
        raise FileRefusedError(BOMB)
    if "[Content_Types].xml" not in names:
        raise FileRefusedError(_("The file is a zip archive but no workbook; accepted: .xlsx, .csv, .json."))
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise FileRefusedError(_("The workbook holds macros (.xlsm); save it as .xlsx without them."))
    unpacked = 0
    for part in parts:
        if part.flag_bits & 0x1:
            raise FileRefusedError(_("The workbook is encrypted; save it without a password."))
        unpacked += _look_at(archive, part, left=limits.MOST_UNPACKED - unpacked)


def _look_at(archive: zipfile.ZipFile, part: zipfile.ZipInfo, *, left: int) -> int:
    """How much one part holds; refuses it as soon as it is too much or no plain XML."""
    is_xml = part.filename.endswith((".xml", ".rels", ".vml"))
    is_list = part.filename == "[Content_Types].xml"
    size, tail, kept = 0, b"", bytearray()
    with archive.open(part) as file:
        while piece := file.read(AT_A_TIME):
            size += len(piece)
            if size > left or (size > limits.MIB and size > limits.HIGHEST_RATIO * max(part.compress_size, 1)):
                raise FileRefusedError(BOMB)
            if is_xml and (b"<!" in (seen := tail + piece) or b"\x00" in piece):
                _refuse_declarations(seen)
            tail = piece[-16:]
            if is_list:
                kept += piece
    if is_list and WORKBOOK not in kept:
        raise FileRefusedError(
            _("The file holds macros (.xlsm) or is a template; accepted: .xlsx, .csv, .json.")
            if b"macroEnabled" in kept
            else _("The file is no workbook; accepted: .xlsx, .csv, .json.")
        )
    return size


def _refuse_declarations(seen: bytes) -> None:
    if b"<!DOCTYPE" in seen or b"<!ENTITY" in seen or b"\x00" in seen:
        raise FileRefusedError(
            _("The workbook holds XML with a document type or in UTF-16, as none has that people save.")
        )
