# The product without the embedded servers: docker-compose.yml runs it as migrate, web, worker and beat.

FROM python:3.13-slim AS build
RUN pip install --no-cache-dir uv==0.13.9
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
WORKDIR /app
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-default-groups
COPY manage.py ./
COPY trialops trialops
COPY sites sites
COPY screening screening
COPY dashboards dashboards
# Static files are part of the image; the key is needed to start Django and used for nothing.
RUN SECRET_KEY=unused-while-building .venv/bin/python manage.py collectstatic --noinput --verbosity 0 \
    && mkdir -p var/beat

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /app --no-create-home trialops
WORKDIR /app
COPY --from=build /app /app
RUN chown trialops /app/var/beat
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER trialops
EXPOSE 8000
CMD ["gunicorn", "trialops.wsgi:application", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "4", "--worker-class", "gthread", "--no-control-socket"]
