"""Writing JSON with numbers exactly as they were recorded."""

from collections.abc import Mapping
from typing import Any

from rest_framework.renderers import BaseRenderer

from screening.criteria import json_text


class ExactJSONRenderer(BaseRenderer):
    """JSON in UTF-8; a Decimal is written as the number that it is."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        return json_text.dumps(data).encode()
