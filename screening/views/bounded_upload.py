"""An upload that is never larger in memory than its limit, and never on disk: a file may name people."""

from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload

from screening.imports.limits import LARGEST_FILE

READ_TO_THE_END = 256 * 1024 * 1024
"""A request up to this size is read to its end and answered with a page; a larger one is cut off."""


class BoundedUpload(FileUploadHandler):
    """Keeps a request's files in memory up to the limit, all together; beyond it keeps nothing and says so."""

    chunk_size = 64 * 1024

    def __init__(self, request: Any = None) -> None:
        super().__init__(request)
        self.too_large = False
        self._received = 0
        self._declared = 0
        self._file = BytesIO()

    def handle_raw_input(self, input_data: Any, META: Any, content_length: int, *args: Any, **kwargs: Any) -> None:  # noqa: N803
        self._declared = content_length

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self._file = BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Beyond the limit pieces are read and dropped: Django's own way of skipping a rest reads it as one line."""
        self._received += len(raw_data)
        if self._received <= LARGEST_FILE:
            self._file.write(raw_data)
            return
        self.too_large = True
        self._file = BytesIO()
        if self._declared > READ_TO_THE_END:
            raise StopUpload(connection_reset=True)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        self._file.seek(0)
        file_size = 0 if self.too_large else file_size
        return InMemoryUploadedFile(self._file, self.field_name, "upload", None, file_size, None)
