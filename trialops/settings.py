"""The one settings module: production values, read from the environment (trialops/variables.py has the list).

While `make demo` runs, its embedded servers are found through var/run/servers.json, so that commands typed in
another terminal reach them; any variable that is set wins over that file.
"""

import json
import os
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from celery.schedules import crontab
from environs import Env
from kombu import Queue

from trialops.addresses import by_study, mail_server, mail_servers_of_sites, networks, with_password
from trialops.api.deprecation import Deprecation
from trialops.configuration import Reader, duration
from trialops.database_url import postgresql
from trialops.logs import logging_configuration

BASE_DIR = Path(__file__).resolve().parent.parent
STATE_DIR = Path(os.environ.get("TRIALOPS_STATE_DIR") or BASE_DIR / "var").resolve()

Env().read_env(str(BASE_DIR / ".env"), recurse=False)
RUNNING_SERVERS = STATE_DIR / "run" / "servers.json"
if "DATABASE_URL" not in os.environ and os.access(RUNNING_SERVERS, os.R_OK):
    for _name, _value in json.loads(RUNNING_SERVERS.read_text(encoding="utf-8")).items():
        os.environ.setdefault(_name, str(_value))
ENVIRONMENT = env = Reader()

DEMO = env.bool("TRIALOPS_DEMO", default=False)
DEBUG = env.bool("TRIALOPS_DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
BASE_URL = env.str("TRIALOPS_BASE_URL", default="http://localhost:8000").rstrip("/")
HTTPS = env.bool("TRIALOPS_HTTPS", default=True)
CSRF_TRUSTED_ORIGINS = [BASE_URL]

INSTALLED_APPS = [
    "trialops",  # first: its migrate command runs as the owner role
    "trialops.accounts",
    "trialops.audit",
    "sites",
    "screening",
    "dashboards",
    "sites.admin_site.ManagersAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "csp",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "knox",
    "pgtrigger",
    "rest_framework",
]

MIDDLEWARE = [
    "trialops.request_id.RequestIdMiddleware",
    "trialops.request_log.RequestLogMiddleware",  # before all others: it times and counts what they do
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",  # before the static files: they carry the policy too
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "trialops.middleware.PlainApiMiddleware",
    "trialops.middleware.NotModifiedMiddleware",
    "trialops.api.deprecation.DeprecationMiddleware",
    "trialops.api.polling.KeptAnswersMiddleware",  # most requests end here
    "trialops.middleware.OddRequestMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "trialops.middleware.AddressMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "trialops.accounts.sessions.SessionAgeMiddleware",
    "trialops.accounts.language.LanguageMiddleware",
    "sites.middleware.ScopeMiddleware",  # row-level security: nothing before it reads rows of a site
    "trialops.audit.middleware.AuditMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "trialops.middleware.NoStoreMiddleware",
]

ROOT_URLCONF = "trialops.urls"
WSGI_APPLICATION = "trialops.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "trialops.context.product",
                "screening.context.reminders",
            ],
        },
    },
]

# Database: the app connects as a role that owns nothing (see trialops/db.py); `migrate` connects as the owner.
DATABASE_APP_ROLE = env.str("DATABASE_APP_ROLE", default="trialops_app")
DATABASE_OWNER_URL = with_password(env.str("DATABASE_OWNER_URL"), env.str("DATABASE_OWNER_PASSWORD"))
_no_database: dict[str, Any] = {}
DATABASE_OWNER = env.parsed(
    "DATABASE_OWNER_URL", partial(postgresql, "DATABASE_OWNER_URL"), kind="address", otherwise=_no_database
)
MIGRATION_LOCK_TIMEOUT = env.parsed("MIGRATION_LOCK_TIMEOUT", duration, kind="time", default="5s", otherwise="5s")
_password, _pool = env.str("DATABASE_PASSWORD"), env.bool("DATABASE_POOL", default=False)
_database = env.parsed("DATABASE_URL", partial(postgresql, "DATABASE_URL"), kind="address", otherwise=_no_database)
DATABASES: dict[str, dict[str, Any]] = {"default": _database or {"ENGINE": "django.db.backends.dummy"}}
if _database:
    DATABASES["default"]["PASSWORD"] = _database.get("PASSWORD") or _password
    DATABASES["default"].setdefault("OPTIONS", {})["connect_timeout"] = 10
    if not DATABASE_OWNER_URL:  # one sign-in for both: the app steps down to the app role on every connection
        DATABASES["default"]["OPTIONS"]["options"] = f"-c role={DATABASE_APP_ROLE}"
    if _pool:
        DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 8, "timeout": 10}
    else:
        DATABASES["default"]["CONN_MAX_AGE"] = 60
        DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # The same database apart from any transaction of a request: what is counted there stays, whatever rolls back.
    DATABASES["apart"] = {**DATABASES["default"], "OPTIONS": {**DATABASES["default"]["OPTIONS"]}, "CONN_MAX_AGE": 0}
    DATABASES["apart"]["OPTIONS"].pop("pool", None)
