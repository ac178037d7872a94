"""The variables that trialops reads, in words; docs/configuration.md and .env.example are written from this list."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Variable:
    """One variable. A secret may also come from a file: NAME_FILE then names that."""

    name: str
    example: str
    meaning: str
    secret: bool = False
    read_by: str = "settings"


@dataclass(frozen=True)
class Section:
    """Variables that are set at the same occasion."""

    title: str
    variables: tuple[Variable, ...]


COMPOSE = "docker-compose.yml"
GUNICORN = "gunicorn.conf.py"
"""Who reads a variable, where it is not the settings."""

SECTIONS = (
    Section(
        "Needed in production",
        (
            Variable(
                "SECRET_KEY",
                "50-OR-MORE-RANDOM-CHARACTERS",
                "Signs sessions and forms. Make one: python3 -c 'import secrets; print(secrets.token_urlsafe(60))'",
                secret=True,
            ),
            Variable("ALLOWED_HOSTS", "trials.example.org", "Host names under which browsers reach the product."),
            Variable("TRIALOPS_BASE_URL", "https://trials.example.org", "The address that people use, as in mails."),
            Variable(
                "DATABASE_URL",
                "postgresql://trialops_app:PASSWORD@db.example.org:5432/trialops",
                "The PostgreSQL 18 database, as the role that runs the application and owns nothing. Unset, "
                "`make demo` starts its own.",
                secret=True,
            ),
            Variable(
                "DATABASE_OWNER_URL",
                "postgresql://trialops_owner:PASSWORD@db.example.org:5432/trialops",
                "The same database as the role that owns it; migrate, backup and restore use it. Without it, "
                "DATABASE_URL's role migrates, and steps down to DATABASE_APP_ROLE for everything else.",
                secret=True,
            ),
            Variable(
                "REDIS_URL",
                "redis://:PASSWORD@redis.example.org:6379/0",
                "Redis or Valkey: wakes the workers, carries no data. Unset, `make demo` starts its own.",
                secret=True,
            ),
            Variable(
                "EMAIL_URL",
                "smtp+tls://USER:PASSWORD@smtp.example.org:587",
                "The mail server; smtp+tls:// for STARTTLS, smtp+ssl:// for TLS from the start. Unset, `make demo` "
                "keeps mails and shows them at /demo/mail/.",
                secret=True,
            ),
        ),
    ),
    Section(
        "Passwords apart from their addresses",
        (
            Variable("DATABASE_PASSWORD", "PASSWORD", "Password for a DATABASE_URL that holds none.", secret=True),
            Variable(
                "DATABASE_OWNER_PASSWORD", "PASSWORD", "Password for a DATABASE_OWNER_URL that holds none.", secret=True
            ),
            Variable("REDIS_PASSWORD", "PASSWORD", "Password for a REDIS_URL that holds none.", secret=True),
        ),
    ),
    Section(
        "Signing in",
        (
            Variable("SESSION_IDLE_MINUTES", "60", "How long a sign-in lasts without a request."),
            Variable("SESSION_HOURS", "12", "How long a sign-in lasts in any case."),
            Variable(
                "SECRET_KEY_FALLBACKS",
                "THE-SECRET_KEY-OF-BEFORE",
                "Earlier values of SECRET_KEY, with commas between them: what they signed or sealed is still read.",
                secret=True,
            ),
            Variable(
                "OIDC_ISSUER",
                "https://login.example.org/realms/hospital",
                "An organisation's identity provider (OpenID Connect), for signing in beside the password: its "
                "address, below which /.well-known/openid-configuration is found. Only people who have an account get "
                "in, by their verified e-mail address.",
            ),
            Variable(
                "OIDC_CLIENT_ID",
                "trialops",
                "What the product is registered there as, with the redirect address BASE/sign-in/with/oidc/callback/.",
            ),
            Variable(
                "OIDC_CLIENT_SECRET", "40-RANDOM-CHARACTERS", "The secret that the provider gave it.", secret=True
            ),
            Variable("OIDC_NAME", "the hospital", "What the sign-in page calls the organisation."),
        ),
    ),
    Section(
        "Mail and webhooks",
        (
            Variable("DEFAULT_FROM_EMAIL", "trialops <trialops@example.org>", "Sender of all mails."),
            Variable(
                "BOUNCE_ADDRESS",
                "bounces@example.org",
                "Where mails that cannot be delivered come back to; the message's number is put after a plus sign. "
                "Pipe what arrives there into `manage.py record_bounce`. Default: the sender.",
            ),
            Variable(
                "SITE_EMAIL_URLS",
                "JAX=smtp+tls://USER:PASSWORD@smtp.jax.example.org:587",
                "Mail servers of single sites, by site code, with commas between them; all others use EMAIL_URL.",
                secret=True,
            ),
            Variable(
                "WEBHOOK_ALLOWED_NETWORKS",
                "10.20.0.0/16",
                "Networks inside that webhooks may reach. By default they reach public addresses only.",
            ),
        ),
    ),
    Section(
        "Web server",
        (
            Variable(
                "TRIALOPS_HTTPS",
                "true",
                "true behind a proxy that ends TLS and sets X-Forwarded-Proto: secure cookies, redirects, HSTS.",
            ),
            Variable(
                "NUM_PROXIES",
                "1",
                "How many proxies in front of the web server add to X-Forwarded-For; the API's limits count by the "
                "address before them.",
            ),
            Variable(
                "API_UNITS_PER_MINUTE",
                "600",
                "Units that a token of the API may spend in a minute: an answer costs 5, a 304 costs 1.",
            ),
            Variable("WEB_WORKERS", "4", "Processes of the web server.", read_by=GUNICORN),
            Variable("WEB_THREADS", "4", "Threads of each of them.", read_by=GUNICORN),
        ),
    ),
    Section(
        "Database",
        (
            Variable("DATABASE_APP_ROLE", "trialops_app", "Name of the application's database role."),
            Variable("DATABASE_POOL", "false", "true: each process keeps a pool; false: one connection per thread."),
            Variable(
                "MIGRATION_LOCK_TIMEOUT",
                "5s",
                "How long a migration waits for a lock before it gives up and leaves the table to those who use it.",
            ),
            Variable("RESCORING_WORKERS", "2", "How many tasks score one pool side by side."),
        ),
    ),
    Section(
        "Audit trail",
        (
            Variable(
                "AUDIT_HEADS_DIR",
                "/var/lib/trialops/audit/heads",
                "Where the signed ends of the trail's chains are appended: best on another machine's disk. "
                "Default: below TRIALOPS_STATE_DIR.",
            ),
            Variable(
                "AUDIT_SIGNING_KEY",
                "/var/lib/trialops/audit/signing.key",
                "The file of the private key that signs them (PEM, Ed25519), made on first use; its public half is "
                "written beside it as .pub. Default: below TRIALOPS_STATE_DIR.",
            ),
            Variable(
                "AUDIT_HEADS_TO",
                "NCT03464916=audit@sponsor.example.org",
                "Who gets a study's signed end by mail each night, with commas between the entries.",
            ),
        ),
    ),
    Section(
        "Logs, figures, traces",
        (
            Variable("LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING or ERROR."),
            Variable("LOG_FORMAT", "json", "json: one object a line, without values of exceptions; text: for people."),
            Variable(
                "METRICS_TOKEN",
                "40-RANDOM-CHARACTERS",
                "Whoever sends it as a bearer token may read /metrics.",
                secret=True,
            ),
            Variable(
                "METRICS_ALLOWED_NETWORKS",
                "10.30.0.0/24",
                "Networks from which /metrics may be read without a token. With neither there is no such page.",
            ),
            Variable("DISK_FREE_MIN_MB", "500", "With less free space than this a process is not ready."),
            Variable(
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                "http://collector.example.org:4318",
                "Where traces go, as OTLP over HTTP. Needs the dependency group otel.",
            ),
            Variable(
                "SENTRY_DSN",
                "https://KEY@sentry.example.org/1",
                "Where errors are reported, without values. Needs the dependency group sentry.",
                secret=True,
            ),
        ),
    ),
    Section(
        "Backups",
        (
            Variable("BACKUP_DIR", "/var/backups/trialops", "Where `manage.py backup` puts its files."),
            Variable(
                "BACKUP_KEY",
                "44-CHARACTERS-FROM-manage.py-backup---new-key",
                "What backups are encrypted with. Keep a copy away from this machine: without it they cannot be read.",
                secret=True,
            ),
            Variable("BACKUP_KEEP_DAYS", "35", "Backups older than this are removed, the newest never."),
            Variable("PG_BIN", "/usr/lib/postgresql/18/bin", "Where pg_dump and pg_restore are, if not on the PATH."),
        ),
    ),
    Section(
        "This machine and the demo",
        (
            Variable(
                "TRIALOPS_STATE_DIR",
                "/var/lib/trialops",
                "Where embedded servers, their logs and collected static files live; set it in the environment itself.",
            ),
            Variable("TRIALOPS_DEMO", "false", "Shows the demo's mail page and labels; `make demo` sets it."),
            Variable(
                "TRIALOPS_DEBUG", "false", "Django's debug pages, which show internals to anyone: never in production."
            ),
        ),
    ),
    Section(
        "For docker-compose.yml alone",
        (
            Variable(
                "TRIALOPS_SITE",
                "trials.example.org",
                "The name that the proxy gets a certificate for.",
                read_by=COMPOSE,
            ),
            Variable(
                "TRIALOPS_SECRETS", "./secrets", "Where deploy/make-secrets put the secrets' files.", read_by=COMPOSE
            ),
            Variable(
                "TRIALOPS_TLS",
                "admin@example.org",
                "What the proxy's certificate comes from: a mail address (Let's Encrypt), two files "
                "(/certificates/NAME.crt /certificates/NAME.key, put into deploy/certificates), or internal (a trial).",
                read_by=COMPOSE,
            ),
            Variable("WEB_SERVERS", "2", "Containers of the web server.", read_by=COMPOSE),
            Variable("WORKERS", "1", "Containers of workers for each queue.", read_by=COMPOSE),
        ),
    ),
)

VARIABLES = tuple(variable for section in SECTIONS for variable in section.variables)
BY_NAME = {variable.name: variable for variable in VARIABLES}
