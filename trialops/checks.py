"""Start-up checks: what is missing from the configuration or wrong in it, named with an example, never with a value."""

import importlib.util
from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Advice

from trialops.backups.sealed import SealError, raw_key

LOG_FORMATS = ("json", "text")
OPTIONAL = {
    "OTEL_EXPORTER_OTLP_ENDPOINT": ("opentelemetry.instrumentation.django", "otel"),
    "SENTRY_DSN": ("sentry_sdk", "sentry"),
}
"""By variable: the module without which it can do nothing, and the dependency group that brings it."""


@register()
def required_variables(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The variables without which nothing can start."""
    problems: list[CheckMessage] = []
    if not settings.ENVIRONMENT.str("SECRET_KEY"):  # Django itself refuses to show an empty one, without an example
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
                "DATABASE_URL is not set, or cannot be read, and no embedded database runs here.",
                hint="Run `make demo`, or set DATABASE_URL, for instance postgresql://trialops_app:PASSWORD@HOST:5432/trialops.",
                id="trialops.E002",
            )
        )
    return problems


@register()
def readable_variables(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """What is set and cannot be read; the settings hold the default in its place."""
    problems: list[CheckMessage] = [
        Error(f"{problem.name} {problem.what}.", hint=f"For instance: {problem.example}", id="trialops.E003")
        for problem in settings.ENVIRONMENT.problems
    ]
    if settings.LOG_FORMAT not in LOG_FORMATS:
        problems.append(Error("LOG_FORMAT is neither json nor text.", hint="LOG_FORMAT=json", id="trialops.E004"))
    if settings.BACKUP_KEY and not _is_key(settings.BACKUP_KEY):
        problems.append(Error("BACKUP_KEY is no key.", hint="Make one: manage.py backup --new-key", id="trialops.E005"))
    return problems


@register()
def optional_packages(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """What a variable switches on and no package is there for."""
    return [
        Error(
            f"{variable} is set, but the package for it is not installed.",
            hint=f"Install it with `uv sync --group {group}`, or unset {variable}.",
            id="trialops.E006",
        )
        for variable, (module, group) in OPTIONAL.items()
        if getattr(settings, variable) and not _installed(module)
    ]


@register(Tags.security, deploy=True)
def ready_for_production(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """What runs without being set, and should not in production; `manage.py check --deploy` tells it."""
    advice: list[CheckMessage] = []
    if settings.BASE_URL.startswith("http://localhost"):
        advice.append(
            Advice(
                "TRIALOPS_BASE_URL is not set: mails would lead people to localhost.",
                hint="TRIALOPS_BASE_URL=https://trials.example.org",
                id="trialops.W001",
            )
        )
    if not settings.BACKUP_KEY:
        advice.append(
            Advice(
                "BACKUP_KEY is not set: `manage.py backup` cannot run.",
                hint="Make one with `manage.py backup --new-key`, and keep a copy elsewhere.",
                id="trialops.W002",
            )
        )
    return advice


def problems_at_start() -> list[str]:
    """The errors of the checks above, as lines for people."""
    found = [
        *required_variables(None),
        *readable_variables(None),
        *optional_packages(None),
    ]
    return [f"{problem.msg} {problem.hint}" for problem in found]


def _installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _is_key(text: str) -> bool:
    try:
        raw_key(text)
    except SealError:
        return False
    return True