DATABASE_ROUTERS = ["trialops.db.CacheApart"]

# The cache holds failed sign-ins and used codes. It is a table of PostgreSQL, which sign-in needs anyway: every web
# process counts the same, and nothing of it hangs on Redis.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "trialops_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Audit trail: what django-pghistory writes before each statement, and where the chains' signed heads are kept.
PGHISTORY_JSON_ENCODER = "trialops.audit.context.ContextEncoder"
AUDIT_ROLES_OF = "sites.roles.held_roles"
AUDIT_SIGNING_KEY = Path(env.str("AUDIT_SIGNING_KEY") or STATE_DIR / "audit" / "signing.key")
AUDIT_HEADS_DIR = Path(env.str("AUDIT_HEADS_DIR") or STATE_DIR / "audit" / "heads")
_nobody: dict[str, str] = {}
AUDIT_HEADS_TO = env.parsed("AUDIT_HEADS_TO", by_study, kind="list of addresses", otherwise=_nobody)

# Sign-in
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign-in"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",  # what was stored before is read, and stored anew at sign-in
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
CSRF_FAILURE_VIEW = "trialops.views.csrf_failure"
SESSION_COOKIE_AGE = env.int("SESSION_HOURS", default=12) * 3600
SESSION_IDLE = timedelta(minutes=env.int("SESSION_IDLE_MINUTES", default=60))
ACCOUNT_ADAPTER = "trialops.accounts.adapters.AccountAdapter"
ACCOUNT_FORMS = {"login": "trialops.accounts.forms.SignInForm"}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "trialops: "
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "5/5m/key", "calendar_feed": "30/m/ip"}
ALLAUTH_TRUSTED_PROXY_COUNT = NUM_PROXIES = env.int("NUM_PROXIES", default=0)
MFA_ADAPTER = "trialops.accounts.adapters.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "trialops"
MFA_ALLOW_UNVERIFIED_EMAIL = True  # addresses are kept by study managers, not by who has the account

# Sign-in through an organisation's identity provider (OpenID Connect), beside the password.
OIDC_NAME = env.str("OIDC_NAME", default="your organisation")
SOCIALACCOUNT_ADAPTER = "trialops.accounts.adapters.OidcAdapter"
SOCIALACCOUNT_ONLY = False
SOCIALACCOUNT_AUTO_SIGNUP = False
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_LOGIN_ON_GET = False
SOCIALACCOUNT_REQUESTS_TIMEOUT = 10
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": []}}
OIDC_ISSUER, OIDC_CLIENT_ID = env.str("OIDC_ISSUER"), env.str("OIDC_CLIENT_ID")
OIDC_CLIENT_SECRET = env.str("OIDC_CLIENT_SECRET")
if OIDC_ISSUER:
    SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"] = [
        {
            "provider_id": "oidc",
            "name": OIDC_NAME,
            "client_id": OIDC_CLIENT_ID,
            "secret": OIDC_CLIENT_SECRET,
            "settings": {"server_url": OIDC_ISSUER},
        }
    ]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz(/live|/ready)?$", r"^metrics$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
