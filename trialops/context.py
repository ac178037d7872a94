"""What every template may use."""

from django.conf import settings
from django.http import HttpRequest


def product(request: HttpRequest) -> dict[str, object]:
    """`demo`: whether the data shown are the invented demo data."""
    return {"demo": settings.DEMO}
