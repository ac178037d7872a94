"""The WSGI entry point that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trialops.settings")

from django.urls import resolve

from trialops.configuration import stop_if_wrong
from trialops.health import start_beside_the_web
from trialops.telemetry import start as start_telemetry

stop_if_wrong()
start_telemetry("web")  # before the middleware is loaded, of which tracing adds one
application = get_wsgi_application()
resolve("/healthz/live")  # all views are imported now, so that no request waits for that
start_beside_the_web()