_issuer = urlsplit(OIDC_ISSUER)
_oidc_origin = [f"{_issuer.scheme}://{_issuer.netloc}"] if _issuer.netloc else []  # the sign-in form leads there
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "base-uri": ["'none'"],
        "connect-src": ["'self'"],
        "font-src": ["'self'"],
        "form-action": ["'self'", *_oidc_origin],
        "frame-ancestors": ["'none'"],
        "img-src": ["'self'", "data:"],
        "manifest-src": ["'self'"],
        "object-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
    }
}

# Hardening beyond the above; docs/security.md says what each answers to.
COOKIE_PREFIX = "__Host-" if HTTPS else ""  # browsers take such a cookie over TLS alone, and from this host alone
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}sessionid", f"{COOKIE_PREFIX}csrftoken"
CSRF_COOKIE_HTTPONLY = True
MESSAGE_STORAGE = "trialops.cookies.HostMessages"
SECURE_REDIRECT_EXEMPT += [r"^api/"]  # trialops.middleware.PlainApiMiddleware refuses what is sent there in the clear
AUTH_PASSWORD_VALIDATORS += [{"NAME": "trialops.accounts.passwords.ContextWordsValidator"}]

# Language and time: the clock is UTC; pages show the site's own zone.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "español")]  # each by its own name
LANGUAGE_COOKIE_AGE = 365 * 86_400
LANGUAGE_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = STATE_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Mail: EMAIL_URL carries scheme, host, port, user and password; a dead server may never hang a worker.
_email = env.parsed("EMAIL_URL", mail_server, kind="address", otherwise=mail_server("smtp://localhost:25"))
EMAIL_BACKEND = _email["EMAIL_BACKEND"]
EMAIL_HOST = _email["EMAIL_HOST"]
EMAIL_PORT = _email["EMAIL_PORT"]
EMAIL_HOST_USER = _email["EMAIL_HOST_USER"]
EMAIL_HOST_PASSWORD = _email["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS = _email["EMAIL_USE_TLS"]
EMAIL_USE_SSL = _email["EMAIL_USE_SSL"]
EMAIL_TIMEOUT = 15
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="trialops <trialops@localhost>")
BOUNCE_ADDRESS = env.str("BOUNCE_ADDRESS", default="")
SITE_EMAIL_URLS = env.parsed(
    "SITE_EMAIL_URLS", mail_servers_of_sites, kind="list of addresses", otherwise=mail_servers_of_sites("")
)
SERVER_EMAIL = DEFAULT_FROM_EMAIL
DEMO_MAIL_DIR = STATE_DIR / "mail"

# Webhooks of hospitals: public addresses only, unless their networks are allowed here.
WEBHOOK_ALLOWED_NETWORKS = env.parsed(
    "WEBHOOK_ALLOWED_NETWORKS", networks, kind="list of networks", otherwise=networks("")
)

WEBHOOKS_WAIT_WHILE = "screening.reminders.quarantine.in_quarantine"  # what a restored database owes was told before

