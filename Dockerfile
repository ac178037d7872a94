# syntax=docker/dockerfile:1
# The product without the embedded servers; docker-compose.yml runs it. Three images: app, backups (app with
# PostgreSQL's client programs) and proxy.

FROM python:3.13.9-slim-trixie AS build
RUN pip install --no-cache-dir uv==0.13.9
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
WORKDIR /app
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-default-groups --group otel --group sentry
COPY manage.py gunicorn.conf.py ./
COPY trialops trialops
COPY sites sites
COPY screening screening
COPY dashboards dashboards
# Static files are part of the image; the key is needed to start Django and used for nothing.
RUN SECRET_KEY=unused-while-building .venv/bin/python manage.py collectstatic --noinput --verbosity 0 \
    && mkdir -p var/beat var/audit

FROM python:3.13.9-slim-trixie AS app
RUN useradd --system --uid 10001 --user-group --home-dir /app --no-create-home trialops
WORKDIR /app
COPY --from=build /app /app
RUN chown trialops:trialops var/beat var/audit
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
EXPOSE 8000
CMD ["gunicorn", "--config", "gunicorn.conf.py", "--bind", "0.0.0.0:8000", "trialops.wsgi:application"]

FROM app AS backups
USER root
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-common ca-certificates \
    && /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y \
    && apt-get install --yes --no-install-recommends postgresql-client-18 \
    && rm -rf /var/lib/apt/lists/*
USER 10001:10001
CMD ["python", "manage.py", "backup", "--every", "24"]

# Caddy's own image keeps certificates in a folder of root's; here it runs as nobody in particular.
FROM caddy:2.10.2-alpine AS proxy
COPY deploy/Caddyfile /etc/caddy/Caddyfile
RUN setcap -r /usr/bin/caddy && mkdir -p /data/caddy /config/caddy && chown -R 10001:10001 /data /config
ENV XDG_CONFIG_HOME=/tmp
USER 10001:10001
