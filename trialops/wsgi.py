"""The WSGI entry point that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trialops.settings")

application = get_wsgi_application()

from trialops.health import start_beside_the_web  # noqa: E402  the apps have registered by now

start_beside_the_web()