# Celery: Redis carries wake-up hints only; the work that is due stands in PostgreSQL.
REDIS_URL = with_password(env.str("REDIS_URL", default="redis://localhost:6379/0"), env.str("REDIS_PASSWORD"))
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT = "trialops.broker:Transport"
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 30,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 15,
    "visibility_timeout": 3600,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 270
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_QUEUES = [Queue("default"), Queue("reminders")]
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_TASK_ROUTES = {"screening.reminders.tasks.*": {"queue": "reminders"}}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
RESCORING_WORKERS = env.int("RESCORING_WORKERS", default=2)
CELERY_BEAT_SCHEDULE = {
    "sweep-reminders": {
        "task": "screening.reminders.tasks.sweep_reminders",
        "schedule": 60.0,
        "options": {"expires": 3 * 3600},  # long, since a worker whose clock is ahead drops what has expired by it
    },
    "reconcile-reminders": {  # every hour; the one of the night is the full comparison that docs/reminders.md names
        "task": "screening.reminders.tasks.reconcile_reminders",
        "schedule": crontab(minute=17),
        "options": {"expires": 3000},
    },
    "rescore-open-subjects": {  # each hour, since a new day begins at another hour in each zone
        "task": "screening.tasks.rescore_open_subjects",
        "schedule": crontab(minute=7),
        "options": {"expires": 3000},
    },
    "sweep-runs": {
        "task": "screening.rescoring.tasks.sweep_runs",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    "sweep-jobs": {
        "task": "screening.tasks.sweep_jobs",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    "sweep-webhooks": {
        "task": "sites.webhooks.tasks.sweep_webhooks",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    "seal-audit": {
        "task": "trialops.audit.tasks.seal_audit",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    "close-audit-day": {
        "task": "trialops.audit.tasks.close_audit_day",
        "schedule": crontab(hour=4, minute=23),
        "options": {"expires": 3000},
    },
    "verify-counts": {
        "task": "screening.tasks.verify_counts",
        "schedule": crontab(hour=4, minute=11),
        "options": {"expires": 3000},
    },
    "verify-signatures": {
        "task": "screening.tasks.verify_signatures",
        "schedule": crontab(hour=3, minute=53),
        "options": {"expires": 3000},
    },
    "purge-imports": {
        "task": "screening.tasks.purge_imports",
        "schedule": crontab(minute=23),
        "options": {"expires": 3000},
    },
    "purge-trail-exports": {
        "task": "screening.tasks.purge_trail_exports",
        "schedule": crontab(minute=29),
        "options": {"expires": 3000},
    },
    "verify-fact-sheets": {
        "task": "screening.tasks.verify_fact_sheets",
        "schedule": crontab(hour=3, minute=41),
        "options": {"expires": 3000},
    },
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "trialops.api.authentication.BearerTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "trialops.api.problems.exception_handler",
    "NUM_PROXIES": NUM_PROXIES,
}
API_DEPRECATIONS: tuple[Deprecation, ...] = ()  # each is announced in docs/api.md and the changelog too
API_UNITS_PER_MINUTE = env.int("API_UNITS_PER_MINUTE", default=600)
KNOX_TOKEN_MODEL = "trial_sites.ApiToken"  # noqa: S105
REST_KNOX = {
    "AUTH_HEADER_PREFIX": "Bearer",
    "TOKEN_PREFIX": "trialops_",
    "TOKEN_TTL": None,
    "TOKEN_MODEL": KNOX_TOKEN_MODEL,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "trialops API",
    "DESCRIPTION": "Counts of clinical studies for sponsors, aggregates only; and the staff API, which does what the "
    "pages do. Errors are RFC 9457 problem documents.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {
        "FactKindEnum": "screening.api.shapes.KIND_CHOICES",
        "ReviewedStateEnum": "screening.api.reviews.REVIEWED_STATES",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "trialops.api.deprecation.mark_deprecated",
    ],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# Running it: logs, figures, traces, backups
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO").upper()
LOG_FORMAT = env.str("LOG_FORMAT", default="text" if DEMO else "json")
METRICS_TOKEN = env.str("METRICS_TOKEN")
METRICS_ALLOWED_NETWORKS = env.parsed(
    "METRICS_ALLOWED_NETWORKS", networks, kind="list of networks", otherwise=networks("")
)
DISK_FREE_MIN_MB = env.int("DISK_FREE_MIN_MB", default=500)
OTEL_EXPORTER_OTLP_ENDPOINT = env.str("OTEL_EXPORTER_OTLP_ENDPOINT")
SENTRY_DSN = env.str("SENTRY_DSN")
BACKUP_DIR = Path(env.str("BACKUP_DIR") or STATE_DIR / "backups")
BACKUP_KEY = env.str("BACKUP_KEY")
BACKUP_KEEP_DAYS = env.int("BACKUP_KEEP_DAYS", default=35)
PG_BIN = env.str("PG_BIN")

env.keep_secret(DATABASES["default"].get("PASSWORD"), DATABASE_OWNER.get("PASSWORD"), *SECRET_KEY_FALLBACKS)
env.keep_secret(EMAIL_HOST_PASSWORD, *(server["EMAIL_HOST_PASSWORD"] for server in SITE_EMAIL_URLS.values()))
LOGGING = logging_configuration(level=LOG_LEVEL, style=LOG_FORMAT, secrets=env.secrets)
