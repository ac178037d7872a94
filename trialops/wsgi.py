"""The WSGI entry point that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trialops.settings")

from trialops.configuration import stop_if_wrong

stop_if_wrong()
application = get_wsgi_application()

from trialops.health import start_beside_the_web  # noqa: E402  the apps have registered by now
from trialops.telemetry import start as start_telemetry  # noqa: E402

start_telemetry("web")
start_beside_the_web()
