"""Start-up checks: what is missing from the configuration, named with an example."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def required_variables(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The variables without which nothing can start."""
    problems: list[CheckMessage] = []
    if not settings.SECRET_KEY:
        problems.append(
            Error(
                "SECRET_KEY is not set.",
                hint="Set it to 50 or more random characters, for instance from `python -c 'import secrets; "
                "print(secrets.token_urlsafe(50))'`; `make demo` makes its own.",
                id="trialops.E001",
            )
        )
    if settings.DATABASES["default"]["ENGINE"].endswith("dummy"):
        problems.append(
            Error(
                "DATABASE_URL is not set and no embedded database runs here.",
                hint="Run `make demo`, or set DATABASE_URL, for instance postgresql://trialops_app:PASSWORD@HOST:5432/trialops.",
                id="trialops.E002",
            )
        )
    return problems
