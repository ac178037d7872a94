"""Reading a request's JSON with numbers exactly as written: 29.999 stays 29.999."""

from collections.abc import Mapping
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from screening.criteria import json_text


class ExactJSONParser(BaseParser):
    """JSON in UTF-8; numbers become Decimal. A key given twice, NaN and deep nesting are refused."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        try:
            return json_text.loads(stream.read().decode())
        except UnicodeDecodeError as error:
            raise ParseError("The body is not UTF-8.") from error
        except json_text.JsonError as error:
            raise ParseError(f"The body is refused: {error}.") from error
